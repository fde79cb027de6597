import pytest
import typer

from stamgast.commands.demo import parse_duration


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("5m", 300), ("1h", 3600), ("90", 90), ("0.5m", 30)])
def test_durations_are_read_as_people_write_them(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "fast", "0s", "-5s", "60 parsecs"])
def test_what_is_no_duration_is_misuse(text):
    with pytest.raises(typer.Exit) as refused:
        parse_duration(text)
    assert refused.value.exit_code == 2

import pytest
import typer

from stamgast.commands.demo import parse_day, parse_duration
from stamgast.demo.cdnow import LIVE_FROM, day_of


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("5m", 300), ("1h", 3600), ("90", 90), ("0.5m", 30)])
def test_durations_are_read_as_people_write_them(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "fast", "0s", "-5s", "60 parsecs"])
def test_what_is_no_duration_is_misuse(text):
    with pytest.raises(typer.Exit) as refused:
        parse_duration(text)
    assert refused.value.exit_code == 2


def test_the_day_on_which_time_is_held_is_one_of_the_live_ones():
    assert parse_day("1998-04-02") == day_of(LIVE_FROM) + 1


@pytest.mark.parametrize("text", ["1998-03-31", "tomorrow", "1998-02-30"])
def test_what_is_no_live_day_is_misuse(text):
    with pytest.raises(typer.Exit) as refused:
        parse_day(text)
    assert refused.value.exit_code == 2

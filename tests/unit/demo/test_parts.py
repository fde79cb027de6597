from collections import Counter
from pathlib import Path

import pytest
import typer

from rules.loader import load_merchant
from stamgast.commands.demo import parse_duration
from stamgast.demo.carrier import whatsapp_text
from stamgast.demo.counts import sum_up
from stamgast.demo.run_folder import open_run_folder
from stamgast.demo.shop_time import GRID, next_stop
from stamgast.demo.stage import environment, make_settings
from stamgast.local.processes import ProcessError
from stamgast.settings import Settings

HOUR = 3_600_000


def test_the_clock_stops_at_the_next_timer_or_where_it_was_to_go():
    assert next_stop(0, None, 5 * HOUR) == 5 * HOUR
    assert next_stop(0, 9 * HOUR, 5 * HOUR) == 5 * HOUR
    assert next_stop(0, 2 * HOUR, 5 * HOUR) == 2 * HOUR


def test_timers_close_together_share_a_stop_and_none_is_met_early():
    assert next_stop(0, 2 * HOUR + 1, 5 * HOUR) == 2 * HOUR + GRID
    assert next_stop(2 * HOUR, 2 * HOUR - 1, 5 * HOUR) == 2 * HOUR + 1


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("5m", 300), ("1h", 3600), ("90", 90), ("0.5m", 30)])
def test_durations_are_read_as_people_write_them(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "fast", "0s", "-5s", "60 parsecs"])
def test_what_is_no_duration_is_misuse(text):
    with pytest.raises(typer.Exit) as refused:
        parse_duration(text)
    assert refused.value.exit_code == 2


def test_no_setting_of_this_machine_reaches_the_trial(tmp_path, monkeypatch):
    monkeypatch.setenv("STAMGAST_TWILIO_API_SECRET", "live-secret")
    monkeypatch.setenv("stamgast_topic_prefix", "theirs.")
    env = environment(make_settings(tmp_path, tmp_path, kafka="127.0.0.1:1", redis="redis://127.0.0.1:2/0"))
    ours = {name.removeprefix("STAMGAST_").lower() for name in env if name.startswith("STAMGAST_")}
    assert ours == set(Settings.model_fields)
    assert env["STAMGAST_TWILIO_ACCOUNT_SID"].startswith("ACsandbox")
    assert "live-secret" not in env.values()
    assert "theirs." not in env.values()


def test_a_childs_settings_are_those_it_was_given(tmp_path, monkeypatch):
    given = make_settings(tmp_path, tmp_path, kafka="127.0.0.1:1", redis="redis://127.0.0.1:2/0")
    for name, value in environment(given).items():
        monkeypatch.setenv(name, value)
    assert Settings(_env_file=None) == given


def test_a_whatsapp_text_has_the_numbered_places_of_its_variables():
    program = load_merchant("config/merchants/bakkerij-noord").program
    text = whatsapp_text(program, program.templates["free_loaf"], "fr")
    assert text.startswith("Bakkerij Noord: votre carte est pleine! {{1}} vous attend")
    assert all(place in text for place in ("{{1}}", "{{2}}", "{{3}}"))
    assert "{%" not in text
    assert "first_name" not in text


def test_counters_of_all_merchants_become_figures():
    counts = sum_up(
        Counter(
            {
                "purchases": 9,
                "customers": 4,
                "card|bread|completed": 2,
                "card|spend|completed": 1,
                "reward|free_loaf|issued": 2,
                "reward|free_loaf|redeemed": 1,
                "stage|lapsing": 3,
                "lapsing": 5,
                "message|sms|sent": 0,
                "message|sms|delivered": 2,
                "message|whatsapp|read": 1,
                "suppressed|holdout": 7,
            }
        )
    )
    assert (counts.purchases, counts.customers, counts.cards_completed, counts.rewards, counts.lapsing) == (
        9,
        4,
        3,
        2,
        3,
    )
    assert counts.messages == {"sms": {"delivered": 2}, "whatsapp": {"read": 1}}
    assert counts.withheld == {"holdout": 7}


def test_the_logs_go_with_a_trial_that_went_well(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said = []
    with open_run_folder(said.append) as folder:
        (folder.path / "web.log").write_text("all well")
        folder.wanted = False
    assert list(tmp_path.iterdir()) == []
    assert len(said) == 1


def break_off(folder: Path) -> None:
    (folder / "web.log").write_text("out of memory")
    raise ProcessError("web has ended")


def test_the_logs_stay_and_are_named_when_a_trial_broke_off(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said = []
    with pytest.raises(ProcessError), open_run_folder(said.append) as folder:
        break_off(folder.path)
    assert (folder.path / "web.log").read_text() == "out of memory"
    assert said[-1] == f"the logs are kept: {folder.path}"

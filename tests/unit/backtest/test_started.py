"""A backtest plays campaigns that a person starts, and knows whom rules of the calendar are for as far as anybody can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from stamgast.backtest.findings import document_of
from stamgast.backtest.plan import Plan
from stamgast.backtest.shares import run
from stamgast.backtest.words import in_words
from stamgast.commands import rules as rules_command
from stamgast.domain.calendar import at_local
from tests.unit.backtest.conftest import FILES, day_of

MakePlan = Callable[..., Plan]

AUDIENCES = """\
audiences:
  january: {bought: {category: pastry, from: 2026-01-01, to: 2026-01-31}}
  often: {who: [{visits: {at_least: 3}}]}
  invited: {file: invited.csv}
"""
CALL = """\
rule: call
description: A message by hand.
status: live
when: %s
then: [{send: hello, by: [sms]}]
"""


def files(when: str = "campaign") -> Mapping[str, str]:
    kept = {name: text for name, text in FILES.items() if not name.startswith("rules/")}
    return {**kept, "program.yaml": kept["program.yaml"] + AUDIENCES, "rules/call.yaml": CALL % when}


def played(plan: Plan) -> dict[str, Any]:
    return document_of(plan, run(plan, 1))


def of(past: Path, last: str, category: str = "") -> dict[str, int]:
    """By customer, how many visits up to a day, and that with something of a category."""
    found: dict[str, set[str]] = {}
    for line in past.read_text().splitlines()[1:]:
        who, when, amount, what = line.split(",")
        if when[:10] <= last and float(amount) > 0 and (not category or what == category):
            found.setdefault(who, set()).add(when[:10])
    return {who: len(days) for who, days in found.items()}


def test_a_rule_that_a_person_starts_says_so_and_does_nothing_unless_its_start_is_played(plan: MakePlan):
    asked = plan(files=files())
    found = played(asked)
    assert found["rules"]["call"]["would_send"] == 0
    [said] = [line for line in in_words(found) if "nobody started it here" in line]
    assert "--campaign-at" in said
    assert "stamgast campaign start call --dry-run" in said


def test_a_start_reaches_everybody_who_is_known_by_then_or_those_of_an_audience(plan: MakePlan, past: Path):
    start = at_local(day_of("2026-02-10"), 600, "Europe/Amsterdam")
    known = of(past, "2026-02-09")
    asked = {"files": files(), "starts": (start,)}
    everybody, often = played(plan(**asked)), played(plan(**asked, audience="often"))
    assert len(known) <= everybody["rules"]["call"]["would_send"] <= len(of(past, "2026-02-10"))
    assert everybody["rules"]["call"]["not_known"] == []
    assert {each["at"][:10] for each in everybody["samples"]} == {"2026-02-10"}
    assert 0 < often["rules"]["call"]["would_send"] < len(known) / 2
    january = played(plan(**asked, audience="january"))
    assert january["rules"]["call"]["would_send"] == len(of(past, "2026-01-31", "pastry"))


def test_each_start_is_an_occasion_of_its_own(plan: MakePlan):
    starts = tuple(at_local(day_of(day), 600, "Europe/Amsterdam") for day in ("2026-04-10", "2026-05-10"))
    once, twice = played(plan(files=files(), starts=starts[:1])), played(plan(files=files(), starts=starts))
    assert twice["rules"]["call"]["fired"] > 1.8 * once["rules"]["call"]["fired"]


def test_a_rule_of_the_calendar_asks_those_who_have_bought_it_by_then(plan: MakePlan, past: Path):
    found = played(plan(files=files("{on: {at: 2026-03-02 10:00, audience: january}}")))
    assert found["rules"]["call"]["would_send"] == len(of(past, "2026-01-31", "pastry"))


def test_of_a_list_it_says_that_everybody_was_asked(plan: MakePlan):
    found = played(plan(files=files("{on: {at: 2026-03-02 10:00, audience: invited}}")))
    [said] = found["rules"]["call"]["not_known"]
    assert "it is for the list invited" in said
    assert found["rules"]["call"]["would_send"] > 100


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--campaign-at", "10-02-2026"), "--campaign-at"),
        (("--campaign-at", "2027-02-10"), "not within the days that are played"),
        (("--campaign-at", "2026-02-10", "--audience", "oftn"), "did you mean 'often'"),
        (("--campaign-at", "2026-02-10", "--audience", "invited"), "is a list"),
        (("--audience", "often"), "when is it started?"),
    ],
)
def test_a_start_that_cannot_be_played_is_refused_with_why(
    tmp_path: Path, past: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
):
    done = backtest(tmp_path, past, monkeypatch, *words)
    assert done.exit_code in {1, 2}
    assert said in done.output.replace("\n", " ")


def test_the_command_plays_a_start_at_ten_unless_it_is_told_when(
    tmp_path: Path, past: Path, monkeypatch: pytest.MonkeyPatch
):
    for words, moment in (("2026-02-10", "2026-02-10 10:00"), ("2026-02-10 18:00", "2026-02-10 18:00")):
        done = backtest(tmp_path, past, monkeypatch, "--campaign-at", words)
        assert done.exit_code == 0, done.output
        assert f"  {moment} call by sms" in done.output


def backtest(tmp_path: Path, past: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    for name, text in files().items():
        path = tmp_path / "config" / "merchants" / "bakker" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setenv("STAMGAST_CONFIG_DIR", str(tmp_path / "config"))
    return CliRunner().invoke(rules_command.app, ["backtest", "--data", str(past), "--from", "2026-01-01", *words])

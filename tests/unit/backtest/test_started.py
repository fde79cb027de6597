"""A backtest plays campaigns that a person starts, and knows whom rules of the calendar are for as far as anybody can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from stamgast.backtest.findings import document_of
from stamgast.backtest.lists import GivenList, Listed, ListsInLog, written_alike
from stamgast.backtest.plan import CsvData, Plan
from stamgast.backtest.shares import run
from stamgast.backtest.words import in_words
from stamgast.commands import rules as rules_command
from stamgast.domain.calendar import at_local
from stamgast.domain.campaign_events import AudienceFixed, AudienceListed
from stamgast.domain.region import Region
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


BY_DATE = "{on: {at: 2026-03-02 10:00, audience: invited}}"


def test_of_a_list_that_nobody_knows_it_says_that_everybody_was_asked(plan: MakePlan):
    found = played(plan(files=files(BY_DATE)))
    [said] = found["rules"]["call"]["not_known"]
    assert "it is for the list invited" in said
    assert "--audience FILE" in said
    assert found["rules"]["call"]["would_send"] > 100


def test_a_rule_of_a_list_asks_those_in_the_file_that_is_given(plan: MakePlan, past: Path):
    asked = plan(files=files(BY_DATE))
    given = GivenList("invited.csv", frozenset({"c1", "c2", "c3", "nobody"}))
    found = played(replace(asked, data=CsvData(str(past), given)))
    assert found["rules"]["call"]["would_send"] == 3
    [said] = found["rules"]["call"]["not_known"]
    assert "3 of the 4 on it are in this past" in said
    shared = document_of(asked, run(replace(asked, data=CsvData(str(past), given)), 2))
    assert shared["rules"]["call"] == found["rules"]["call"]
    of_another = GivenList("others.csv", frozenset({"c1"}), "others")
    assert played(replace(asked, data=CsvData(str(past), of_another)))["rules"]["call"]["would_send"] > 100


def test_phones_are_the_same_however_they_are_written():
    home = Region("NL")
    assert written_alike("06 12345678", home) == written_alike("+31612345678", home) == "+31612345678"
    assert [written_alike(each, home) for each in ("c1", "612345678", "0", "+")] == ["c1", "612345678", "0", "+"]


def test_the_list_that_was_fixed_last_counts_whatever_order_partitions_tell_it_in():
    lists = ListsInLog()
    for at, customers in ((7, ("c1", "c2")), (9, ("c3",)), (8, ("c4",))):
        about: dict[str, Any] = {"merchant": "bakker", "customer": "", "at": at, "rule": "call", "occasion": at}
        for customer in customers:  # a list comes in parts
            lists.hear(AudienceListed(**about, customers=(customer,)))
        lists.hear(AudienceFixed(**about, audience="invited", size=len(customers)))
    assert lists.of("call", "invited") == Listed({"c3"}, 1)
    assert lists.of("another rule of that list", "invited") == Listed({"c3"}, 1)
    assert lists.of("call", "often") is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--campaign-at", "10-02-2026"), "--campaign-at"),
        (("--campaign-at", "2027-02-10"), "not within the days that are played"),
        (("--campaign-at", "2026-02-10", "--audience", "oftn"), "did you mean 'often'"),
        (("--campaign-at", "2026-02-10", "--audience", "invited"), "is a list in"),
        (("--campaign-at", "2026-02-10", "--audience", "none.csv"), "no such file"),
        (("--audience", "often"), "when is it started?"),
        (("--audience", __file__), "there is none: when is it started?"),
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


def test_the_command_plays_a_start_for_those_in_a_file_and_for_a_list_of_the_merchants_folder(
    tmp_path: Path, past: Path, monkeypatch: pytest.MonkeyPatch
):
    invited = tmp_path / "config" / "merchants" / "bakker" / "audiences" / "invited.csv"
    invited.parent.mkdir(parents=True)
    invited.write_text("customer_id;name\nc1;A\nc2;B\n;C\n")
    mine = tmp_path / "mine.csv"
    mine.write_text("c5\nc6\nc7\n")
    for file, many, told in (("invited", 2, "lines that name nobody: 1"), (str(mine), 3, "")):
        done = backtest(tmp_path, past, monkeypatch, "--campaign-at", "2026-06-10", "--audience", file)
        assert done.exit_code == 0, done.output
        assert f"{many} of the {many} on it are in this past" in done.output
        assert f"call {many:>9}" in done.output
        assert told in done.output


def backtest(tmp_path: Path, past: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    for name, text in files().items():
        path = tmp_path / "config" / "merchants" / "bakker" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setenv("STAMGAST_CONFIG_DIR", str(tmp_path / "config"))
    return CliRunner().invoke(rules_command.app, ["backtest", "--data", str(past), "--from", "2026-01-01", *words])

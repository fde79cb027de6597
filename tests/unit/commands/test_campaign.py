"""`stamgast campaign start` asks before anything happens, and tells what it counted."""

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from rules.engine import Audience
from stamgast.campaigns.audience import Aim, Counted
from stamgast.campaigns.status import Campaign
from stamgast.commands import campaign
from stamgast.state.campaign_marks import CampaignMark
from tests.builders import T0, bundle, hello_rule, program

AIM = Aim(bundle(program(), hello_rule()), hello_rule(), Audience("invited", file="invited.csv"))
NO_SETTINGS: Any = None
COUNTED = Counted([1_000, 234], [[], []], matched=1_200, nobody=3, such_as=[2, 7, 9], twice=1)


@pytest.fixture
def started(monkeypatch):
    """What was started, where everything else is as if a shop ran."""
    found: list[Any] = []

    async def count(*_: Any) -> tuple[Aim, Counted]:
        return AIM, COUNTED

    async def start(_settings: Any, aimed: Aim, *_: Any) -> None:
        found.append(aimed)

    monkeypatch.setattr(campaign, "_merchant", lambda *_: ("shop", AIM.bundle))
    monkeypatch.setattr(campaign, "_free_moment", lambda *_, **__: T0)
    monkeypatch.setattr(campaign, "_count", count)
    monkeypatch.setattr(campaign, "_start", start)
    monkeypatch.setattr(campaign, "somebody_is_here", lambda: True)
    monkeypatch.setattr("stamgast.commands.stamping.stamp_of", lambda _: T0)
    return found


def run(*words: str, said: str = "") -> Any:
    return CliRunner().invoke(campaign.app, ["start", "hello", *words], input=said)


def test_it_counts_aloud_and_starts_when_somebody_says_yes(started):
    done = run(said="y\n")
    assert done.exit_code == 0
    assert "for the audience invited: 1,234, of whom 1,200 match now" in done.stdout
    assert "lines of the file that name nobody: 3, such as 2, 7, 9" in done.stdout
    assert "lines that name somebody again: 1" in done.stdout
    assert started == [AIM]


@pytest.mark.parametrize("said", ["n\n", "\n", ""])
def test_it_starts_nothing_unless_somebody_says_yes(started, said: str):
    assert run(said=said).exit_code == 1
    assert started == []


def test_a_dry_run_starts_nothing_and_tells_all_that_it_counted(started):
    done = run("--dry-run", "--yes", "--json")
    found = json.loads(done.stdout)
    assert (found["audience"], found["matched"], found["appended"], found["sent"]) == (1_234, 1_200, 0, 0)
    assert (found["withheld"], found["state"], found["lines_naming_nobody"]) == ({}, "counted", 3)
    assert started == []


def test_where_nobody_can_be_asked_yes_has_to_be_said(started, monkeypatch):
    monkeypatch.setattr(campaign, "somebody_is_here", lambda: False)
    assert run().exit_code == 2
    assert run("--json").exit_code == 2
    assert started == []
    done = run("--yes")
    assert done.exit_code == 0
    assert "of whom" in done.output, "also where nobody is asked it is told for whom it is"
    assert started == [AIM]


@pytest.mark.parametrize("how", ["starting", "walking"])
def test_finish_goes_on_with_a_start_that_is_on_its_way_and_with_no_other(monkeypatch, how: str):
    marks = {0: CampaignMark(T0, "walking", "invited", 3)}
    under_way = Campaign("shop", "hello", T0, 2 if how == "starting" else 1, marks)
    finished: list[str] = []

    async def finish(_settings: Any, which: Campaign) -> None:
        finished.append(which.id)

    monkeypatch.setattr(campaign, "_bundles", lambda *_: {"shop": AIM.bundle})
    monkeypatch.setattr(campaign, "_look", lambda *_: ([under_way], []))
    monkeypatch.setattr(campaign, "_wait_until", lambda *_: None)
    monkeypatch.setattr("stamgast.campaigns.starting.finish", finish)
    done = run("--finish")
    if how == "starting":
        assert done.exit_code == 0
        assert finished == [under_way.id]
        assert "has started in all partitions, 0 of 3 looked at" in done.stdout
    else:
        assert done.exit_code == 1
        assert "no campaign of 'hello' is on its way to some partitions only" in done.output
        assert finished == []


def test_of_several_merchants_it_is_the_one_that_has_such_a_rule(monkeypatch):
    other = bundle(program())
    monkeypatch.setattr(campaign, "_bundles", lambda *_: {"shop": AIM.bundle, "other": other})
    rule = AIM.rule.id
    assert campaign._merchant(NO_SETTINGS, "", rule) == ("shop", AIM.bundle)
    for both in ({"shop": AIM.bundle, "other": AIM.bundle}, {"shop": other, "other": other}):
        monkeypatch.setattr(campaign, "_bundles", lambda *_, both=both: both)
        with pytest.raises(typer.Exit):
            campaign._merchant(NO_SETTINGS, "", rule)

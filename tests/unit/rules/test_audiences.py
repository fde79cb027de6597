"""Whom campaigns are for, as program.yaml says it, and the trigger that a person sets off."""

from collections.abc import Callable
from typing import Any

import pytest

from rules.buyers import Buyers
from rules.loader import LoadedMerchant
from stamgast.programs.rule_tests import run_tests
from tests.unit.rules import small_shop

AUDIENCES = """
audiences:
  often: {who: [{visits: {at_least: 2}}, {segment: regulars}]}
  recall: {bought: {product: RYE-9, from: 2026-09-01, to: 2026-09-30}}
  bakers: {bought: {category: bread, from: 2026-09-01, to: 2026-09-01}}
  invited: {file: invited.csv}
"""
PROGRAM = small_shop.PROGRAM + AUDIENCES
CALL = "rule: call\nstatus: live\nwhen: %s\nif: [{visits: {at_least: 1}}]\nthen: [{tag: called}]\n"

Load = Callable[..., LoadedMerchant]


def problems(loaded: LoadedMerchant) -> list[str]:
    return [f"{each.message} {each.hint}" for each in loaded.problems if each.severity == "error"]


def test_the_three_kinds_of_audiences_are_read(load: Load):
    loaded = load(CALL % "campaign", PROGRAM)
    assert problems(loaded) == []
    found = loaded.rules.audiences
    assert list(found) == ["often", "recall", "bakers", "invited"]
    assert found["often"].condition is not None
    assert found["recall"].bought == Buyers(20_697, 20_726, product="RYE-9")
    assert found["bakers"].bought == Buyers(20_697, 20_697, category="bread")
    assert found["invited"].file == "invited.csv"
    assert loaded.rules.only(["call"]).audiences == found
    assert loaded.rules.pausing(["call"]).audiences == found


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{who: [{basket_total: {at_least: 5 EUR}}]}", "asks about a purchase"),
        ("{bought: {category: bread, from: 2026-09-02, to: 2026-09-01}}", "ends before it begins"),
        ("{bought: {category: bread, from: 2026-09-02}}", "needs `to`"),
        ("{bought: {from: 2026-09-02, to: 2026-09-03}}", "is about a category or a product"),
        ("{file: ../../etc/passwd}", "without a folder"),
        ("{file: a.csv, who: [{visits: {at_least: 1}}]}", "is one of who, bought and file"),
        ("{whom: a.csv}", 'Did you mean "who"?'),
        ("[]", "takes words with values"),
    ],
)
def test_a_mistake_in_an_audience_is_told_with_its_remedy(load: Load, wrong: str, said: str):
    loaded = load(CALL % "campaign", small_shop.PROGRAM + f"audiences:\n  a: {wrong}\n")
    assert any(said in each for each in problems(loaded)), problems(loaded)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{on: {at: 2026-10-01 10:00, audience: invitd}}", 'Did you mean "invited"?'),
        ("{on: {at: 2028-10-01 10:00, audience: recall}}", "more than 430 days before that date"),
        ("{every: {week: monday, audience: oftn}}", 'Did you mean "often"?'),
        ("{campaign: {audience: oftn}}", 'Did you mean "often"?'),
        ("{campaign: {spred: 3 hours}}", 'Did you mean "spread"?'),
        ("{campaign: [often]}", "takes words with values"),
    ],
)
def test_a_mistake_in_a_trigger_is_told_with_its_remedy(load: Load, when: str, said: str):
    assert any(said in each for each in problems(load(CALL % when, PROGRAM)))


@pytest.mark.parametrize("when", ["campaign", "{campaign: }", "{campaign: {audience: invited, spread: 3 hours}}"])
def test_a_campaign_never_comes_by_the_calendar(load: Load, when: str):
    loaded = load(CALL % when, PROGRAM)
    assert problems(loaded) == []
    assert loaded.rules.scheduled == ()
    [rule] = loaded.rules.all
    schedule = rule.trigger.schedule
    assert schedule is not None
    assert schedule.after(0, "Europe/Amsterdam") is None
    assert schedule.latest(0, 1_800_000_000_000, "Europe/Amsterdam") is None


def outcomes(loaded: LoadedMerchant) -> list[Any]:
    return [[*result.missing, *result.unexpected] for result in run_tests(loaded)]


def test_a_rules_test_can_start_its_campaign(load: Load):
    tests = (
        "tests:\n"
        "  - {name: told, given: 'a purchase, then the campaign starts', expect: [{tag: called}]}\n"
        "  - {name: steps, given: [{purchase: bread}, {campaign: starts}], expect: [{tag: called}]}\n"
        "  - {name: not yet, given: a purchase, expect: [nothing: true]}\n"
    )
    loaded = load(CALL % "campaign" + tests, PROGRAM)
    assert problems(loaded) == []
    assert outcomes(loaded) == [[], [], []]


def test_a_schedule_asks_its_audience_alone(load: Load):
    tests = (
        "tests:\n"
        "  - {name: once, given: 'a purchase, then 8 days pass', expect: [nothing: true]}\n"
        "  - {name: often, given: '3 purchases, then 8 days pass', expect: [{tag: called}]}\n"
    )
    loaded = load(CALL % "{every: {week: monday, audience: often}}" + tests, PROGRAM)
    assert problems(loaded) == []
    assert outcomes(loaded) == [[], []]


@pytest.mark.parametrize(
    "when",
    [
        "{every: {day: true, audience: invited}}",
        "{every: {day: true, audience: bakers}}",
        "{on: {at: 2026-10-03 10:00, audience: recall}}",
    ],
)
def test_a_rules_own_test_plays_an_occasion_for_everybody_where_only_the_shops_data_say_whom_it_is_for(
    load: Load, when: str
):
    tests = "tests:\n  - {name: played, given: 'a purchase on 2026-10-02 09:00, then 3 days pass', expect: [{tag: called}]}\n"
    loaded = load(CALL % when + tests, PROGRAM)
    assert problems(loaded) == []
    assert outcomes(loaded) == [[]]

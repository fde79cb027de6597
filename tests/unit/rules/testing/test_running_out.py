"""Rules' tests about stamps that run out: months pass on the calendar, a warning arrives, the stamps go or stay."""

import pytest

from rules.loader import LoadedMerchant, load_bundle
from rules.testing.givens import Wait
from stamgast.programs.rule_tests import run_tests
from tests.builders import at
from tests.fakes.lying_cards import EXPIRES, PROGRAM, WORDS

RULE = """
rule: warn
status: live
when: {stamps_expiring: bread}
then: [{send: warning}]
tests:
  - name: x
    given: GIVEN
    expect: EXPECT
limits: {hold_out: 10%}
"""
BOUGHT = "3 purchases, one per day from 2025-10-01 12:00"


def load(given: str, expect: str, expires: str = EXPIRES) -> LoadedMerchant:
    rule = RULE.replace("GIVEN", given).replace("EXPECT", expect)
    files = {"program.yaml": PROGRAM.format(expires=expires), "rules/warn.yaml": rule}
    return load_bundle({**files, "templates/nl/warning.j2": WORDS})


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        (f"{BOUGHT}, then 13 months pass", "[{send: warning, on: 2026-09-03}, {run_out: bread, on: 2026-10-04}]"),
        (f"{BOUGHT}, then 12 months pass, then a purchase, then 1 month passes", "[{send: warning}]"),
        (f"the customer is held out, then {BOUGHT}, then 2 years pass", "{nothing: true}"),
        (f"{BOUGHT}, then a reply of STOP, then 2 years pass", "{nothing: true}"),
        ("[{purchase: {}, at: 2025-10-03 12:00}, {pass: 13 months}]", "[{send: warning}, {run_out: bread}]"),
    ],
)
def test_they_go_after_a_warning_and_stay_without_one(given: str, expect: str):
    loaded = load(given, expect)
    assert [each.render() for each in loaded.problems] == []
    [result] = run_tests(loaded)
    assert result.passed, (result.missing, result.unexpected)


def test_stamps_that_run_out_unexpectedly_are_told():
    [result] = run_tests(load(f"{BOUGHT}, then 13 months pass", "[{send: warning}]"))
    assert 'add to `expect`: {run_out: bread, at: "2026-10-04 00:00"}' in result.unexpected[0]


def test_months_are_those_of_the_calendar():
    [case] = load("a purchase on 2026-01-31 12:00, then 1 month passes", "{nothing: true}").tests
    assert case.steps[-1] == Wait(at("2026-03-01T11:00:00")), (
        "February had no 31st: the stamp is a month old on 1 March"
    )
    [case] = load("a purchase on 2025-10-03 12:00, then 2 years pass", "{nothing: true}").tests
    assert case.steps[-1] == Wait(at("2027-10-03T10:00:00"))


@pytest.mark.parametrize(
    ("given", "expect", "expires", "told"),
    [
        ("a purchase", "{run_out: bred}", EXPIRES, 'Did you mean "bread"?'),
        ("a purchase", "{run_out: bread}", "", "the stamps of the bread card never run out"),
        ("a purchase, then 300 months pass", "{nothing: true}", EXPIRES, "a test takes at most twenty years"),
        ("[{pass: 12 moons}]", "{nothing: true}", EXPIRES, '"12 moons" is not a length of time'),
        ("a purchase, then 0 months pass", "{nothing: true}", EXPIRES, "is not a length of time"),
    ],
)
def test_what_cannot_be_is_told_where_it_stands(given: str, expect: str, expires: str, told: str):
    [problem, *_] = [
        each.render() for each in load(given, expect, expires).problems if "warn.yaml:3:" not in each.render()
    ]
    assert told in problem
    assert problem.startswith("rules/warn.yaml:")

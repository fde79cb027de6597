"""What the house allows, rules can make less and never more."""

import pytest

from rules.loader import load_bundle
from stamgast.programs.rule_tests import run_tests
from tests.unit.rules.small_shop import CALL_BACK, HELLO, PROGRAM, WITH_STAFF, files_of

HOUSE = PROGRAM.replace(
    "messaging: {",
    'messaging: {send_between: {marketing: "10:00-19:00"}, caps: {marketing: [1 per day, 2 per 7 days]}, max_parts: 1, ',
)


def played(given: str, expect: str, more: str = "") -> tuple[str, ...]:
    """What is missing, and what happened beyond it, of a rule that greets at purchases."""
    rule = (
        f"rule: example\nstatus: live\nwhen: purchase\nthen: [{{send: hello, by: [sms]}}]\n{more}"
        f'tests: [{{name: x, given: "{given}", expect: {expect}}}]\n'
    )
    loaded = load_bundle(files_of(rule, HOUSE))
    assert [problem.render() for problem in loaded.problems if problem.severity == "error"] == []
    [result] = run_tests(loaded)
    return (*result.missing, *result.unexpected)


@pytest.mark.parametrize(
    ("hours", "goes"),
    [("08:00-21:00", "10:00"), ("12:00-15:00", "12:00"), ("08:00-11:00", "10:00")],
    ids=["wider", "narrower", "overlapping"],
)
def test_a_rule_with_wider_hours_sends_in_those_of_the_house(hours: str, goes: str):
    early = "a purchase on 2026-10-01 08:30"
    assert played(early, f'[{{send: hello, at: "2026-10-01 {goes}"}}]', f'timing: {{send_between: "{hours}"}}\n') == ()


def test_hours_outside_those_of_the_house_are_refused():
    rule = 'rule: example\nwhen: purchase\nthen: [{send: hello, by: [sms]}]\ntiming: {send_between: "19:30-20:30"}\n'
    loaded = load_bundle(files_of(rule, HOUSE))
    assert any("this rule never sends: the house sends marketing" in problem.message for problem in loaded.problems)


@pytest.mark.parametrize(
    "more", ["", "limits: {messages: 500 per day}\n", "limits: {cool_down: 1 minute}\npriority: 100\n"]
)
def test_no_word_of_a_rule_lets_more_messages_to_one_customer_than_the_house(more: str):
    given = "3 purchases, every 2 days from 2026-10-01 11:00"
    two = "[{send: hello, on: 2026-10-01}, {send: hello, on: 2026-10-03}]"
    assert played(given, two, more) == ()


def test_a_rule_is_stricter_by_its_cool_down():
    given = "3 purchases, every 2 days from 2026-10-01 11:00"
    assert played(given, "[{send: hello, on: 2026-10-01}]", "limits: {cool_down: 30 days}\n") == ()


@pytest.mark.parametrize("word", ["caps", "max_parts", "letters", "marketing"])
def test_rules_have_no_word_for_what_is_the_houses_alone(word: str):
    rule = f"rule: example\nwhen: purchase\nthen: [{{send: hello, by: [sms]}}]\nlimits: {{{word}: 9}}\n"
    loaded = load_bundle(files_of(rule, HOUSE))
    assert any(f'unknown word "{word}" in `limits`' in problem.message for problem in loaded.problems)


def test_staff_are_told_in_their_hours_whatever_the_rule_says_of_messages():
    program = WITH_STAFF.replace('"08:00-18:00"', '"11:00-12:00"')
    rule = (
        "rule: example\nstatus: live\nwhen: purchase\nthen: [{notify: call_back, to: anna}]\n"
        'timing: {send_between: "08:00-21:00"}\n'
        'tests: [{name: x, given: "a purchase on 2026-10-01 08:30", expect: [{notify: call_back, at: "2026-10-01 11:00"}]}]\n'
    )
    loaded = load_bundle(files_of(rule, program, **CALL_BACK, **{"templates/nl/hello.j2": HELLO}))
    [result] = run_tests(loaded)
    assert (result.missing, result.unexpected) == ((), ())

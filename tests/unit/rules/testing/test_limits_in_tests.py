"""A rule's tests keep its limit of messages a day, and say what other customers have left of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rules.loader import LoadedMerchant
from stamgast.programs.rule_tests import run_tests
from tests.unit.rules import small_shop

Load = Callable[..., LoadedMerchant]

RULE = """
rule: example
status: live
when: purchase
once_per: purchase
then: [%s{send: hello}]
%stests:
  - name: played
    given: %s
%s    expect: %s
"""
PROGRAM = small_shop.PROGRAM.replace("messaging: {", "messaging: {caps: {marketing: [9 per day]}, ")
LIMIT = "limits: {messages: 1 per day}\n"


def played(load: Load, given: str, expect: str, *, left: str = "", limits: str = LIMIT, gives: str = "") -> list[str]:
    """What was not as expected."""
    loaded = load(RULE % (gives, limits, given, f"    messages_left: {left}\n" if left else "", expect), PROGRAM)
    assert loaded.ok, loaded.problems
    [result] = run_tests(loaded)
    return [*result.missing, *result.unexpected]


TWO = "2 purchases of bread on the same day"
ONE = "a purchase of bread on 2026-10-01 10:00"


def test_what_is_beyond_the_limit_of_a_day_is_withheld(load: Load):
    assert played(load, TWO, "[{send: hello}, {withheld: hello, because: rule_limit}]") == []
    assert played(load, TWO, "[{send: hello}, {send: hello}]", limits="") == []
    assert played(load, TWO, "[{send: hello}, {send: hello}]") != []


def test_what_others_have_left_holds_for_the_first_day_only(load: Load):
    assert played(load, ONE, "[{withheld: hello, because: rule_limit}]", left="0") == []
    assert played(load, ONE, "[{send: hello}]", left="1") == []
    then = f"{ONE}, then 1 day passes, then a purchase"
    assert played(load, then, "[{withheld: hello, on: 2026-10-01}, {send: hello, on: 2026-10-02}]", left="0") == []
    assert played(load, TWO, "[{send: hello}, {withheld: hello}]", left="7") == [], "one is the most"


def test_a_message_about_something_earned_waits_for_the_next_day(load: Load):
    expect = "[{give: free_loaf, on: 2026-10-01}, {send: hello, on: 2026-10-02}]"
    earned = RULE.replace("once_per: purchase\n", "once_per: purchase\nearned: true\n")
    loaded = load(earned % ("{give: free_loaf}, ", LIMIT, f"{ONE}, then 2 days pass", "    messages_left: 0\n", expect))
    assert loaded.ok, loaded.problems
    [result] = run_tests(loaded)
    assert (result.missing, result.unexpected) == ((), ())


@pytest.mark.parametrize(
    ("limits", "left", "said"),
    [
        ("", "0", "no rule of this test has a limit of messages a day"),
        (LIMIT, "-1", "messages_left"),
        (LIMIT, "few", "messages_left"),
    ],
)
def test_what_cannot_be_left_is_refused(load: Load, limits: str, left: str, said: str):
    loaded = load(RULE % ("", limits, ONE, f"    messages_left: {left}\n", "[{send: hello}]"))
    assert any(said in each.message for each in loaded.problems), loaded.problems

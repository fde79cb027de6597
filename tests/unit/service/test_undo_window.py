"""What a rule sends in the first hour after its launch waits for a while, and can be undone meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rules.rule_set import RuleSet
from stamgast.domain.customer import Customer
from stamgast.domain.units import HOUR, MINUTE, Millis
from stamgast.people.why import explain_customer
from stamgast.programs.launches import begun, carried_over, in_force, with_launch
from stamgast.programs.rule_tests import CUSTOMER, play
from stamgast.service import Bundle
from stamgast.simulate import Simulation
from tests.unit.rules.small_shop import load

RULE = """
rule: example
status: draft
when: purchase
once_per: purchase
undo_window: 10 minutes
then: [{send: hello}]
tests:
  - {name: x, given: "1 purchase of bread on 2026-10-01 10:00", expect: {send: hello}}
"""
BOUGHT: Millis = 1_790_841_600_000
"""2026-10-01 10:00 in Amsterdam."""


class Shop:
    """One customer, one rule, and whoever launches it."""

    def __init__(self, launched_at: Millis, rule: str = RULE) -> None:
        self.loaded = load(rule)
        assert self.loaded.ok, self.loaded.problems
        self.launches = with_launch({}, self.loaded.rules.by_id["example"], "live", launched_at)
        self.bundle = self._bundle(0)
        self.simulation = Simulation(self.bundle, mind_holdout=False)
        play(self.simulation, self.loaded.tests[0])

    def _bundle(self, number: int) -> Bundle:
        return Bundle(number, "", self.loaded.program, in_force(self.loaded.rules, self.launches))

    def launch(self, status: str, at: Millis) -> None:
        self.launches = with_launch(self.launches, self.loaded.rules.by_id["example"], status, at)
        self.bundle = self._bundle(self.bundle.number + 1)
        self.simulation.bring_into_force(self.bundle, at)

    def message(self, at: Millis) -> tuple[str, str]:
        """Status and reason of its message at that moment."""
        self.simulation.advance(at)
        state = self.simulation.state(("shop", CUSTOMER))
        assert isinstance(state, Customer)
        (told,) = explain_customer(state, self.bundle, at)
        (activation,) = told["activations"]
        return activation["status"], activation["why"]


def test_a_message_of_the_first_hour_waits_and_then_goes() -> None:
    shop = Shop(BOUGHT - 59 * MINUTE)
    status, why = shop.message(BOUGHT + 9 * MINUTE)
    assert (status, "its first messages wait so that they can be undone" in why) == ("held", True)
    assert shop.message(BOUGHT + 11 * MINUTE)[0] == "delivered"


def test_a_message_after_the_first_hour_goes_at_once() -> None:
    assert Shop(BOUGHT - 61 * MINUTE).message(BOUGHT + 1)[0] == "delivered"


@pytest.mark.parametrize("again", [None, BOUGHT + 6 * MINUTE], ids=["paused", "paused and launched anew"])
def test_pausing_the_rule_withdraws_what_waits_for_good(again: Millis | None) -> None:
    shop = Shop(BOUGHT - MINUTE)
    shop.message(BOUGHT + MINUTE)
    shop.launch("paused", BOUGHT + 5 * MINUTE)
    if again is not None:
        shop.launch("live", again)
    assert shop.message(BOUGHT + HOUR) == (
        "suppressed",
        "it was undone: the rule was paused while its first messages waited",
    )


@pytest.mark.parametrize("again", [None, BOUGHT + 6 * MINUTE], ids=["paused", "paused and launched anew"])
def test_so_is_what_waits_for_the_morning_or_for_room(again: Millis | None) -> None:
    evening = 'timing: {send_between: "15:00-20:00"}\n'
    shop = Shop(BOUGHT - MINUTE, RULE.replace("then:", evening + "then:"))
    assert "outside the hours" in shop.message(BOUGHT + MINUTE)[1]
    shop.launch("paused", BOUGHT + 5 * MINUTE)
    if again is not None:
        shop.launch("live", again)
    assert shop.message(BOUGHT + 6 * HOUR)[1] == "it was undone: the rule was paused while its first messages waited"


def test_what_a_rule_without_a_window_held_for_the_morning_goes_when_it_is_live_again() -> None:
    evening = 'timing: {send_between: "15:00-20:00"}\n'
    shop = Shop(BOUGHT - MINUTE, RULE.replace("undo_window: 10 minutes\n", evening))
    shop.message(BOUGHT + MINUTE)
    shop.launch("paused", BOUGHT + 5 * MINUTE)
    shop.launch("live", BOUGHT + 6 * MINUTE)
    assert shop.message(BOUGHT + 6 * HOUR)[0] == "delivered"


def test_a_larger_share_of_customers_undoes_nothing() -> None:
    shop = Shop(BOUGHT - MINUTE)
    shop.message(BOUGHT + MINUTE)
    shop.launch("canary 100%", BOUGHT + 5 * MINUTE)
    assert shop.message(BOUGHT + HOUR)[0] == "delivered"


def test_files_that_say_live_themselves_launch_a_rule_with_a_window_once() -> None:
    live = load(RULE.replace("draft", "live")).rules
    first = begun({}, live, lambda _: False, BOUGHT)
    assert first["example"].at == BOUGHT
    assert begun(carried_over(first, live), live, lambda _: True, BOUGHT + HOUR) == first
    assert begun({}, live, lambda _: True, BOUGHT) == {}, "it spoke before anybody noted since when"
    without = RuleSet(replace(rule, undo_window=0) for rule in live.all)
    assert begun({}, without, lambda _: False, BOUGHT) == {}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("undo_window: 2 days", "`undo_window` is from a minute to a day"),
        (
            "undo_window: 3 hours\ntiming: {give_up_after: 2 hours}",
            "messages are given up before their `undo_window` is over",
        ),
    ],
)
def test_a_window_in_which_nothing_could_be_sent_is_refused(line: str, message: str) -> None:
    found = load(RULE.replace("undo_window: 10 minutes", line))
    assert [problem.message for problem in found.problems] == [message]

"""What budgets have spent is what it cost in the end: true prices, vouchers of whoever has many, spans of days."""

from __future__ import annotations

from typing import Any

import pytest

from stamgast.domain.activation import Note
from stamgast.domain.apart import AT_HAND
from stamgast.domain.budgets import MILLS, Booked
from stamgast.domain.counters import Counter, counter
from stamgast.domain.events import MessagePriced
from stamgast.domain.till_events import RedemptionTakenBack, VoucherRedeemed
from stamgast.domain.told import Line, as_line
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.domain.vocabulary import NoteKind
from stamgast.fold import CustomerKey
from stamgast.report.lives import Life
from stamgast.report.reckoning import InForce, reckon
from stamgast.report.spans import Span
from stamgast.service import Change
from stamgast.simulate import Simulation
from tests.budgeted_shop import NOON, WELCOME, comes, shop

COFFEE = (WELCOME % "500 EUR").replace("{give: coffee}, {send: hello}", "{give: coffee}")


class Told(Simulation):
    """A shop that keeps what it would have written to its topics."""

    def __init__(self, rule: str) -> None:
        super().__init__(shop(rule).bundle, mind_holdout=False)
        self.facts: list[Line] = []
        self.notes: list[Note] = []

    def _write(self, key: CustomerKey, change: Change) -> None:
        super()._write(key, change)
        self.facts += [as_line(each) for each in change.told]
        self.notes += change.notes

    def spent(self, what: str = Booked.SPENT) -> float:
        """In minor units."""
        return self.counters.get(f"shop|{counter(Counter.BUDGET, 'rule:example/total', 'total', what)}", 0) / MILLS

    def price(self, customer: str, millionths: int, when: Millis = NOON + DAY) -> None:
        """The carrier says what the customer's message cost, as `stamgast prices` tells it."""
        [note] = [
            each
            for each in self.notes
            if (each.customer, each.kind, each.status) == (customer, NoteKind.OUTCOME, "accepted")
        ]
        self.feed([
            MessagePriced(
                merchant="shop", customer=customer, at=when, activation=note.activation, rule=note.rule,
                channel=note.channel, price=millionths, currency="EUR", cost=note.cost or 0,
                paid_by=note.paid_by, counted_by=note.counted_by,
            )
        ])  # fmt: skip

    def within(self, since: Millis, until: Millis) -> dict[str, float]:
        """What a report of the span says of budgets."""
        lives: dict[str, Life] = {}
        for line in (*self.facts, *self.facts):
            lives.setdefault(line.customer, Life()).tell(line)
        in_force, sums = InForce(), dict[str, int]()
        in_force.come(0, self.bundle)
        for life in lives.values():
            reckon(life, Span(since, until), in_force, sums)
        return {name: by / MILLS for name, by in sums.items() if name.startswith("budget") and by}


def who(customer: str, when: Millis, **more: Any) -> dict[str, Any]:
    return {"merchant": "shop", "customer": customer, "at": when, **more}


@pytest.mark.parametrize(("price", "spent"), [(123_000, 112.3), (40_000, 104)])
def test_the_true_price_of_a_message_replaces_what_the_budget_paid_for_it_once(price: int, spent: float) -> None:
    simulation = Told(WELCOME % "5 EUR")
    comes(simulation, "anna")
    assert (simulation.spent(), simulation.spent(Booked.BACK)) == (110, 10)
    for _ in range(3):
        simulation.price("anna", price)
    assert simulation.spent() == pytest.approx(spent)
    assert simulation.spent(Booked.BACK) == pytest.approx(10 + 110 - spent), "the next lease has as much less, or more"


def test_a_budget_that_only_warns_hears_of_true_prices_too_and_gives_nothing_back_to_leases() -> None:
    simulation = Told(WELCOME % "{amount: 1 EUR, when_spent: warn}")
    comes(simulation, "anna")
    simulation.price("anna", 40_000)
    assert (simulation.spent(), simulation.spent(Booked.BACK)) == (104, 0)


def test_vouchers_of_whoever_has_many_come_back_when_they_end_unused_too() -> None:
    simulation = Told(COFFEE)
    for number in range(AT_HAND + 10):
        comes(simulation, "anna", NOON + number * HOUR)
    state = simulation.state(("shop", "anna"))
    assert state is not None
    assert state.apart is not None
    assert simulation.spent() == 100 * (AT_HAND + 10)
    simulation.advance(NOON + 60 * DAY)
    assert simulation.spent() == 0
    state = simulation.state(("shop", "anna"))
    assert state is not None
    assert state.charges == {}
    assert simulation.within(0, NOON + 100 * DAY) == {}


def test_one_that_was_kept_apart_and_used_stays_spent_and_one_that_was_given_back_does_not() -> None:
    simulation = Told(COFFEE)
    codes: list[str] = []
    for number in range(AT_HAND + 10):
        comes(simulation, "anna", NOON + number * HOUR)
        state = simulation.state(("shop", "anna"))
        assert state is not None
        codes += [each.code for each in state.vouchers if each.code not in codes]
    state = simulation.state(("shop", "anna"))
    assert state is not None
    at_hand = {each.code for each in state.vouchers}
    used, kept = [code for code in codes if code not in at_hand][:2]
    for code in (used, kept):
        simulation.feed([VoucherRedeemed(**who("anna", NOON + 2 * DAY, id=f"q-{code}", code=code))])
    simulation.feed([
        RedemptionTakenBack(**who("anna", NOON + 3 * DAY, id="back", code=kept, redemption=f"q-{kept}"))
    ])  # fmt: skip
    simulation.advance(NOON + 60 * DAY)
    assert simulation.spent() == 100


def test_of_all_time_a_span_says_what_the_owners_have_summed_and_of_days_what_moved_then() -> None:
    simulation = Told(WELCOME % "5 EUR per month")
    comes(simulation, "anna")
    comes(simulation, "bert", NOON + DAY)
    simulation.price("anna", 40_000, NOON + DAY)
    simulation.advance(NOON + 60 * DAY)
    october = "budget|rule:example/month|2026-10|spent"
    ever = {
        name.removeprefix("shop|"): by / MILLS for name, by in simulation.counters.items() if name.endswith("|spent")
    }
    assert ever == {october: 14}
    assert simulation.within(0, NOON + 100 * DAY) == ever
    assert simulation.within(NOON - HOUR, NOON + HOUR) == {october: 110}
    assert simulation.within(NOON + HOUR, NOON + 2 * DAY) == {october: 104}, "bert's, and anna's true price"
    assert simulation.within(NOON + 2 * DAY, NOON + 90 * DAY) == {october: -200}, "both coffees ended unused"

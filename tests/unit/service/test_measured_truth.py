"""Shops in which it is known what a rule changes: the interval that the sums come to holds the truth as often as it says.

Everything is drawn at once, and applied by the engine itself; what is compared are its own counters.
"""

import math
from collections import Counter
from functools import cache

import numpy as np
import pytest

from rules.actions import Send
from stamgast.domain.activation import RANKS, activation_id
from stamgast.domain.contact_policy import is_held_out
from stamgast.domain.costs import Costs
from stamgast.domain.earned import report
from stamgast.domain.events import ActivationOutcome, AnyEvent, Purchase, PurchaseChanged
from stamgast.domain.units import DAY, HOUR
from stamgast.domain.vocabulary import Channel
from stamgast.service import Bundle, Context, handle
from tests.builders import KEY, MERCHANT, T0, bundle, consent, program, rule

RUNS = 200
HELD_OUT = 30
MARGIN, MESSAGE = 0.55, 7.5
BASE, LIFTED = 0.30, 0.42
"""Chances of another purchase within the window, without and with the message."""
REFUNDED, LATE = 0.10, 0.15
SCALE, SPREAD = 1200.0, 0.5
"""Median and log-spread of what is bought then, in cents."""


@cache
def shop() -> Bundle:
    """A message at each purchase in the bar, to seven of ten."""
    costs = Costs(default_margin=round(MARGIN * 1000), contact_costs={Channel.SMS: round(MESSAGE * 1000)})
    letter = rule(
        "letter", "purchase", Send("hello", ("sms",)), hold_out=HELD_OUT,
        fires=lambda fact: fact.purchase is not None and fact.purchase.store == "bar",
    )  # fmt: skip
    return bundle(program(costs=costs), letter)


def true_effect(messages: float) -> float:
    """Per person, net of messages, in cents."""
    profit = SCALE * math.exp(SPREAD**2 / 2) * MARGIN
    return messages * ((LIFTED - BASE) * profit * (1 - REFUNDED) - MESSAGE)


def lives(draw: np.random.Generator, run: int, people: int) -> dict[str, list[AnyEvent]]:
    """One to three visits to the bar, ten days apart; a message to whoever is not held out; what is bought then."""
    names = [f"c{run:08}{number:016}" for number in range(people)]
    held = [is_held_out(MERCHANT, "letter", name, HELD_OUT) for name in names]
    visits = draw.integers(1, 4, people)
    chance = np.where(held, BASE, LIFTED)[:, None]
    buys, refunds, late = (draw.random((people, 3)) < each for each in (chance, REFUNDED, LATE))
    spent = np.rint(SCALE * np.exp(SPREAD * draw.standard_normal((people, 3)))).astype(int)
    after = draw.integers(2 * HOUR, 7 * DAY, (people, 3))
    found: dict[str, list[AnyEvent]] = {}
    for number, name in enumerate(names):
        events: list[AnyEvent] = [consent(name)]
        for visit in range(visits[number]):
            when = T0 + visit * 10 * DAY
            events.append(_sale(name, f"bar{visit}", when, when, "bar", 300))
            if not held[number]:
                events.append(_delivered(name, f"bar{visit}", when + HOUR))
            if buys[number, visit]:
                bought = when + int(after[number, visit])
                told = bought + (2 * DAY if late[number, visit] else 0)
                sale = _sale(name, f"shop{visit}", bought, told, "shop", int(spent[number, visit]))
                events.append(sale)
                if refunds[number, visit]:
                    events.append(_refund(sale, told + DAY))
            # Comes by itself, after the window: it is nobody's.
            events.append(_sale(name, f"later{visit}", when + 8 * DAY, when + 8 * DAY, "shop", 2000))
        found[name] = sorted(events, key=lambda each: each.at)
    return found


def _sale(who: str, name: str, when: int, recorded: int, store: str, spend: int) -> PurchaseChanged:
    sold = Purchase(occurred_at=when, store=store, currency="EUR", spend=spend)
    return PurchaseChanged(
        merchant=MERCHANT, customer=who, at=recorded, transaction=f"{who}{name}", after=sold, happened_at=when
    )


def _refund(of: PurchaseChanged, when: int) -> PurchaseChanged:
    assert of.after is not None
    sold = of.after
    gone = Purchase(
        occurred_at=sold.occurred_at, store=sold.store, currency="EUR", spend=0, refunded=sold.spend, counts=False
    )
    return PurchaseChanged(
        merchant=MERCHANT, customer=of.customer, at=when, transaction=of.transaction, before=sold, after=gone,
        happened_at=when,
    )  # fmt: skip


def _delivered(who: str, name: str, when: int) -> ActivationOutcome:
    return ActivationOutcome(
        merchant=MERCHANT, customer=who, at=when, activation=activation_id(MERCHANT, "letter", who, f"{who}{name}"),
        status="delivered", rank=RANKS["delivered"], channel="sms", parts=1,
    )  # fmt: skip


def measured(draw: np.random.Generator, run: int, people: int) -> tuple[float, float, float, float]:
    """Uplift, its interval, and what attribution makes of the same shop, per person who was written to."""
    totals: Counter[str] = Counter()
    context = Context(shop(), 0, KEY)
    for name, events in lives(draw, run, people).items():
        totals.update(handle(None, name, events, context, {}).counters)
    found = report(totals, shop().program, ["letter"])["rules"]["letter"]
    assert found["held_out"] + found["arms"]["treated"]["people"] == people
    lift = found["uplift"]
    naive = (found["attributed"]["profit_minor"] - found["cost"]["messages_minor"]) / (people - found["held_out"])
    return lift["per_customer_minor"], lift["low"], lift["high"], naive


@pytest.mark.slow
@pytest.mark.fits
@pytest.mark.parametrize("people", [60, 200], ids=["small groups", "a shop"])
def test_the_interval_holds_the_truth_in_95_of_100_shops_and_attribution_does_not(people: int):
    draw = np.random.default_rng(2026 + people)
    truth = true_effect(2)
    found = np.array([measured(draw, run, people) for run in range(RUNS)])
    held = np.mean((found[:, 1] <= truth) & (truth <= found[:, 2]))
    print(
        f"MEASURED {people} people, {RUNS} shops: true effect {truth:.1f} cents a person, mean uplift "
        f"{found[:, 0].mean():.1f}, interval holds it in {held:.1%}; attribution says {found[:, 3].mean():.1f}"
    )
    assert 0.93 <= held <= 0.97
    assert abs(found[:, 0].mean() - truth) < 3 * found[:, 0].std() / math.sqrt(RUNS)
    assert found[:, 3].mean() > 2 * truth

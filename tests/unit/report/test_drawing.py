"""What a report says of draws: the sums that owners keep, and the same reckoned from the topics."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from rules.loader import load_bundle
from stamgast.domain.budget_events import BudgetAnswered
from stamgast.domain.draw_events import DrawnFor, PrizeDeclined
from stamgast.domain.draw_figures import draws_in_words, draws_of
from stamgast.domain.events import (
    AnyEvent,
    Purchase,
    PurchaseChanged,
    TimerDue,
)
from stamgast.domain.purses import decode_ask
from stamgast.domain.till_events import RedemptionTakenBack, VoucherRedeemed
from stamgast.domain.told import as_line
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.report.drawing import add_draws
from stamgast.report.lives import Life
from stamgast.report.spans import Span
from stamgast.service import Bundle, Change
from tests.builders import ANNA, MERCHANT, T0, consent
from tests.fakes.in_memory import Owner
from tests.unit.rules import small_shop

ENTER = (
    "rule: example\nstatus: live\nwhen: purchase\nthen: [{enter_draw: december, entries: 2}, {instant_win: wheel}]\n"
)
PROGRAM = small_shop.PROGRAM.replace("free_loaf: {names", "free_loaf: {cost: 1.10 EUR, names") + small_shop.DRAWS
WHOLE = Span(0, T0 + 400 * DAY)


class Shop:
    """One customer's owner; what it counted and told since the beginning."""

    def __init__(self) -> None:
        loaded = load_bundle(small_shop.files_of(ENTER, PROGRAM))
        open_now: dict[str, Any] = {"opens": T0 - DAY, "closes": T0 + 10 * DAY, "drawn_at": T0 + 11 * DAY}
        draws = {name: replace(draw, **open_now) for name, draw in loaded.program.draws.items()}
        [prize] = draws["wheel"].prizes
        draws["wheel"] = replace(draws["wheel"], prizes=(replace(prize, chance=1_000_000),))
        program = replace(loaded.program, merchant=MERCHANT, draws=draws)
        self.owner = Owner(Bundle(0, "", program, loaded.rules))
        self.counted = Counter[str]()
        self.life = Life()
        self.apply(consent())

    def apply(self, *events: AnyEvent) -> Change:
        change = self.owner.apply(*events)
        self.counted.update(change.counters)
        for line in change.told:
            self.life.tell(as_line(line))
            self.life.tell(as_line(line))  # one may stand there again
        return change

    def found(self, span: Span = WHOLE) -> dict[str, Any]:
        """By the topics; over the whole time owners have counted the same."""
        sums: dict[str, int] = {}
        add_draws(self.life.drawn, span, sums)
        by_topics = draws_of(sums, self.owner.bundle.program.draws)
        if span is WHOLE:
            counted = draws_of(self.counted, self.owner.bundle.program.draws)
            assert by_topics == {name: each | {"turned_away": 0} for name, each in counted.items()}
            return counted
        return by_topics


def sale(number: int, at: int, *, refunded: bool = False) -> AnyEvent:
    bought = Purchase(at, "dok-noord", "EUR", 1_000)
    about: dict[str, Any] = {"merchant": MERCHANT, "customer": ANNA, "at": at, "transaction": f"t{number}"}
    if not refunded:
        return PurchaseChanged(**about, after=bought, happened_at=at)
    gone = Purchase(at, "dok-noord", "EUR", 0, refunded=1_000, counts=False)
    return PurchaseChanged(**about, before=bought, after=gone, happened_at=at)


def given(shop: Shop, change: Change) -> Change:
    [ask] = [decode_ask(each) for each in change.asks.values() if each is not None]
    to = tuple(ask.to)
    return shop.apply(
        BudgetAnswered(
            merchant=MERCHANT,
            customer=ANNA,
            at=T0 + MINUTE,
            activation=ask.activation,
            given=True,
            to=to,
            amount=ask.amount,
        )
    )


def used(code: str, at: int) -> VoucherRedeemed:
    return VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=at, code=code, id=f"till:{at}")


def figures(found: dict[str, Any], *names: str) -> list[Any]:
    return [found[name] for name in names]


def test_entries_and_who_takes_part_are_told_without_what_was_taken_back() -> None:
    shop = Shop()
    shop.apply(sale(1, T0), sale(2, T0 + MINUTE), sale(3, T0 + HOUR))
    december = shop.found()["december"]
    assert figures(december, "entries", "customers", "won", "turned_away") == [2, 1, 0, 4], "two a day"
    shop.apply(sale(1, T0 + 2 * HOUR, refunded=True))
    assert figures(shop.found()["december"], "entries", "customers") == [0, 0]
    assert figures(shop.found(Span(T0, T0 + HOUR))["december"], "entries", "customers") == [2, 1]


def test_a_prize_that_is_used_costs_and_one_that_is_given_back_to_the_till_costs_nothing() -> None:
    shop = Shop()
    shop.apply(sale(1, T0))
    event = DrawnFor(merchant=MERCHANT, customer=ANNA, at=T0 + 11 * DAY, draw="december", reward="free_loaf", place=1)
    [prize] = shop.apply(event).issued
    shop.apply(used(prize.code, T0 + 12 * DAY))
    names = ("entries", "customers", "won", "taken", "forfeited", "cost_minor")
    assert figures(shop.found()["december"], *names) == [2, 1, 1, 1, 0, 110]
    assert figures(shop.found(Span(T0 + 12 * DAY, T0 + 13 * DAY))["december"], *names) == [0, 0, 0, 1, 0, 110]
    request = f"till:{T0 + 12 * DAY}"
    shop.apply(
        RedemptionTakenBack(merchant=MERCHANT, customer=ANNA, at=T0 + 13 * DAY, code=prize.code, redemption=request)
    )
    assert figures(shop.found()["december"], "taken", "cost_minor") == [0, 0]
    shop.apply(PrizeDeclined(merchant=MERCHANT, customer=ANNA, at=T0 + 14 * DAY, draw="december", id="p1"))
    assert figures(shop.found()["december"], "won", "forfeited") == [1, 1]


@pytest.mark.parametrize("ends", ["used", "ended", "refunded"])
def test_instant_prizes_are_told_beside_their_stock(ends: str) -> None:
    shop = Shop()
    [prize] = given(shop, shop.apply(sale(1, T0))).issued
    wheel = shop.found()["wheel"]
    assert (wheel["won"], wheel["prizes"]) == (1, {"free_loaf": {"stock": 5, "given": 1, "came_back": 0}})
    if ends == "used":
        shop.apply(used(prize.code, T0 + HOUR))
    elif ends == "ended":
        due = shop.owner.state().timers["voucher:" + prize.code]
        shop.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=due, due=due))
    else:
        shop.apply(sale(1, T0 + HOUR, refunded=True))
    wheel = shop.found()["wheel"]
    back = int(ends != "used")
    assert wheel["prizes"]["free_loaf"] == {"stock": 5, "given": 1 - back, "came_back": back}
    assert figures(wheel, "won", "taken", "forfeited", "cost_minor") == [1, 1 - back, back, 110 * (1 - back)]


def test_it_is_said_in_words_and_nothing_of_what_nobody_took_part_in() -> None:
    shop = Shop()
    assert list(draws_in_words(shop.found(), "EUR")) == []
    given(shop, shop.apply(sale(1, T0)))
    assert list(draws_in_words(shop.found(), "EUR")) == [
        "draw december: 2 entries of 1 customer, 0 prizes won, 0 used, 0 not claimed, cost 0.00 EUR",
        "draw wheel: 1 entry of 1 customer, 1 prize won, 0 used, 0 not claimed, cost 0.00 EUR",
        "  free_loaf: 1 of 5 given",
    ]

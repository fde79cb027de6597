"""Money in a currency of which nobody has said what it is worth: it gives nothing and takes nothing until somebody has."""

import json
from typing import Any

import pytest

from stamgast.domain.events import PurchaseReviewed, RateKnown
from stamgast.domain.exchange import SCALE
from stamgast.domain.review import decode_waiting
from stamgast.domain.units import DAY, HOUR, MINUTE
from tests.builders import (
    ANNA,
    MERCHANT,
    T0,
    bundle,
    card,
    consent,
    hello_rule,
    line,
    program,
    record,
    refund,
    snapshot,
)
from tests.fakes.in_memory import InMemoryIntake, Owner

RATES = {"USD": ((0, SCALE // 2),)}
"""A dollar is worth half a euro."""


class Shop:
    """Deliveries in, figures out; without any rate at first."""

    def __init__(self, **more: Any) -> None:
        cards = [card("visit", 3), card("ten", 5, per="amount", amount=1000)]
        self._intake = InMemoryIntake()
        self._program = program(*cards, **more)
        self._more = more
        self._cards = cards
        self.owner = Owner(bundle(self._program, hello_rule()))
        self.owner.apply(consent())

    def take(self, data: dict[str, Any], at: int = T0) -> None:
        for event in self._intake.take(*record(data, at)):
            self.owner.apply(event)

    def publish(self, at: int = T0 + HOUR, **rates: Any) -> None:
        """A rate comes into force, and the partition's owner tells what waited for it."""
        shop = program(*self._cards, **self._more, rates=rates or RATES)
        self.owner.bundle = bundle(shop, hello_rule(), number=2)
        for name, held in list(self.owner.reviews.items()):
            seen = decode_waiting(held).seen
            self.owner.apply(RateKnown(merchant=MERCHANT, customer=ANNA, at=at, transaction=name, seen=seen))

    def decide(self, name: str, verdict: Any) -> dict[str, Any]:
        seen = decode_waiting(self.owner.reviews[name]).seen
        event = PurchaseReviewed(
            merchant=MERCHANT, customer=ANNA, at=T0, id="v1", transaction=name, verdict=verdict, seen=seen
        )
        answer: dict[str, Any] = json.loads(self.owner.apply(event).answers["v1"])
        return answer

    @property
    def figures(self) -> tuple[int, int, int, int, int]:
        """Purchases, spend, what was given back, stamps for visits, stamps for money."""
        state = self.owner.state()
        stamps = {name: paper.balance for name, paper in state.cards.items()}
        return state.purchases, state.spend, state.refunds, stamps.get("visit", 0), stamps.get("ten", 0)

    @property
    def waits(self) -> list[str]:
        return list(self.owner.reviews)


def dollars(version: int = 1, gross: int = 4_000, **more: Any) -> dict[str, Any]:
    return snapshot(version=version, gross=gross, lines=[line("1", gross, "2")], price_currency="USD", **more)


def test_a_sale_without_a_rate_waits_and_counts_once_the_rate_is_published():
    shop = Shop()
    shop.take(dollars())
    assert (shop.figures, shop.waits) == ((0, 0, 0, 0, 0), ["t1"])
    assert shop.owner.changes[-1].submissions == []
    why = decode_waiting(shop.owner.reviews["t1"]).why
    assert why.in_words("EUR") == "there is no rate for USD on 2026-10-01"
    shop.publish()
    assert (shop.figures, shop.waits) == ((1, 2_000, 0, 1, 2), [])
    assert len(shop.owner.changes[-1].submissions) == 1, "within two hours it is still news"


def test_what_the_rate_made_old_news_of_sends_nothing():
    shop = Shop()
    shop.take(dollars())
    shop.publish(T0 + DAY)
    assert (shop.figures[0], shop.owner.changes[-1].submissions) == (1, [])


def test_an_edit_to_another_currency_takes_nothing_until_the_rate_is_published():
    shop = Shop()
    shop.take(snapshot(gross=1_000))
    shop.take(dollars(version=2))
    assert (shop.figures, shop.waits) == ((1, 1_000, 0, 1, 1), ["t1"])
    shop.publish()
    assert (shop.figures, shop.waits) == ((1, 2_000, 0, 1, 2), [])


def test_an_edit_back_to_the_shops_currency_no_longer_waits():
    shop = Shop()
    shop.take(snapshot(gross=1_000))
    shop.take(dollars(version=2))
    shop.take(snapshot(version=3, gross=2_000))
    assert (shop.figures, shop.waits) == ((1, 2_000, 0, 1, 2), [])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_refund_in_another_currency_takes_nothing_until_the_rate_is_published(order: tuple[int, int]):
    shop = Shop()
    deliveries = [snapshot(gross=2_000), refund(gross=1_000, price_currency="USD")]
    for place in order:
        shop.take(deliveries[place])
    assert (shop.figures, shop.waits) == ((1, 2_000, 0, 1, 2), ["t1"])
    shop.publish()
    assert (shop.figures, shop.waits) == ((1, 1_500, 500, 1, 1), [])


def test_a_refund_in_another_currency_is_taken_off_by_line_at_the_rate_of_the_sale():
    shop = Shop(rates={"USD": ((0, SCALE // 2), (20_728, SCALE))})  # from the day after the sale
    shop.take(snapshot(lines=[line("1", 1_000, "2"), line("2", 1_000)]))
    shop.take(refund(gross=1_000, when=T0 + 3 * DAY, lines=[("1", "1", 1_000)], price_currency="USD"))
    assert shop.figures == (1, 1_500, 500, 1, 1)
    shop.take(refund(id_="r2", gross=3_000, lines=[("1", "1", 1_000), ("2", "1", 2_000)], price_currency="USD"))
    assert (shop.figures, shop.waits) == ((0, 0, 2_000, 0, 0), [])


def test_a_refund_in_the_shops_currency_of_a_sale_in_another_one_is_taken_off_once_that_has_its_rate():
    shop = Shop()
    shop.take(dollars())
    shop.take(refund(gross=500))
    assert (shop.figures, shop.waits) == ((0, 0, 0, 0, 0), ["t1"])
    shop.publish()
    assert shop.figures == (1, 1_500, 500, 1, 1)


def test_a_void_has_no_money_in_it_and_needs_no_rate():
    shop = Shop()
    shop.take(dollars())
    shop.take(dollars(version=2, status="voided"))
    assert (shop.figures, shop.waits) == ((0, 0, 0, 0, 0), [])


def test_nobody_can_confirm_what_has_no_rate_and_a_void_leaves_what_counted():
    shop = Shop()
    shop.take(snapshot(gross=1_000))
    shop.take(dollars(version=2))
    told = shop.decide("t1", "confirm")
    assert (told["status"], shop.waits) == (422, ["t1"])
    assert "no rate for USD on 2026-10-01" in told["detail"]
    assert shop.decide("t1", "void")["status"] == 200
    assert (shop.figures, shop.waits) == ((1, 1_000, 0, 1, 1), [])


def test_what_was_confirmed_for_its_size_still_waits_for_the_rate_of_its_refund():
    shop = Shop()
    shop.take(snapshot(gross=110_000))
    shop.decide("t1", "confirm")
    shop.take(refund(gross=1_000, price_currency="USD"), T0 + MINUTE)
    assert (shop.figures[1], shop.waits) == (110_000, ["t1"])
    shop.publish()
    assert (shop.figures[1], shop.waits) == (109_500, [])


def test_what_turns_out_to_be_absurd_at_its_rate_waits_for_a_person():
    shop = Shop()
    shop.take(dollars(gross=3_000_000))
    shop.publish()
    assert (shop.figures[0], decode_waiting(shop.owner.reviews["t1"]).why.kind) == (0, "amount")


def test_news_of_a_rate_about_what_the_till_has_changed_meanwhile_is_none():
    shop = Shop()
    shop.take(dollars())
    seen = decode_waiting(shop.owner.reviews["t1"]).seen
    shop.take(dollars(version=2, gross=5_000))
    shop.owner.apply(RateKnown(merchant=MERCHANT, customer=ANNA, at=T0, transaction="t1", seen=seen))
    assert (shop.figures[0], shop.waits) == (0, ["t1"])


def test_a_rate_of_another_day_or_currency_is_none_for_it():
    shop = Shop()
    shop.take(dollars())
    shop.publish(GBP=((0, SCALE),), USD=((30_000, SCALE),))
    assert (shop.figures[0], shop.waits) == (0, ["t1"])

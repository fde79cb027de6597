"""The day on which a till books a sale decides where it says one: visits, caps, rates, and what rules ask of the day."""

from typing import Any

import pytest

from rules.engine import View
from stamgast.domain.calendar import date_of
from stamgast.domain.customer import Customer
from stamgast.domain.days import decode_days
from stamgast.domain.exchange import SCALE
from stamgast.domain.facts import Fact
from stamgast.domain.purchase_record import Delivery, decode_record, millis_of
from stamgast.domain.units import DAY, HOUR
from stamgast.pos.warnings import Seen, doubts_about
from tests.builders import T0, at, bought, bundle, card, line, program, record, refund, snapshot
from tests.fakes.in_memory import InMemoryIntake, Owner

NIGHT = at("2026-10-02 00:30")
"""Half past two in the shop's own zone, where the day began at midnight."""


def customer(*deliveries: dict[str, Any], **more: Any) -> Customer:
    intake, owner = InMemoryIntake(), Owner(bundle(program(card("bread", 9, max_per_day=1), **more)))
    for number, data in enumerate(deliveries):
        for event in intake.take(*record(data, NIGHT + DAY + number)):
            owner.apply(event)
    return owner.state()


def days(*deliveries: dict[str, Any], **more: Any) -> list[str]:
    return [date_of(day).isoformat() for day, _ in decode_days(customer(*deliveries, **more).days)]


def sale(name: str = "t1", version: int = 1, when: int = NIGHT, **more: Any) -> dict[str, Any]:
    return snapshot(name, version, when, lines=[line("1", 1_000, "2")]) | more


def test_the_tills_day_decides_and_the_clocks_where_it_says_none():
    assert days(sale()) == ["2026-10-02"]
    assert days(sale(business_day_date="2026-10-01")) == ["2026-10-01"]
    assert days(sale(business_day_date="2026-10-01"), refund(gross=10, when=NIGHT)) == ["2026-10-01"]


def test_two_sales_of_one_long_evening_are_one_visit_and_share_the_cap_of_its_day():
    evening = sale("t1", when=NIGHT - 6 * HOUR, business_day_date="2026-10-01")
    state = customer(evening, sale("t2", business_day_date="2026-10-01"))
    assert (state.purchases, state.visits, state.cards["bread"].balance) == (2, 1, 1)


def test_an_edit_of_the_day_moves_the_visit():
    assert days(sale(), sale(version=2, business_day_date="2026-10-01")) == ["2026-10-01"]
    assert days(sale(business_day_date="2026-10-01"), sale(version=2)) == ["2026-10-02"]


def test_a_rate_is_that_of_the_tills_day():
    rates = {"USD": ((0, SCALE), (20_728, SCALE // 2))}
    assert customer(sale(price_currency="USD"), rates=rates).spend == 500
    assert customer(sale(price_currency="USD", business_day_date="2026-10-01"), rates=rates).spend == 1_000


@pytest.mark.parametrize("said", ["2026-09-29", "2027-10-01", "1999-01-01", "yesterday", 20261001, {"a": 1}])
def test_a_day_that_the_moment_cannot_belong_to_decides_nothing(said: Any):
    assert days(sale(business_day_date=said)) == ["2026-10-02"]


def test_a_till_whose_clock_cannot_be_right_does_not_know_the_day_either():
    assert days(sale(when=12_000, business_day_date="1970-01-01")) == ["2026-10-03"]


def test_such_a_day_is_told():
    def told(said: str) -> list[str]:
        delivery: Delivery = decode_record(record(sale(business_day_date=said), NIGHT)[1]).data
        return [
            each.pointer for each in doubts_about([Seen("/0", millis_of(delivery.end_date_time), delivery)], program(), NIGHT)
        ]  # fmt: skip

    assert told("2026-10-01") == told("2026-10-04") == []
    assert told("2026-09-28") == ["/0/business_day_date"]


def test_rules_ask_of_the_tills_day():
    for day, weekday in ((None, "friday"), (20_727, "thursday")):
        event = bought("t1", NIGHT, day=day)
        view = View(Customer(), program(), NIGHT, Fact("purchase", "t1", purchase=event.after))
        assert (view.local.weekday, view.local.minute) == (weekday, 150)
    assert T0 // DAY == 20_727

"""The overview says of a shop what its counters, its tables and its log say, and no more."""

from typing import Any

import pytest

from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.counters import Counter, counter
from stamgast.domain.day_sums import BEFORE, Per, of_day, of_month
from stamgast.domain.feed_health import Health
from stamgast.domain.vocabulary import Stage
from stamgast.log.letter_table import Letter
from stamgast.log.segments import SegmentWorth
from stamgast.marketer.attention import Attention, Needs
from stamgast.marketer.overview import Overview, Seen, overview
from stamgast.programs.launches import Launch
from tests.builders import MERCHANT, at, card, program

NOW = at("2026-10-07 10:00")  # a Wednesday
TODAY = business_day(NOW, "Europe/Amsterdam")


def seen(totals: dict[str, int] | None = None, **more: Any) -> Overview:
    values: dict[str, Any] = {"program": program(card("bread", 3)), "totals": totals or {}, "now": NOW} | more
    return overview(Seen(**values))


def worth(segment: str, ratio: float, **more: Any) -> SegmentWorth:
    values: dict[str, Any] = {
        "merchant": MERCHANT, "by": "source", "segment": segment, "at": NOW, "currency": "EUR", "customers": 5,
        "clv": 0, "acquisition_cost": 500, "ratio": ratio, "below": ratio < 3, "value_of_new": round(ratio * 500),
    }  # fmt: skip
    return SegmentWorth(**(values | more))


def test_a_shop_of_which_nothing_is_counted_has_an_overview() -> None:
    found = seen()
    assert (found.people.customers, found.attention, found.segments) == (0, [], [])
    assert found.stages[0].stage is Stage.NEW
    assert len(found.weeks.days) == 28


def test_customers_stand_at_one_stage_each() -> None:
    totals = {counter(Counter.STAGE, Stage.ACTIVE): 7, counter(Counter.STAGE, Stage.LAPSED): 2, Counter.CUSTOMERS: 9}
    found = seen(totals)
    assert {each.stage: each.customers for each in found.stages if each.customers} == {Stage.ACTIVE: 7, Stage.LAPSED: 2}
    assert sum(each.customers for each in found.stages) == found.people.customers


def test_this_week_is_compared_with_the_same_days_of_the_week_before() -> None:
    monday = TODAY - 2
    sold = {monday: 1, TODAY: 2, monday - 7: 10, TODAY - 7: 20, TODAY - 6: 400, monday - 1: 1_000}
    found = seen({of_day(day, Per.PURCHASES, "shop"): count for day, count in sold.items()}).weeks
    assert (found.since, found.until) == ("2026-10-05", "2026-10-07")
    assert (found.this.purchases, found.last.purchases, found.whole_last.purchases) == (3, 30, 1_430)
    shop, bar = found.stores
    assert (shop.store, shop.this.purchases, shop.last.purchases) == ("shop", 3, 30)
    assert (bar.store, bar.this.purchases) == ("bar", 0), "no sale of a store of the programme is news as well"
    assert (found.days[-1].date, found.days[-1].sums.purchases) == (date_of(TODAY).isoformat(), 2)


def test_what_was_sold_in_stores_that_nobody_named_shows_as_such_and_only_then() -> None:
    found = seen({of_day(TODAY, Per.SPEND, ""): 900}).weeks
    assert [(each.store, each.this.spend) for each in found.stores] == [("shop", 0), ("bar", 0), ("", 900)]


def test_what_was_sold_before_months_were_counted_is_told() -> None:
    assert seen({of_month(BEFORE, Per.PURCHASES): 12}).uncounted.purchases == 12


def test_a_segment_shows_against_the_line_and_needs_attention_once_it_fell() -> None:
    segments = [worth("flyer", 4.0), worth("radio", 2.0), worth("search", 1.5, fell_from=3.2, below_since=NOW - 9)]
    found = seen(segments=segments, valued_at=NOW)
    assert [(each.segment, each.below) for each in found.segments] == [
        ("flyer", False), ("radio", True), ("search", True)
    ]  # fmt: skip
    assert found.attention == [Attention(Needs.SEGMENT_FELL, "search", since=NOW - 9, ratio=1.5, was=3.2)]
    assert found.enough == 3.0


def test_what_needs_attention_is_told_with_the_most_urgent_first() -> None:
    found = seen(
        {Counter.WAITING_FOR_REVIEW: 4},
        unwell={"bar": Health.QUIET, "shop": Health.STALE},
        broken={"hello"},
        launches={"treat": Launch("paused", "live", tripped="6 of 50 said STOP", tripped_at=5), "fine": Launch("live", "draft")},
        letters=[Letter("a", "purchases.v1", "no", 7), Letter("b", "purchases.v1", "no", 8)],
    )  # fmt: skip
    assert [(each.needs, each.what, each.count) for each in found.attention] == [
        (Needs.STORE_STALE, "shop", 0),
        (Needs.STORE_QUIET, "bar", 0),
        (Needs.RULE_BROKE, "hello", 0),
        (Needs.RULE_TRIPPED, "treat", 0),
        (Needs.DEAD_LETTERS, "", 2),
        (Needs.TO_REVIEW, "", 4),
    ]


@pytest.mark.parametrize("healthy", [True, False])
def test_a_shop_whose_feed_broke_says_that_and_not_each_of_its_stores(healthy: bool) -> None:
    found = seen(program=program(feed_healthy=healthy), unwell={"shop": Health.STALE})
    assert [each.needs for each in found.attention] == [Needs.STORE_STALE if healthy else Needs.FEED_STALE]

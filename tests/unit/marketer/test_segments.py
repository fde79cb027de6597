"""Segments are listed by the kind that tells something, and compared with how they were."""

from typing import Any

import pytest

from stamgast.domain.units import DAY
from stamgast.log.segments import Point, SegmentWorth
from stamgast.marketer.segments import Kind, Trend, row_of, segment_page, segments_page
from tests.builders import MERCHANT, at, program
from tests.models import model, shop_with

NOW = at("2026-10-07 10:00")


def worth(segment: str = "flyer", by: str = "source", **more: Any) -> SegmentWorth:
    values: dict[str, Any] = {
        "merchant": MERCHANT, "by": by, "segment": segment, "at": NOW, "currency": "EUR", "customers": 40, "clv": 2_000,
        "acquisition_cost": 500, "ratio": 3.4, "below": False, "value_of_new": 1_700, "customers_with_cost": 40,
    }  # fmt: skip
    return SegmentWorth(**(values | more))


def test_the_first_kind_is_shown_of_which_there_is_more_than_one_segment() -> None:
    known = [worth("(none)"), worth("often", "tag"), worth("(none)", "tag"), worth("(all)", "shop")]
    found = segments_page(program(), known, NOW, None)
    assert (found.by, found.kinds) == (Kind.TAG, [Kind.SOURCE, Kind.TAG])
    assert [each.segment for each in found.rows] == ["often", "(none)"]
    assert found.shop is not None
    assert found.shop.customers == 40
    assert segments_page(program(), known, NOW, Kind.SOURCE).by is Kind.SOURCE
    assert segments_page(program(), known[:1], NOW, None).by is Kind.SOURCE


def test_without_a_model_nothing_is_valued_and_the_page_says_so() -> None:
    assert not segments_page(program(), [], None, None).has_model
    assert segments_page(shop_with(model()), [], None, None).has_model


@pytest.mark.parametrize(
    ("ages", "since"), [((), None), ((20,), None), ((27,), 27), ((120, 91, 60), 91), ((120, 92, 30), 30)]
)
def test_a_segment_is_compared_with_the_oldest_point_of_the_last_three_months(ages: Any, since: int | None) -> None:
    past = tuple(Point(NOW - age * DAY, 30, 1_500) for age in ages)
    trend = row_of(worth(past=past)).trend
    assert trend == (None if since is None else Trend(NOW - since * DAY, 30, 1_500))


def test_nobody_says_that_something_cost_nothing_where_no_cost_is_known() -> None:
    assert row_of(worth(acquisition_cost=0, customers_with_cost=0, ratio=None)).acquisition_cost is None
    assert row_of(worth(acquisition_cost=0, ratio=None)).acquisition_cost == 0, "friends cost nothing, which is known"
    assert row_of(worth(customers_with_cost=0)).acquisition_cost == 500, "a record of before does not say of how many"


def test_one_segment_is_shown_with_a_sample_only_to_who_may_see_customers() -> None:
    customer = {"customer": "c1", "stage": "active", "visits": 3, "spend": 900, "profit": 400, "clv": {"predicted": 7}}
    assert segment_page(program(), worth(), NOW, None).sample is None
    (one,) = segment_page(program(), worth(), NOW, [customer]).sample or []
    assert (one.customer, one.spend, one.predicted) == ("c1", 900, 7)

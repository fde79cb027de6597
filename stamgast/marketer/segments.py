"""Segments: how many customers, what a new one and those who are there are worth, what they may cost, how it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from stamgast.domain.clv import ENOUGH
from stamgast.domain.program import Program
from stamgast.domain.units import DAY, Millis, Minor
from stamgast.log.segments import Point, SegmentWorth

_COMPARED: Final[Millis] = 91 * DAY
_LEAST_APART: Final[Millis] = 27 * DAY
"""Points that are nearer tell of nothing: what is bought in a week is chance."""


class Kind(StrEnum):
    """What segments are made by."""

    SOURCE = "source"
    TAG = "tag"
    COHORT = "cohort"
    SHOP = "shop"


class Trend(Struct, frozen=True):
    """How a segment was some while ago, up to three months: `since` is when."""

    since: Millis
    customers: int
    value_of_new: Minor | None


class SegmentRow(Struct, frozen=True):
    """One of a list. Money is per customer in minor units; None where nobody knows."""

    by: str
    segment: str
    customers: int
    value_of_new: Minor | None
    clv: Minor | None
    acquisition_cost: Minor | None
    ratio: float | None
    below: bool
    fell_from: float | None
    trend: Trend | None


class SegmentsPage(Struct, frozen=True):
    """`kinds` are those of which there is anything; `shop` is all customers together."""

    merchant: str
    currency: str
    by: Kind
    kinds: list[Kind]
    rows: list[SegmentRow]
    shop: SegmentRow | None
    enough: float
    valued_at: Millis | None
    has_model: bool
    """Whether what is to come is fitted: without that nothing is valued."""


class SampleRow(Struct, frozen=True):
    """A customer of the sample."""

    customer: str
    stage: str
    visits: int
    spend: Minor
    profit: Minor
    predicted: Minor | None


class SegmentPage(Struct, frozen=True):
    """One segment. `sample` is None for who may not see customers."""

    merchant: str
    currency: str
    row: SegmentRow
    historic: Minor | None
    predicted: Minor | None
    margin: float | None
    lifespan_months: float | None
    typical_gap_days: float | None
    p_buy_90_days: float | None
    winning_may_cost: Minor | None
    keeping_may_cost: Minor | None
    customers_with_cost: int
    below_since: Millis | None
    past: list[Point]
    enough: float
    valued_at: Millis | None
    sample: list[SampleRow] | None


def segments_page(
    program: Program, segments: Sequence[SegmentWorth], valued_at: Millis | None, by: Kind | None
) -> SegmentsPage:
    """Make it. Without `by`: the first kind of which there is more than those who have none."""
    of_kind = {kind: [each for each in segments if each.by == kind] for kind in Kind}
    kinds: list[Kind] = [kind for kind in Kind if kind is not Kind.SHOP and of_kind[kind]]
    telling = [kind for kind in kinds if len(of_kind[kind]) > 1]
    chosen = by or next(iter([*telling, *kinds]), Kind.SOURCE)
    shop = of_kind[Kind.SHOP]
    return SegmentsPage(
        merchant=program.merchant,
        currency=program.currency,
        by=chosen,
        kinds=kinds,
        rows=[row_of(each) for each in of_kind[chosen]],
        shop=row_of(shop[0]) if shop else None,
        enough=ENOUGH,
        valued_at=valued_at,
        has_model=program.prospects is not None and program.prospects.spend is not None,
    )


def segment_page(
    program: Program, worth: SegmentWorth, valued_at: Millis | None, sample: Sequence[Mapping[str, Any]] | None
) -> SegmentPage:
    """Make it. `sample` are customers as `GET /v1/merchants/{merchant}/customers/{customer}` has them."""
    return SegmentPage(
        merchant=program.merchant,
        currency=worth.currency,
        row=row_of(worth),
        historic=worth.historic,
        predicted=worth.predicted,
        margin=worth.margin,
        lifespan_months=worth.lifespan_months,
        typical_gap_days=worth.typical_gap_days,
        p_buy_90_days=worth.p_buy_90_days,
        winning_may_cost=worth.winning_may_cost,
        keeping_may_cost=worth.keeping_may_cost,
        customers_with_cost=worth.customers_with_cost,
        below_since=worth.below_since,
        past=list(worth.past),
        enough=ENOUGH,
        valued_at=valued_at,
        sample=None if sample is None else [_sampled(each) for each in sample],
    )


def row_of(worth: SegmentWorth) -> SegmentRow:
    """A segment in short."""
    known = worth.value_of_new is not None
    return SegmentRow(
        by=worth.by,
        segment=worth.segment,
        customers=worth.customers,
        value_of_new=worth.value_of_new,
        clv=worth.clv if known else None,
        acquisition_cost=worth.acquisition_cost if worth.customers_with_cost or worth.acquisition_cost else None,
        ratio=worth.ratio,
        below=worth.below,
        fell_from=worth.fell_from,
        trend=_trend(worth),
    )


def _trend(worth: SegmentWorth) -> Trend | None:
    """Against the oldest point of the last three months, if that is four weeks old or more."""
    compared = [each for each in worth.past if worth.at - _COMPARED <= each.at <= worth.at - _LEAST_APART]
    return Trend(compared[0].at, compared[0].customers, compared[0].value_of_new) if compared else None


def _sampled(document: Mapping[str, Any]) -> SampleRow:
    return SampleRow(
        customer=document["customer"],
        stage=document["stage"],
        visits=document["visits"],
        spend=document["spend"],
        profit=document["profit"],
        predicted=document["clv"]["predicted"],
    )

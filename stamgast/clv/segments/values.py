"""What customers of each segment, source or cohort, or of the whole shop, are worth, against what winning them cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import log
from typing import Final, Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace as msgspec_replace

from stamgast.clv.data.acquisition_costs import AcquisitionCosts
from stamgast.clv.data.purchase_file import Buyer, Purchases
from stamgast.clv.data.rows import Floats, make_rows
from stamgast.clv.data.sample import Sample, sample_of
from stamgast.clv.data.shop_days import in_shop_days
from stamgast.clv.data.windows import up_to
from stamgast.clv.models.gamma_gamma import expected_of_all
from stamgast.clv.models.scores import discounted_purchases, scores_of
from stamgast.clv.scoring import Asked, Outlook, historic_of, outlook_of
from stamgast.clv.segments.figures import LEAST_RATIO, NEXT_DAYS, Part, Shop, figures_of, parts_of, predicted_of
from stamgast.clv.selection.own_parameters import deserves_its_own, own_parameters, part_of, why_not_tested
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.prospects import open_share
from stamgast.domain.units import Day
from stamgast.sheets.dates import EPOCH

By = Literal["segment", "source", "cohort", "shop"]
TREND_DAYS: Final = 91
TREND: Final = (
    f"value to come of all customers of the segment today, over the same {TREND_DAYS} days ago with the same "
    "parameters; above 1 it grows"
)
TREND_CUSTOMERS: Final = 20
"""Nothing is said of how the value of fewer customers has changed."""
_NEXT_TO_NOTHING: Final = 0.01
NONE: Final = "(none)"
ALL: Final = "(all)"
_ROUNDING: Final = 1e-9


class Segment(Struct, frozen=True, kw_only=True):
    """A segment's figures; money is per customer in major units, money to come None where there is no spend model.

    Of somebody new: `value_of_new` is the profit of one, of the purchase that they come with and of those to come;
    `new_to_cac` that over the mean cost of those `customers_with_cost`, `new_below` whether it is less than
    `LEAST_RATIO`, `winning_may_cost` what winning one may cost and `winning_budget` that for as many as there are.

    Of those who are there: `clv` is `historic` (profit so far) + `predicted` (profit to come, discounted), before what
    it cost to win the customer; `net` is after it, and `ratio` over it, of those `customers_with_cost` of whom it is
    known, value and cost alike: `acquisition_cost` is the mean of what they cost. The other figures are those of
    `stamgast.clv.segments.figures`, `p_buy_90_days` the mean chance to buy within so long.

    `parameters` says whose they are, `pooled` or `own`, and `because` why.
    """

    segment: str
    customers: int
    purchases: int
    value_of_new: float | None
    new_to_cac: float | None
    new_below: bool | None
    winning_may_cost: float | None
    winning_budget: float | None
    historic: float
    predicted: float | None
    clv: float | None
    customers_with_cost: int
    acquisition_cost: float | None
    net: float | None
    ratio: float | None
    margin: float
    lifespan_months: float | None
    typical_gap_days: float | None
    p_buy_90_days: float
    keeping_may_cost: float | None
    simple: float | None
    profit: float | None
    npv: float | None
    trend: float | None
    parameters: Literal["pooled", "own"]
    parameters_version: str
    because: str


@dataclass(frozen=True)
class _Valued:
    """A part of a file with what it is valued by."""

    name: str
    purchases: Purchases
    part: Part
    shop: Shop
    parameters: ParameterSet
    own: bool
    because: str

    def by_its_own(self, asked: Asked) -> _Valued:
        """Return the same with what its own parameters say of its customers; how often they come is in these."""
        ours, places = shop_of(self.purchases, sample_of(self.purchases), self.parameters, asked), self.part.places
        changed = {name: getattr(self.shop, name).copy() for name in ("p_alive", "p_buy", "worth")}
        for name, values in changed.items():
            values[places] = getattr(ours, name)
        shop = dataclasses.replace(self.shop, again=ours.again, **changed)
        return dataclasses.replace(self, shop=shop, part=dataclasses.replace(self.part, often=1.0))


def segments_of(
    purchases: Purchases, pooled: ParameterSet, by: By, costs: AcquisitionCosts, asked: Asked
) -> list[Segment]:
    """Value every segment at the end of `purchases.as_of`, the one with the most customers first."""
    members, won = _members(purchases, by), costs.of_buyers(purchases)
    gaps = np.array([_log_gaps(buyer) for buyer in purchases.buyers.values()])
    time, discounting = pooled.time(ClosedDays()), asked.discounting
    asked = _in_shop_days(asked, purchases.as_of, time)
    purchases, _ = in_shop_days(purchases, time)
    sample = sample_of(purchases)
    place_of = {name: place for place, name in enumerate(sample.names)}
    parts = {name: part_of(purchases, names) for name, names in members.items()}
    tested = sum(not why_not_tested(purchases, part) for part in parts.values())
    shop = dataclasses.replace(shop_of(purchases, sample, pooled, asked), log_gaps=gaps, discounting=discounting)
    drawn = parts_of(shop, [np.array([place_of[name] for name in names]) for names in members.values()])
    cost = np.array([np.nan if (each := won[name]) is None else each for name in sample.names])
    historic = historic_of(sample, asked.discounting.margin)
    found = []
    for (name, part), of_part in zip(parts.items(), drawn, strict=True):
        own, because = deserves_its_own(purchases, part, pooled.model, tested)
        parameters = own_parameters(part, pooled) if own else pooled
        valued = _Valued(name, part, of_part, shop, parameters, own, because)
        found.append(_segment(valued.by_its_own(asked) if own else valued, cost, historic, asked))
    return sorted(found, key=lambda each: (-each.customers, each.segment))


def shop_of(purchases: Purchases, sample: Sample, parameters: ParameterSet, asked: Asked) -> Shop:
    """Return what is known and foretold of all customers of a file."""
    outlook = outlook_of(sample, parameters, _without_margin(asked))
    model, spend, visits = scores_of(parameters.attrition()), parameters.spend, sample.rows.x + 1
    new = make_rows([0], [0], [0])
    awaited = [float(model.expected_purchases(new, weeks)[0]) if weeks else 0.0 for weeks in np.unique(sample.rows.T)]
    return Shop(
        visits=visits,
        t_x=sample.rows.t_x,
        T=sample.rows.T,
        log_gaps=np.array([_log_gaps(buyer) for buyer in purchases.buyers.values()]),
        spend=sample.amounts,
        profit=historic_of(sample, asked.discounting.margin),
        costed=sample.costed,
        p_alive=outlook.p_alive,
        p_buy=outlook.p_buy,
        worth=_worth(sample, parameters, outlook),
        awaited=np.array(awaited)[np.unique(sample.rows.T, return_inverse=True)[1]],
        again=float(discounted_purchases(model, new, _without_margin(asked).discounting)[0]),
        purchase=0.0 if spend is None else spend.expected(0, 0.0),
        margin=asked.discounting.margin,
        margin_weight=asked.margin_weight if sample.profits is not None else None,
        discounting=asked.discounting,
    )


def _worth(sample: Sample, parameters: ParameterSet, outlook: Outlook) -> Floats:
    """Return what each customer is expected to spend, discounted; 0 without a spend model."""
    if parameters.spend is None:
        return np.zeros(len(sample.names))
    return outlook.discounted * expected_of_all(parameters.spend, sample.rows.x + 1, sample.amounts)


def _in_shop_days(asked: Asked, today: Day, time: ClosedDays) -> Asked:
    """Return the same for the next `NEXT_DAYS`, both horizons counted in the shop's time."""
    share = open_share(time, asked.discounting.months, today)
    weeks = time.open_between(today, today + NEXT_DAYS) / WEEK_DAYS
    return msgspec_replace(asked, horizon=weeks, discounting=msgspec_replace(asked.discounting, open_share=share))


def _without_margin(asked: Asked) -> Asked:
    return Asked(asked.horizon, discounting=msgspec_replace(asked.discounting, margin=1.0))


def _log_gaps(buyer: Buyer) -> float:
    return sum(log(later - earlier) for earlier, later in pairwise(buyer.days()))


def cohort_of(first_day: Day) -> str:
    """Return the quarter in which somebody first bought: `2026-Q1`."""
    day = date.fromordinal(first_day + EPOCH)
    return f"{day.year}-Q{(day.month + 2) // 3}"


def _members(purchases: Purchases, by: By) -> Mapping[str, list[str]]:
    members: dict[str, list[str]] = {}
    for name, buyer in purchases.buyers.items():
        members.setdefault(_segment_of(buyer, by), []).append(name)
    return members


def _segment_of(buyer: Buyer, by: By) -> str:
    if by == "shop":
        return ALL
    if by == "cohort":
        return cohort_of(buyer.days()[0])
    return (buyer.segment if by == "segment" else buyer.source) or NONE


def _segment(valued: _Valued, all_costs: Floats, all_historic: Floats, asked: Asked) -> Segment:
    shop, part, places = valued.shop, valued.part, valued.part.places
    figures, has_money = figures_of(shop, part), valued.parameters.spend is not None
    predicted, new = (figures.predicted, figures.value_of_new) if has_money else (None, None)
    historic = float(all_historic[places].mean())
    costed = places[~np.isnan(all_costs[places])]
    cost = float(all_costs[costed].mean()) if len(costed) else None
    worth = None
    if len(costed) and has_money:
        of_some = predicted_of(shop, dataclasses.replace(part, places=costed))
        worth = float(all_historic[costed].mean()) + float(of_some.mean())
    new_ratio = new / cost if new is not None and cost else None
    most = None if new is None else max(new, 0.0) / LEAST_RATIO
    return Segment(
        segment=valued.name,
        customers=len(places),
        purchases=int(shop.visits[places].sum()),
        value_of_new=new,
        new_to_cac=new_ratio,
        new_below=None if new_ratio is None else new_ratio < LEAST_RATIO - _ROUNDING,
        winning_may_cost=most,
        winning_budget=None if most is None else most * len(places),
        historic=historic,
        predicted=predicted,
        clv=None if predicted is None else historic + predicted,
        customers_with_cost=len(costed),
        acquisition_cost=cost,
        net=None if worth is None or cost is None else worth - cost,
        ratio=worth / cost if worth is not None and cost else None,
        margin=figures.margin,
        lifespan_months=figures.lifespan_months,
        typical_gap_days=figures.typical_gap_days,
        p_buy_90_days=figures.p_buy,
        keeping_may_cost=figures.keeping_may_cost if has_money else None,
        simple=figures.simple,
        profit=figures.profit,
        npv=figures.npv,
        trend=_trend(valued, asked) if has_money else None,
        parameters="own" if valued.own else "pooled",
        parameters_version=valued.parameters.version,
        because=valued.because,
    )


def _trend(valued: _Valued, asked: Asked) -> float | None:
    """Return what `TREND` says, before margins; None where there was too little to set it against."""
    earlier = up_to(valued.purchases, valued.purchases.as_of - TREND_DAYS)
    if len(earlier.buyers) < TREND_CUSTOMERS:
        return None
    sample = sample_of(earlier)
    then = float(_worth(sample, valued.parameters, outlook_of(sample, valued.parameters, _without_margin(asked))).sum())
    now = valued.shop.worth[valued.part.places]
    return trend_of(float(now.sum()), len(now), then, len(earlier.buyers))


def trend_of(now: float, customers: int, then: float, earlier: int) -> float | None:
    """Set the value to come of customers against that of those who were there earlier.

    None where these were fewer than `TREND_CUSTOMERS`, or each of them worth less than a hundredth of one today: over
    next to nothing, any change is a great one.
    """
    if earlier < TREND_CUSTOMERS or then <= 0 or then / earlier < _NEXT_TO_NOTHING * now / customers:
        return None
    return now / then

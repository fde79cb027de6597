"""What the customers of each segment or source are worth, against what it cost to win them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

from stamgast.clv.acquisition_costs import AcquisitionCosts
from stamgast.clv.own_parameters import deserves_its_own, part_of
from stamgast.clv.purchase_file import Purchases
from stamgast.clv.sample import sample_of
from stamgast.clv.scoring import Asked, Score, fit_parameters, score
from stamgast.clv.windows import up_to
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.residual_value import Discounting
from stamgast.domain.spend import Orders

By = Literal["segment", "source"]
LEAST_RATIO: Final = 3.0
"""What a customer should be worth, in units of what it cost to win them; exactly so much is fine."""
TREND_DAYS: Final = 91
TREND: Final = (
    f"value to come of all customers of the segment today, over the same {TREND_DAYS} days ago with the same "
    "parameters; above 1 it grows"
)
NONE: Final = "(none)"
_ROUNDING: Final = 1e-9


class Segment(Struct, frozen=True, kw_only=True):
    """A segment's figures; money is per customer in major units, None where there is no spend model.

    `clv` is `historic` (profit so far) + `predicted` (profit to come, discounted), before what it cost to win the
    customer; `net` is after it. `acquisition_cost` is the mean over those of whom it is known, and `ratio` is `clv`
    over it, `below` whether that is less than `LEAST_RATIO`; None where nothing is known of the cost. `most_to_spend`
    is what winning a customer may cost, and `acquisition_budget` that for as many as there are. `parameters` says
    whose they are, `pooled` or `own`, and `because` why.
    """

    segment: str
    customers: int
    purchases: int
    historic: float | None
    predicted: float | None
    clv: float | None
    acquisition_cost: float | None
    net: float | None
    ratio: float | None
    below: bool | None
    most_to_spend: float | None
    acquisition_budget: float | None
    trend: float | None
    parameters: Literal["pooled", "own"]
    parameters_version: str
    because: str


def segments_of(
    purchases: Purchases,
    pooled: ParameterSet,
    by: By,
    costs: AcquisitionCosts,
    discounting: Discounting,
) -> list[Segment]:
    """Value every segment at the end of `purchases.as_of`, the one with the most customers first."""
    asked = Asked(discounting=discounting)
    found = []
    for name, members in _members(purchases, by).items():
        part = part_of(purchases, members)
        own, because = deserves_its_own(purchases, part, pooled.model)
        parameters = _own(part, pooled) if own else pooled
        found.append(_segment(name, part, parameters, costs, asked, own=own, because=because))
    return sorted(found, key=lambda each: (-each.customers, each.segment))


def _own(part: Purchases, pooled: ParameterSet) -> ParameterSet:
    orders: Orders = "repeat" if pooled.spend is None else pooled.spend.orders
    return fit_parameters(sample_of(part), pooled.model, orders)


def _members(purchases: Purchases, by: By) -> Mapping[str, list[str]]:
    members: dict[str, list[str]] = {}
    for name, buyer in purchases.buyers.items():
        key = buyer.segment if by == "segment" else buyer.source
        members.setdefault(key or NONE, []).append(name)
    return members


def _segment(
    name: str,
    part: Purchases,
    parameters: ParameterSet,
    costs: AcquisitionCosts,
    asked: Asked,
    *,
    own: bool,
    because: str,
) -> Segment:
    scores = score(sample_of(part), parameters, asked)
    historic, predicted = _mean([each.historic for each in scores]), _mean([each.predicted for each in scores])
    clv = None if historic is None or predicted is None else historic + predicted
    cost = _cost(part, costs)
    ratio = clv / cost if clv is not None and cost else None
    most = None if clv is None else max(clv, 0.0) / LEAST_RATIO
    return Segment(
        segment=name,
        customers=len(scores),
        purchases=sum(each.x + 1 for each in scores),
        historic=historic,
        predicted=predicted,
        clv=clv,
        acquisition_cost=cost,
        net=None if clv is None or cost is None else clv - cost,
        ratio=ratio,
        below=None if ratio is None else ratio < LEAST_RATIO - _ROUNDING,
        most_to_spend=most,
        acquisition_budget=None if most is None else most * len(scores),
        trend=_trend(part, parameters, asked, scores),
        parameters="own" if own else "pooled",
        parameters_version=parameters.version,
        because=because,
    )


def _cost(part: Purchases, costs: AcquisitionCosts) -> float | None:
    """Return the mean cost of winning those customers of whom it is known."""
    return _mean(
        [cost for each in part.buyers.values() if (cost := costs.cost_of(each.source, each.days()[0])) is not None]
    )


def _trend(part: Purchases, parameters: ParameterSet, asked: Asked, now: list[Score]) -> float | None:
    """Return what `TREND` says; None where nobody had bought by then."""
    earlier = up_to(part, part.as_of - TREND_DAYS)
    if not earlier.buyers:
        return None
    then = _total(score(sample_of(earlier), parameters, asked))
    return _total(now) / then if then > 0 else None


def _total(scores: list[Score]) -> float:
    return sum(each.predicted or 0.0 for each in scores)


def _mean(values: list[float | None] | list[float]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None

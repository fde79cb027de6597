"""What the customers of each segment or source are worth, against what it cost to win them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

from stamgast.clv.data.acquisition_costs import AcquisitionCosts
from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.sample import sample_of
from stamgast.clv.data.windows import up_to
from stamgast.clv.scoring import Asked, Score, score
from stamgast.clv.selection.own_parameters import deserves_its_own, own_parameters, part_of, why_not_tested
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.residual_value import Discounting

By = Literal["segment", "source"]
LEAST_RATIO: Final = 3.0
"""What a customer should be worth, in units of what it cost to win them; exactly so much is fine."""
TREND_DAYS: Final = 91
TREND: Final = (
    f"value to come of all customers of the segment today, over the same {TREND_DAYS} days ago with the same "
    "parameters; above 1 it grows"
)
TREND_CUSTOMERS: Final = 20
"""Nothing is said of how the value of fewer customers has changed."""
_NEXT_TO_NOTHING: Final = 0.01
NONE: Final = "(none)"
_ROUNDING: Final = 1e-9


class Segment(Struct, frozen=True, kw_only=True):
    """A segment's figures; money is per customer in major units, None where there is no spend model.

    `clv` is `historic` (profit so far) + `predicted` (profit to come, discounted), before what it cost to win the
    customer; `net` is after it. What is set against the cost is of those `customers_with_cost` of whom it is known,
    value and cost alike: `acquisition_cost` is the mean of what they cost, `net` of what they are worth less that,
    `ratio` their value over their cost, `below` whether it is less than `LEAST_RATIO`; None where there is nobody.
    `most_to_spend` is what winning a customer may cost, and `acquisition_budget` that for as many as there are.
    `parameters` says whose they are, `pooled` or `own`, and `because` why.
    """

    segment: str
    customers: int
    purchases: int
    historic: float | None
    predicted: float | None
    clv: float | None
    customers_with_cost: int
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
    parts = {name: part_of(purchases, members) for name, members in _members(purchases, by).items()}
    tested = sum(not why_not_tested(purchases, part) for part in parts.values())
    found = []
    for name, part in parts.items():
        own, because = deserves_its_own(purchases, part, pooled.model, tested)
        parameters = own_parameters(part, pooled) if own else pooled
        found.append(_segment(name, part, parameters, costs, asked, own=own, because=because))
    return sorted(found, key=lambda each: (-each.customers, each.segment))


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
    count, cost, worth = _against_cost(part, costs, scores)
    ratio = worth / cost if worth is not None and cost else None
    most = None if clv is None else max(clv, 0.0) / LEAST_RATIO
    return Segment(
        segment=name,
        customers=len(scores),
        purchases=sum(each.x + 1 for each in scores),
        historic=historic,
        predicted=predicted,
        clv=clv,
        customers_with_cost=count,
        acquisition_cost=cost,
        net=None if worth is None or cost is None else worth - cost,
        ratio=ratio,
        below=None if ratio is None else ratio < LEAST_RATIO - _ROUNDING,
        most_to_spend=most,
        acquisition_budget=None if most is None else most * len(scores),
        trend=_trend(part, parameters, asked, scores),
        parameters="own" if own else "pooled",
        parameters_version=parameters.version,
        because=because,
    )


def _against_cost(
    part: Purchases, costs: AcquisitionCosts, scores: list[Score]
) -> tuple[int, float | None, float | None]:
    """Return of how many customers it is known what winning them cost, and their mean cost and value."""
    known = [
        (cost, None if each.predicted is None else each.historic + each.predicted)
        for buyer, each in zip(part.buyers.values(), scores, strict=True)
        if (cost := costs.cost_of(buyer.source, buyer.days()[0])) is not None
    ]
    return len(known), _mean([cost for cost, _ in known]), _mean([worth for _, worth in known])


def _trend(part: Purchases, parameters: ParameterSet, asked: Asked, now: list[Score]) -> float | None:
    """Return what `TREND` says; None where there was too little to set it against."""
    earlier = up_to(part, part.as_of - TREND_DAYS)
    if len(earlier.buyers) < TREND_CUSTOMERS:
        return None
    return trend_of(_total(now), len(now), _total(score(sample_of(earlier), parameters, asked)), len(earlier.buyers))


def trend_of(now: float, customers: int, then: float, earlier: int) -> float | None:
    """Set the value to come of customers against that of those who were there earlier.

    None where these were fewer than `TREND_CUSTOMERS`, or each of them worth less than a hundredth of one today: over
    next to nothing, any change is a great one.
    """
    if earlier < TREND_CUSTOMERS or then <= 0 or then / earlier < _NEXT_TO_NOTHING * now / customers:
        return None
    return now / then


def _total(scores: list[Score]) -> float:
    return sum(each.predicted or 0.0 for each in scores)


def _mean(values: list[float | None] | list[float]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None

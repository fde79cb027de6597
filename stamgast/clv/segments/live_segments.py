"""What the customers of each tag or source are worth, from their live states, against what it cost to win them.

Everything is as rules and `customer show` have it for one customer: the parameters in force, margin, horizon and costs
of program.yaml, integer minor units. A segment's figures are sums over its customers.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
from msgspec import Struct

from stamgast.clv.data.histories import row_as_of
from stamgast.clv.data.rows import Integers, collapse, make_rows
from stamgast.clv.models.gamma_gamma import expected_of_all
from stamgast.clv.models.scores import discounted_purchases, scores_of
from stamgast.clv.segments.values import NONE, TREND_DAYS, trend_of
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv import ENOUGH, acquisition_cost, contact_cost
from stamgast.domain.currencies import exponent_of
from stamgast.domain.customer import Customer
from stamgast.domain.days import decode_days
from stamgast.domain.program import Program
from stamgast.domain.prospects import Prospects
from stamgast.domain.units import Day, Minor

By = Literal["tag", "source"]
KINDS: Final[tuple[By, ...]] = ("tag", "source")
LIVE_TREND: Final = (
    f"value to come of all customers of the segment today, over the same {TREND_DAYS} days ago with the same "
    "parameters and each customer's average purchase of today; above 1 it grows"
)
_LEAST: Final = int(ENOUGH)
"""The ratio as an integer, so that it is compared without rounding."""


_UNKNOWN: Final = -1
"""What no cost is, among costs."""


class LiveSegment(Struct, frozen=True, kw_only=True):
    """A segment's figures; money is in minor units per customer, rounded, `acquisition_budget` for all of them.

    `clv` is `historic` + `predicted` - `contact_cost`. What is set against the cost is of those `customers_with_cost`
    of whom it is known, value and cost alike: `acquisition_cost` is the mean of what they cost (0 if there is nobody),
    `net` of their `clv` less that, `ratio` the sum of their `clv` over that of their costs, `below` whether it is less
    than 3. `most_to_spend` is what winning a customer may cost. None: no model with amounts is in force, or winning
    them cost nothing that is known.
    """

    segment: str
    customers: int
    purchases: int
    historic: Minor
    predicted: Minor | None
    contact_cost: Minor
    clv: Minor | None
    customers_with_cost: int
    acquisition_cost: Minor
    net: Minor | None
    ratio: float | None
    below: bool | None
    most_to_spend: Minor | None
    acquisition_budget: Minor | None
    trend: float | None


class Book:
    """Takes in customers who have bought, each once; `segments` values all of them at the end of the day `today`.

    Without `with_trend` there is none, and half as much to reckon.
    """

    def __init__(self, program: Program, today: Day, *, with_trend: bool = True) -> None:
        self._with_trend = with_trend
        self._program = program
        self._today = today
        # What has no cost of its own costs the usual; where none is told either, that is no cost, and not a cost of 0.
        costs = program.costs
        self._costs = costs if costs.acquisition_cost else replace(costs, acquisition_cost=_UNKNOWN)
        self._closed = program.prospects.closed if program.prospects else ClosedDays()
        self._now, self._then = _Histories(), _Histories()
        self._earlier = array("q")
        """Places of those who had bought `TREND_DAYS` ago."""
        self._sums = {name: array("q") for name in ("spend", "historic", "contact", "cost", "costed")}
        self._members: dict[By, dict[str, array[int]]] = {kind: {} for kind in KINDS}

    def __len__(self) -> int:
        return len(self._now.x)

    def add(self, customers: Iterable[Customer]) -> None:
        """Take in some more; who has not bought counts for nothing."""
        for customer in customers:
            days = [day for day, _ in decode_days(customer.days)]
            if days:
                self._add(customer, days)

    def _add(self, customer: Customer, days: list[Day]) -> None:
        place, before = len(self), self._today - TREND_DAYS
        self._now.add(days, max(self._today, days[-1]), self._closed)
        if self._with_trend and days[0] <= before:
            self._earlier.append(place)
            self._then.add([day for day in days if day <= before], before, self._closed)
        self._sums["spend"].append(customer.spend)
        self._sums["historic"].append(customer.profit)
        self._sums["contact"].append(contact_cost(customer))
        cost = acquisition_cost(customer, self._costs)
        self._sums["cost"].append(max(cost, 0))
        self._sums["costed"].append(cost != _UNKNOWN)
        source = self._program.costs.source_names.get(customer.source, customer.source)
        for kind, names in {"tag": customer.tags or [NONE], "source": [source or NONE]}.items():
            members: dict[str, array[int]] = self._members[kind]  # type: ignore[index]
            for name in names:
                members.setdefault(name, array("q")).append(place)

    def segments(self, source_names: Mapping[str, str] = MappingProxyType({})) -> Mapping[By, list[LiveSegment]]:
        """Value every segment of every kind, of each kind the one with the most customers first.

        `source_names` are those of sources that the programme does not name, by what stands for them in states.
        """
        self._name_sources(source_names)
        sums = {name: _integers(values) for name, values in self._sums.items()}
        sums["purchases"] = _integers(self._now.x) + 1
        prospects = self._program.prospects
        if prospects is not None and prospects.spend is not None and len(self):
            sums["earlier"] = np.zeros(len(self), dtype=np.int64)
            sums["earlier"][_integers(self._earlier)] = 1
            sums["predicted"], sums["predicted then"] = self._predicted(prospects, sums["spend"])
            sums["clv"] = sums["historic"] + sums["predicted"] - sums["contact"]
            sums["worth"] = sums["clv"] * sums["costed"]
        return {
            kind: sorted(
                (_segment(name, _integers(places), sums) for name, places in members.items()),
                key=lambda each: (-each.customers, each.segment),
            )
            for kind, members in self._members.items()
        }

    def _name_sources(self, names: Mapping[str, str]) -> None:
        members = self._members["source"]
        for source in [each for each in members if each in names]:
            members.setdefault(names[source], array("q")).extend(members.pop(source))

    def _predicted(self, prospects: Prospects, spend: Integers) -> tuple[Integers, Integers]:
        """Return what everybody is expected to bring today, and was some while ago (0 for who had not bought yet)."""
        assert prospects.spend is not None  # noqa: S101  the caller asked
        x, unit = _integers(self._now.x), 10.0 ** exponent_of(self._program.currency)
        each = expected_of_all(prospects.spend, x + 1, spend / unit) * unit
        now = np.rint(self._now.worth(prospects, self._today) * each).astype(np.int64)
        then, earlier = np.zeros(len(self), dtype=np.int64), _integers(self._earlier)
        if len(earlier):
            worth = self._then.worth(prospects, self._today - TREND_DAYS)
            then[earlier] = np.rint(worth * each[earlier]).astype(np.int64)
        return now, then


class _Histories:
    """Rows for the models, compactly while they come in."""

    def __init__(self) -> None:
        self.x, self._recency, self._age = array("q"), array("q"), array("q")

    def add(self, days: Sequence[Day], as_of: Day, closed: ClosedDays) -> None:
        x, recency, age = row_as_of(days, as_of, closed)
        self.x.append(x)
        self._recency.append(recency)
        self._age.append(age)

    def worth(self, prospects: Prospects, today: Day) -> Any:
        """Return what a unit of spend on each purchase to come was worth on that day, one a customer."""
        rows, back = collapse(make_rows(self.x, self._recency, self._age))
        return discounted_purchases(scores_of(prospects.model), rows, prospects.discounting_on(today))[back]


def _segment(name: str, places: Integers, all_sums: Mapping[str, Integers]) -> LiveSegment:
    sums = {each: int(values[places].sum()) for each, values in all_sums.items()}
    count, predicted, clv = len(places), sums.get("predicted"), sums.get("clv")
    costed, cost, worth = sums["costed"], sums["cost"], sums.get("worth")
    judged = worth is not None and cost > 0
    return LiveSegment(
        segment=name,
        customers=count,
        purchases=sums["purchases"],
        historic=_mean(sums["historic"], count),
        predicted=None if predicted is None else _mean(predicted, count),
        contact_cost=_mean(sums["contact"], count),
        clv=None if clv is None else _mean(clv, count),
        customers_with_cost=costed,
        acquisition_cost=_mean(cost, costed) if costed else 0,
        net=_mean(worth - cost, costed) if worth is not None and costed else None,
        ratio=worth / cost if worth is not None and judged else None,
        below=worth < _LEAST * cost if worth is not None and judged else None,
        most_to_spend=None if clv is None else max(clv, 0) // (_LEAST * count),
        acquisition_budget=None if clv is None else max(clv, 0) // _LEAST,
        trend=None if predicted is None else trend_of(predicted, count, sums["predicted then"], sums["earlier"]),
    )


def _integers(values: "array[int]") -> Integers:  # noqa: UP037  an array cannot be subscripted at run time
    return np.array(values, dtype=np.int64)


def _mean(total: int, count: int) -> Minor:
    """Round half up, as money is elsewhere."""
    return (2 * total + count) // (2 * count)

"""What the customers of each tag or source are worth, from their live states, against what it cost to win them.

Everything is as rules and `customer show` have it for one customer: the parameters in force, margin, horizon and costs
of program.yaml, integer minor units. A segment's figures are sums over its customers.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace as msgspec_replace

from stamgast.clv.data.buyers import DaysOf
from stamgast.clv.data.coded_days import days_in
from stamgast.clv.data.histories import rows_as_of
from stamgast.clv.data.rows import Floats, Integers, Rows, collapse, make_rows
from stamgast.clv.models.gamma_gamma import expected_of_all
from stamgast.clv.models.paces import at_paces, worth_at_paces
from stamgast.clv.models.scores import discounted_purchases, scores_of
from stamgast.clv.segments.figures import NEXT_DAYS, Part, Shop, figures_of, parts_of, predicted_of
from stamgast.clv.segments.samples import Samples
from stamgast.clv.segments.values import ALL, NONE, TREND_DAYS, cohort_of, trend_of
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv import ENOUGH, acquisition_cost, contact_cost
from stamgast.domain.currencies import exponent_of
from stamgast.domain.days import LOG_SCALE
from stamgast.domain.feedback import Band, band_by, pace_of
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.program import Program
from stamgast.domain.prospects import Prospects
from stamgast.domain.standing import Standing
from stamgast.domain.units import Day, Minor

By = Literal["tag", "source", "cohort", "shop"]
KINDS: Final[tuple[By, ...]] = ("tag", "source", "cohort", "shop")
LIVE_TREND: Final = (
    f"value to come of all customers of the segment today, over the same {TREND_DAYS} days ago with the same "
    "parameters and each customer's average purchase of today; above 1 it grows"
)
_cohort: Final = lru_cache(maxsize=4_096)(cohort_of)
_LEAST: Final = int(ENOUGH)
"""The ratio as an integer, so that it is compared without rounding."""


_NEW: Final = make_rows([0], [0], [0])
"""Somebody who has just bought for the first time."""
_UNKNOWN: Final = -1
"""What no cost is, among costs."""
_UNTAGGED: Final = (NONE,)


class LiveSegment(Struct, frozen=True, kw_only=True):
    """A segment's figures; money is in minor units per customer, rounded, `winning_budget` for all of them.

    They mean what those of `stamgast.clv.segments.values.Segment` mean, but that `clv` is `historic` + `predicted` -
    `contact_cost`, and `acquisition_cost` is 0 if there is nobody whose cost is known. None: no model, or none with
    amounts, is in force, or winning them cost nothing that is known.
    """

    segment: str
    customers: int
    purchases: int
    value_of_new: Minor | None
    new_to_cac: float | None
    new_below: bool | None
    winning_may_cost: Minor | None
    winning_budget: Minor | None
    historic: Minor
    predicted: Minor | None
    contact_cost: Minor
    clv: Minor | None
    customers_with_cost: int
    acquisition_cost: Minor
    net: Minor | None
    ratio: float | None
    margin: float | None = None
    lifespan_months: float | None = None
    typical_gap_days: float | None = None
    p_buy_90_days: float | None = None
    keeping_may_cost: Minor | None = None
    simple: Minor | None = None
    profit: Minor | None = None
    npv: Minor | None = None
    trend: float | None


class Book:
    """Takes in customers who have bought, each once; `segments` values all of them at the end of the day `today`.

    Without `with_trend` there is none, and half as much to reckon.
    """

    def __init__(self, program: Program, today: Day, *, with_trend: bool = True) -> None:
        self._with_trend = with_trend
        self.samples = Samples()
        """Who some of them are, where they came with their ids."""
        self._values: Integers | None = None
        self._program = program
        self._today = today
        # What has no cost of its own costs the usual; where none is told either, that is no cost, and not a cost of 0.
        costs = program.costs
        self._costs = costs if costs.acquisition_cost else replace(costs, acquisition_cost=_UNKNOWN)
        self._time = program.prospects.time if program.prospects else ClosedDays()
        self._paces = program.prospects.feedback if program.prospects else {}
        self._now, self._then = _Histories(), _Histories()
        self._earlier = array("q")
        """Places of those who had bought `TREND_DAYS` ago."""
        self._sums = {name: array("q") for name in ("spend", "historic", "contact", "cost", "costed")}
        self._log_gaps = array("d")
        self._members: dict[By, dict[str, array[int]]] = {kind: defaultdict(_no_places) for kind in KINDS}

    def __len__(self) -> int:
        return len(self._now.x)

    def add(self, customers: Iterable[Standing]) -> None:
        """Take in some more; who has not bought counts for nothing."""
        self._take_in(list(customers))

    def add_named(self, customers: Iterable[tuple[str, Standing]]) -> None:
        """The same with their ids, of which `samples` keeps some of each segment."""
        named = list(customers)
        places, bought, firsts = self._take_in([customer for _, customer in named])
        for place, customer, first in zip(places, bought, firsts, strict=True):
            name = named[place][0]
            for tag in customer.tags or _UNTAGGED:
                self.samples.add("tag", tag, name)
            self.samples.add("source", self._source_of(customer), name)
            self.samples.add("cohort", _cohort(first), name)
            self.samples.add("shop", ALL, name)

    def _take_in(self, customers: Sequence[Standing]) -> tuple[list[int], list[Standing], list[Day]]:
        """Return those who have bought: their places, themselves, and the day on which each first did."""
        days, found = DaysOf(*days_in([customer.days for customer in customers])).of_buyers()
        places = found.tolist()
        bought, begins = [customers[place] for place in places], len(self)
        paces = [pace_of(customer.conversation, self._paces) for customer in bought]
        self._now.add(rows_as_of(days, self._today, self._time), paces)
        if self._with_trend:
            self._add_earlier(bought, days, begins)
        firsts: list[Day] = days.days[days.bounds[:-1]].tolist()
        self._add_sums(bought)
        self._add_members(bought, firsts, begins)
        return places, bought, firsts

    def _add_earlier(self, customers: Sequence[Standing], days: DaysOf, begins: int) -> None:
        before, paces = self._today - TREND_DAYS, self._paces
        then, places = days.up_to(before)
        self._earlier.extend((places + begins).tolist())
        told = [1.0] * len(places)
        if paces:
            talks = (customers[place].conversation for place in places.tolist())
            said = [talk.said if talk is not None else () for talk in talks]
            told = [paces.get(band_by(each, before) or Band.NONE, 1.0) for each in said]
        self._then.add(rows_as_of(then, before, self._time), told)

    def _add_sums(self, customers: Sequence[Standing]) -> None:
        costs = [acquisition_cost(customer, self._costs) for customer in customers]
        self._log_gaps.extend([customer.gaps for customer in customers])
        self._sums["spend"].extend([customer.spend for customer in customers])
        self._sums["historic"].extend([customer.profit for customer in customers])
        self._sums["contact"].extend([contact_cost(customer) for customer in customers])
        self._sums["cost"].extend([max(cost, 0) for cost in costs])
        self._sums["costed"].extend([cost != _UNKNOWN for cost in costs])

    def _add_members(self, customers: Sequence[Standing], first_days: Sequence[Day], begins: int) -> None:
        tags, sources, cohorts = (self._members[kind] for kind in ("tag", "source", "cohort"))
        for place, (customer, first) in enumerate(zip(customers, first_days, strict=True), begins):
            for tag in customer.tags or _UNTAGGED:
                tags[tag].append(place)
            sources[self._source_of(customer)].append(place)
            cohorts[_cohort(first)].append(place)
        if customers:
            self._members["shop"][ALL].extend(range(begins, begins + len(customers)))

    def _source_of(self, customer: Standing) -> str:
        return self._program.costs.source_names.get(customer.source, customer.source) or NONE

    def segments(self, source_names: Mapping[str, str] = MappingProxyType({})) -> Mapping[By, list[LiveSegment]]:
        """Value every segment of every kind, of each kind the one with the most customers first.

        `source_names` are those of sources that the programme does not name, by what stands for them in states.
        """
        self._name_sources(source_names)
        sums = {name: _integers(values) for name, values in self._sums.items()}
        prospects = self._program.prospects
        shop = self._shop(prospects, sums) if prospects is not None and len(self) else None
        then = self._worth_then(prospects, shop) if prospects is not None and shop is not None else None
        known = _Known(sums, _integers(self._now.x) + 1, shop, then, 10.0 ** exponent_of(self._program.currency))
        return {kind: self._of_kind(kind, known, prospects) for kind in KINDS}

    @property
    def values(self) -> Integers | None:
        """What each customer is worth in all, in minor units, once segments were valued; None: nothing is expected."""
        return self._values

    def _of_kind(self, kind: By, known: _Known, prospects: Prospects | None) -> list[LiveSegment]:
        members = {name: _integers(places) for name, places in self._members[kind].items()}
        parts: list[Part | None] = [None] * len(members)
        if known.shop is not None:
            parts = list(parts_of(known.shop, list(members.values())))
        has_money = prospects is not None and prospects.spend is not None
        if kind == "shop" and has_money and known.shop is not None and parts[0] is not None:
            _, self._values = _values_of(known, known.shop, parts[0])
        found = [
            _segment(name, places, known, part, has_money=has_money)
            for (name, places), part in zip(members.items(), parts, strict=True)
        ]
        return sorted(found, key=lambda each: (-each.customers, each.segment))

    def _shop(self, prospects: Prospects, sums: Mapping[str, Integers]) -> Shop:
        """Return what is known and foretold of all, in major units and before margins."""
        unit, model = 10.0 ** exponent_of(self._program.currency), scores_of(prospects.model)
        rows, paces = self._now.rows(), self._now.paces
        alone, back = collapse(rows)
        spend, visits = sums["spend"] / unit, _integers(self._now.x) + 1
        discounting = msgspec_replace(prospects.discounting_on(self._today), margin=1.0)
        weeks = self._time.open_between(self._today, self._today + NEXT_DAYS) / WEEK_DAYS
        each = np.zeros(len(visits))
        if prospects.spend is not None:
            each = expected_of_all(prospects.spend, visits, spend)
        ages, places = np.unique(alone.age, return_inverse=True)
        awaited = np.array([float(model.expected_purchases(_NEW, age / WEEK_DAYS)[0]) if age else 0.0 for age in ages])
        return Shop(
            visits=visits,
            t_x=rows.t_x,
            T=rows.T,
            log_gaps=np.array(self._log_gaps) / LOG_SCALE,
            spend=spend,
            profit=sums["historic"] / unit,
            costed=spend,
            p_alive=model.p_alive(alone)[back],
            p_buy=at_paces(rows, paces, lambda some, pace: model.p_buy(some, weeks * pace)),
            worth=worth_at_paces(model, rows, paces, discounting) * each,
            awaited=awaited[places][back],
            again=float(discounted_purchases(model, _NEW, discounting)[0]),
            purchase=0.0 if prospects.spend is None else prospects.spend.expected(0, 0.0),
            margin=prospects.discounting.margin,
            margin_weight=prospects.margin_weight,
            discounting=prospects.discounting,
        )

    def _worth_then(self, prospects: Prospects, shop: Shop) -> Floats:
        """Return what everybody was expected to spend some while ago; 0 for who had not bought yet."""
        then, earlier = np.zeros(len(self)), _integers(self._earlier)
        if prospects.spend is not None and len(earlier):
            before = self._today - TREND_DAYS
            discounting = msgspec_replace(prospects.discounting_on(before), margin=1.0)
            worth = worth_at_paces(scores_of(prospects.model), self._then.rows(), self._then.paces, discounting)
            then[earlier] = worth * expected_of_all(prospects.spend, shop.visits, shop.spend)[earlier]
        return then

    def _name_sources(self, names: Mapping[str, str]) -> None:
        members = self._members["source"]
        for source in [each for each in members if each in names]:
            members.setdefault(names[source], array("q")).extend(members.pop(source))
            self.samples.rename("source", source, names[source])


class _Histories:
    """Rows for the models, compactly while they come in."""

    def __init__(self) -> None:
        self.x, self._recency, self._age = array("q"), array("q"), array("q")
        self._paces = array("d")

    def add(self, rows: Rows, paces: Iterable[float]) -> None:
        for column, values in ((self.x, rows.x), (self._recency, rows.recency), (self._age, rows.age)):
            column.frombytes(values.tobytes())
        self._paces.extend(paces)

    @property
    def paces(self) -> Floats:
        """Return how fast each one's time to come runs, by what they said last."""
        return np.array(self._paces)

    def rows(self) -> Rows:
        """Return them all."""
        return make_rows(self.x, self._recency, self._age)


@dataclass(frozen=True)
class _Known:
    """Of every customer: sums in minor units, purchase days, and, with a model, what is foretold, now and then."""

    sums: Mapping[str, Integers]
    visits: Integers
    shop: Shop | None
    then: Floats | None
    unit: float


def _segment(name: str, places: Integers, known: _Known, part: Part | None, *, has_money: bool) -> LiveSegment:
    sums = {each: int(values[places].sum()) for each, values in known.sums.items()}
    count, unit = len(places), known.unit
    costed, cost = sums["costed"], sums["cost"]
    found = LiveSegment(
        segment=name,
        customers=count,
        purchases=int(known.visits[places].sum()),
        value_of_new=None,
        new_to_cac=None,
        new_below=None,
        winning_may_cost=None,
        winning_budget=None,
        historic=_mean(sums["historic"], count),
        predicted=None,
        contact_cost=_mean(sums["contact"], count),
        clv=None,
        customers_with_cost=costed,
        acquisition_cost=_mean(cost, costed) if costed else 0,
        net=None,
        ratio=None,
        trend=None,
    )
    if known.shop is None or part is None:
        return found
    figures = figures_of(known.shop, part)
    found = msgspec_replace(
        found,
        margin=figures.margin,
        lifespan_months=figures.lifespan_months,
        typical_gap_days=figures.typical_gap_days,
        p_buy_90_days=figures.p_buy,
    )
    if not has_money:
        return found
    predicted, values = _values_of(known, known.shop, part)
    worth, new = int((values * known.sums["costed"][places]).sum()), round(figures.value_of_new * unit)
    now, then = known.shop.worth[places], known.then[places] if known.then is not None else np.zeros(count)

    def minor(value: float | None) -> Minor | None:
        return None if value is None else round(value * unit)

    return msgspec_replace(
        found,
        value_of_new=new,
        new_to_cac=new * costed / cost if cost else None,
        new_below=new * costed < _LEAST * cost if cost else None,
        winning_may_cost=max(new, 0) // _LEAST,
        winning_budget=max(new, 0) * count // _LEAST,
        predicted=_mean(int(predicted.sum()), count),
        clv=_mean(int(values.sum()), count),
        net=_mean(worth - cost, costed) if costed else None,
        ratio=worth / cost if cost else None,
        keeping_may_cost=minor(figures.keeping_may_cost),
        simple=minor(figures.simple),
        profit=minor(figures.profit),
        npv=minor(figures.npv),
        trend=trend_of(float(now.sum()), count, float(then.sum()), int((then > 0).sum())),
    )


def _values_of(known: _Known, shop: Shop, part: Part) -> tuple[Integers, Integers]:
    """Return what is expected of each customer of a part, and what each is worth in all, in minor units."""
    predicted = np.rint(predicted_of(shop, part) * known.unit).astype(np.int64)
    return predicted, known.sums["historic"][part.places] + predicted - known.sums["contact"][part.places]


def _no_places() -> "array[int]":  # noqa: UP037  an array cannot be subscripted at run time
    return array("q")


def _integers(values: "array[int]") -> Integers:  # noqa: UP037  an array cannot be subscripted at run time
    return np.array(values, dtype=np.int64)


def _mean(total: int, count: int) -> Minor:
    """Round half up, as money is elsewhere."""
    return (2 * total + count) // (2 * count)

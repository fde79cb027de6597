"""From a sample to parameters, and from parameters to a score per customer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as replace_field
from datetime import date
from functools import lru_cache
from itertools import repeat
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from stamgast.clv.data.rows import Floats, collapse
from stamgast.clv.data.sample import Sample
from stamgast.clv.models.credibility import drawn_margins, margin_weight
from stamgast.clv.models.fitting import Fit, SpendFit, fit_spend, fit_with_fallback, known, sentences
from stamgast.clv.models.gamma_gamma import expected_of_all
from stamgast.clv.models.paces import at_paces, worth_at_paces
from stamgast.clv.models.scores import discounted_purchases, scores_of
from stamgast.domain.attrition import MBG_CNBD_K
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import FitReport, ParameterSet
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.models.gamma_gamma import Orders, Spend
from stamgast.domain.prospects import OWN_MARGINS, open_share
from stamgast.domain.residual_value import Discounting
from stamgast.domain.units import Day

METHOD: Final = "model"
_NO_REPEATS: Final = "repeat purchases tell nothing of what is spent, so the spend model is of all purchase days"
_EPOCH: Final = date(1970, 1, 1).toordinal()
_AT_ONCE: Final = 5_000
_LAST: Final = date.max.toordinal() - _EPOCH


class Score(Struct, frozen=True):
    """What is to be expected of one customer; money to come in the data's major units, None without a spend model.

    `x`, `t_x`, `T`: repeat purchase days, weeks from the first to the last, weeks until now; where a shop's closed days
    are left out, weeks of open days. `p_buy` and `expected_*`
    are for the horizon that was asked for, `predicted` for the months of the discounting; `historic` is the profit so
    far. `net` is both less `acquisition_cost`, what it cost to win the customer, and `clv_to_cac` is both over it; None
    where nothing is known of the cost, the ratio where it is 0 as well. `next_lapse` is the day on which they are to be
    called lapsing if no purchase comes, None if never. `season` says by which season
    days were counted: `own`, that of a trade by its name, or None. The four after it say what was asked for: the
    horizon, what `predicted` counts in words, the P(alive) at which somebody lapses if one was given, and what lapses
    go by in words. `newest_score` is the band of the customer's newest score, "none" if they gave none, and `pace` how
    fast their time to come runs by it; None where scores are not gone by.
    """

    customer: str
    method: str
    model: str
    parameters_version: str
    x: int
    t_x: float
    T: float
    p_alive: float
    p_buy: float
    expected_purchases: float
    expected_spend: float | None
    predicted: float | None
    historic: float
    net: float | None
    acquisition_cost: float | None
    clv_to_cac: float | None
    next_lapse: str | None
    season: str | None
    horizon_weeks: float
    predicted_by: str
    lapse_threshold: float | None
    lapse_by: str
    newest_score: str | None = None
    pace: float | None = None


class Source(Struct, frozen=True):
    """What scores come from: a model, the version of what was learnt, a spend model and paces if there are any."""

    model: str
    version: str
    spend: Spend | None
    season: str | None = None
    feedback: dict[str, float] = {}


class Asked(Struct, frozen=True):
    """What scores are asked for. `horizon` in weeks.

    `acquisition_cost` is what it cost to win a customer, in the data's major units; `costs` has it by customer, and is
    for all of them if it is there. The days `closed` are left out of the horizon and of `predicted`, and are out of the
    sample's rows already. With `margin_weight` the margin of `discounting` is what each customer's own is drawn
    towards, and weighs so much spend; else it is everybody's.
    """

    horizon: float = 39.0
    threshold: float = 0.5
    discounting: Discounting = Discounting()
    acquisition_cost: float = 0.0
    costs: Mapping[str, float | None] | None = None
    closed: ClosedDays = ClosedDays()
    margin_weight: float | None = None

    def weeks_open(self, today: Day) -> float:
        """Return how long the horizon is after a day, in weeks of open days."""
        if self.closed.is_calendar:
            return self.horizon
        return self.closed.open_between(today, today + round(self.horizon * WEEK_DAYS)) / WEEK_DAYS

    def discounting_on(self, today: Day) -> Discounting:
        """Return how purchases to come are counted after a day: before the margin where that is each customer's own."""
        share = open_share(self.closed, self.discounting.months, today)
        margin = self.discounting.margin if self.margin_weight is None else 1.0
        return replace(self.discounting, open_share=share, margin=margin)

    def words(self) -> str:
        """Say what `predicted` counts, as it is printed beside every value."""
        return self.discounting.words() + ("" if self.margin_weight is None else OWN_MARGINS)

    def cost_of(self, customer: str) -> float | None:
        """Return what it cost to win a customer; None: nothing is known of it."""
        return self.acquisition_cost if self.costs is None else self.costs[customer]


class Lapses(NamedTuple):
    """The day on which each customer lapses, infinite: never; what that goes by in words; P(alive) if it is that."""

    days: Floats
    by: str
    threshold: float | None = None


@dataclass(frozen=True)
class Outlook:
    """What is foretold of every customer of a sample, one entry each.

    `p_buy` and `purchases` are for the horizon, `discounted` is what one unit of spend on each purchase to come is
    worth today.
    """

    p_alive: Floats
    p_buy: Floats
    purchases: Floats
    discounted: Floats


def fit_parameters(
    sample: Sample, model: str = MBG_CNBD_K, orders: Orders = "repeat", *, with_prior: bool = False
) -> ParameterSet:
    """Fit a purchase model and the spend model to a sample, falling back where a fit comes to nothing.

    `with_prior` fits the purchase model with a prior from the start, as is done for few customers anyway.

    Raises:
        ValueError: there are no customers.
    """
    return as_set(fit_with_fallback(model, sample.rows, sample.log_gaps, with_prior=with_prior), sample, orders)


def as_set(found: Fit, sample: Sample, orders: Orders) -> ParameterSet:
    """Write a fit as a parameter set, with the spend model of the same sample."""
    return with_spend(ParameterSet(found.name, found.parameters), sample, orders, found.method, found)


def with_spend(
    parameters: ParameterSet, sample: Sample, orders: Orders, method: str, found: Fit | None = None
) -> ParameterSet:
    """Return the same with the spend model of a sample and a report of how both were fitted; `found` has figures."""
    spend = spend_of(sample, orders)
    notes = sentences((found, spend))
    if spend is None:
        notes.append("there is nothing to fit the spend model to, so nothing is said about money")
    report = FitReport(
        method=method,
        customers=sample.rows.customers,
        as_of=date_of(sample.as_of),
        log_likelihood=found.maximum.log_likelihood if found else None,
        standard_errors=known(found.maximum.standard_errors) if found else {},
        spend_log_likelihood=spend.maximum.log_likelihood if spend else None,
        spend_standard_errors=known(spend.maximum.standard_errors) if spend else {},
        notes=notes,
    )
    return replace(parameters, spend=spend.spend if spend else None, fit=report).versioned()


def spend_of(sample: Sample, orders: Orders) -> SpendFit | None:
    """Fit the spend model; to all purchase days where nobody, or nobody who spent anything, has come again."""
    found = fit_spend(*sample.spend(orders), orders)
    if found is None and orders == "repeat" and (found := fit_spend(*sample.spend("all"), "all")) is not None:
        return replace_field(found, notes=(_NO_REPEATS, *found.notes))
    return found


def score(sample: Sample, parameters: ParameterSet, asked: Asked, lapses: Lapses | None = None) -> list[Score]:
    """Score every customer, in the sample's order, at the end of its day."""
    return list(score_each(sample, parameters, asked, lapses))


def outlook_of(sample: Sample, parameters: ParameterSet, asked: Asked) -> Outlook:
    """Foretell of every customer, in the sample's order, at the end of its day."""
    model = scores_of(parameters.attrition())
    rows, back = collapse(sample.rows)
    weeks, discounting = asked.weeks_open(sample.as_of), asked.discounting_on(sample.as_of)
    if parameters.feedback and sample.said:
        every, paces = sample.rows, sample.paces(parameters.feedback)
        return Outlook(
            p_alive=model.p_alive(rows)[back],
            p_buy=at_paces(every, paces, lambda some, pace: model.p_buy(some, weeks * pace)),
            purchases=at_paces(every, paces, lambda some, pace: model.expected_purchases(some, weeks * pace)),
            discounted=worth_at_paces(model, every, paces, discounting),
        )
    return Outlook(
        p_alive=model.p_alive(rows)[back],
        p_buy=model.p_buy(rows, weeks)[back],
        purchases=model.expected_purchases(rows, weeks)[back],
        discounted=discounted_purchases(model, rows, discounting)[back],
    )


def score_each(sample: Sample, parameters: ParameterSet, asked: Asked, lapses: Lapses | None = None) -> Iterator[Score]:
    """Score as `score` does, one customer after the other: a million of them at once are half a gigabyte.

    Without `lapses` (of `stamgast.clv.lapse_days`) a lapse is where P(alive) has fallen to the threshold.
    """
    season = parameters.season.origin if parameters.season else None
    source = Source(parameters.model, parameters.version, parameters.spend, season, parameters.feedback)
    outlook = outlook_of(sample, parameters, asked)
    return _told_of(sample, source, outlook, asked, lapses or lapses_by_chance(sample, parameters, asked))


def _told_of(sample: Sample, source: Source, outlook: Outlook, asked: Asked, lapses: Lapses) -> Iterator[Score]:
    """Say of every customer what is foretold."""
    spends, worths = _to_come(sample, source.spend, asked, outlook)
    columns = (
        sample.rows.x,
        sample.rows.t_x,
        sample.rows.T,
        outlook.p_alive,
        outlook.p_buy,
        outlook.purchases,
        spends,
        worths,
        historic_of(sample, asked.discounting.margin),
        lapses.days,
        *(
            (np.array(sample.bands()), sample.paces(source.feedback))
            if source.feedback and sample.said
            else (None, None)
        ),
    )
    words = asked.words()
    for begin in range(0, len(sample.names), _AT_ONCE):
        names = sample.names[begin : begin + _AT_ONCE]
        each = (repeat(None) if column is None else column[begin : begin + _AT_ONCE].tolist() for column in columns)
        for name, x, t_x, age, alive, buys, purchases, spend, predicted, historic, lapse, band, pace in zip(  # noqa: B905  some repeat
            names, *each
        ):
            worth, cost = None if predicted is None else historic + predicted, asked.cost_of(name)
            # By their places: by name it takes six times as long, of a million of them half a second.
            yield Score(
                name,
                METHOD,
                source.model,
                source.version,
                x,
                t_x,
                age,
                alive,
                buys,
                purchases,
                spend,
                predicted,
                historic,
                None if worth is None or cost is None else worth - cost,
                cost,
                None if worth is None or not cost else worth / cost,
                _date_of(int(lapse)) if lapse <= _LAST else None,
                source.season,
                asked.horizon,
                words,
                lapses.threshold,
                lapses.by,
                band,
                pace,
            )


def lapses_by_chance(sample: Sample, parameters: ParameterSet, asked: Asked) -> Lapses:
    """Return the days by which P(alive) has fallen to the threshold: so many counted days after the first purchase."""
    rows, back = collapse(sample.rows)
    lapses_at = scores_of(parameters.attrition()).lapses_at(rows, asked.threshold)[back]
    days = np.ceil(lapses_at * WEEK_DAYS - 1e-9)
    if not asked.closed.is_calendar:
        waits = zip(sample.first_days, map(float, days), strict=True)
        days = np.array([asked.closed.after(first, wait) for first, wait in waits])
    by = f"P(alive) below {asked.threshold:g}"
    return Lapses(np.asarray(sample.first_days) + days, by, asked.threshold)


@lru_cache(maxsize=50_000)
def _date_of(day: int) -> str:
    return date_of(day)


def date_of(day: int) -> str:
    """Return a day as people write it."""
    return date.fromordinal(day + _EPOCH).isoformat()


def historic_of(sample: Sample, margin: float) -> Floats:
    """Return the profit so far of every customer: that of the data, else so much of what they spent."""
    return sample.amounts * margin if sample.profits is None else sample.profits


def weight_of_margin(sample: Sample) -> float | None:
    """Return how much spend the shop's margin weighs beside a customer's own; None where profits are not known."""
    if sample.profits is None:
        return None
    return margin_weight(sample.profits, sample.costed, int(sample.rows.x.sum()) + len(sample.names))


def _to_come(
    sample: Sample, spend: Spend | None, asked: Asked, outlook: Outlook
) -> tuple[Floats, Floats] | tuple[None, None]:
    """Return expected spend and predicted profit of every customer; None without a spend model."""
    if spend is None:
        return None, None
    each = expected_of_all(spend, sample.rows.x + 1, sample.amounts)
    worth = outlook.discounted * each
    if asked.margin_weight is not None:
        margin, profits = asked.discounting.margin, sample.profits
        own = margin if profits is None else drawn_margins(profits, sample.costed, margin, asked.margin_weight)
        worth = worth * own
    return outlook.purchases * each, worth

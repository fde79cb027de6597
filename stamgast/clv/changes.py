"""Who will spend more: what is expected of the next year against what was spent in the last, and how sure that is."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct

from stamgast.clv.data.buyers import Columns, Purchases
from stamgast.clv.data.rows import Floats, Rows
from stamgast.clv.data.state_sample import Live
from stamgast.clv.models.gamma_gamma import expected_of_all
from stamgast.clv.models.paces import at_paces
from stamgast.clv.models.scores import Scores, scores_of
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.history import WEEK_DAYS
from stamgast.sheets.cells import MICRO

YEAR_DAYS: Final = 364
"""52 weeks, so that a year has as many of each day of the week."""
_SHARE: Final = 0.8
"""Of what may come this share lies between the ends of an interval."""
_SPREAD: Final = 1.2816
"""Standard deviations to either side that hold so much of a normal distribution."""
_LEAST_CHANCE: Final = 1e-6
_MOST: Final = 1_000


class Change(Struct, frozen=True):
    """A year of one customer, or of all: what was spent in the last and is expected in the next; major units.

    `low` and `high` hold what may come by chance, if the model is right, 8 times in 10.
    """

    spent_last_year: float
    expected_next_year: float
    expected_change: float
    change_low: float
    change_high: float


class LastYear(NamedTuple):
    """A shop's customers, what each spent in the last year, and what foretells; the days `closed` are left out."""

    live: Live
    spent: Floats
    parameters: ParameterSet
    closed: ClosedDays


def last_year_of(purchases: Purchases) -> Floats:
    """Return what each customer of a file spent in the year up to its day, refunds off, in major units."""
    columns, since = Columns.of(purchases.buyers), purchases.as_of - YEAR_DAYS
    spent = np.where(columns.day > since, columns.amount, 0)
    sums: Floats = np.add.reduceat(spent, columns.starts[:-1]) / MICRO
    return sums


def changes_of(told: LastYear) -> tuple[Change, list[Change]] | None:
    """Return the change of all together and of each customer, in the sample's order; None without a spend model.

    The days `closed` are out of the sample's rows, and of the year to come as far as they are named.

    Of a customer the interval is that of how often they come, at what they are expected to spend each time; of all
    together purchases spread as well.
    """
    last, sample, parameters, closed = told.spent, told.live.sample, told.parameters, told.closed
    spend = parameters.spend
    if spend is None:
        return None
    weeks = closed.open_between(sample.as_of, sample.as_of + YEAR_DAYS) / WEEK_DAYS
    model = scores_of(parameters.attrition())
    mean, variance, few, many = at_paces(
        sample.rows, sample.paces(parameters.feedback), lambda rows, pace: _counts(model, rows, weeks * pace)
    )
    each = expected_of_all(spend, sample.rows.x + 1, sample.amounts)
    expected = mean * each
    every = zip(last, expected, few * each, many * each, strict=True)
    found = [_change(*map(float, one)) for one in every]
    spread = _SPREAD * float(np.sqrt((each**2 * (variance + mean / spend.p)).sum()))
    total = float(expected.sum())
    return _change(float(last.sum()), total, total - spread, total + spread), found


def _change(last: float, expected: float, low: float, high: float) -> Change:
    return Change(last, expected, expected - last, low - last, high - last)


def _counts(scores: Scores, rows: Rows, weeks: float) -> Floats:
    """Return the mean, the variance and the ends of the interval of the purchases of so many weeks, one a row."""
    mean, square, few, many = (np.zeros(len(rows)) for _ in range(4))
    left = np.arange(len(rows))
    for n in range(1, _MOST):
        chance = scores.at_least(rows[left], weeks, n)
        mean[left] += chance
        square[left] += (2 * n - 1) * chance
        few[left[chance > (1 + _SHARE) / 2]] = n
        many[left[chance > (1 - _SHARE) / 2]] = n
        left = left[chance > _LEAST_CHANCE]
        if not len(left):
            break
    return np.stack([mean, square - mean**2, few, many])

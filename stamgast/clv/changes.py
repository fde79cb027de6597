"""Who will spend more: what is expected of the next year against what was spent in the last, and how sure that is."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct

from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.rows import Floats, Rows, collapse
from stamgast.clv.data.sample import Sample
from stamgast.clv.models.gamma_gamma import expected_of_all
from stamgast.clv.models.scores import Scores, scores_of
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


def changes_of(purchases: Purchases, sample: Sample, parameters: ParameterSet) -> tuple[Change, list[Change]] | None:
    """Return the change of all together and of each customer, in the sample's order; None without a spend model.

    Of a customer the interval is that of how often they come, at what they are expected to spend each time; of all
    together purchases spread as well.
    """
    spend = parameters.spend
    if spend is None:
        return None
    since = sample.as_of - YEAR_DAYS
    last = np.array([
        sum(amount for day, amount in buyer.amounts.items() if day > since) / MICRO
        for buyer in purchases.buyers.values()
    ])  # fmt: skip
    rows, back = collapse(sample.rows)
    mean, variance, few, many = (each[back] for each in _counts(scores_of(parameters.attrition()), rows))
    each = expected_of_all(spend, sample.rows.x + 1, sample.amounts)
    expected = mean * each
    every = zip(last, expected, few * each, many * each, strict=True)
    found = [_change(*map(float, one)) for one in every]
    spread = _SPREAD * float(np.sqrt((each**2 * (variance + mean / spend.p)).sum()))
    total = float(expected.sum())
    return _change(float(last.sum()), total, total - spread, total + spread), found


def _change(last: float, expected: float, low: float, high: float) -> Change:
    return Change(last, expected, expected - last, low - last, high - last)


def _counts(scores: Scores, rows: Rows) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the mean, the variance and the ends of the interval of the purchases of the next year, one a row."""
    weeks = YEAR_DAYS / WEEK_DAYS
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
    return mean, square - mean**2, few, many

"""How good foretelling was, one function per figure.

Arrays have one entry per customer: `expected` is the mean number of purchase days foretold for the horizon, `p_buy` the
chance of at least one, `actual` how many there were; `worth` is the spend foretold and `spent` the spend there was,
both in major units. A figure that has no meaning is None. Smaller is better, unless said otherwise.

On proper scores: Gneiting and Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation" (2007).
"""

from __future__ import annotations

import numpy as np
from scipy.special import xlogy

from stamgast.clv.data.rows import Floats, Integers
from stamgast.clv.selection.forecasts import Forecast

TOP_SHARE = 0.1
_MOST_COUNTS = 5_000
_NEGLIGIBLE = 1e-9


def mean_absolute_error(expected: Floats, actual: Floats | Integers) -> float:
    """Return the mean of |expected - actual| (`n_mae`, `v_mae`).

    Reported and no goal: the median is best at it, and for most customers of most shops that is to foretell nothing.
    """
    return float(np.abs(expected - actual).mean())


def root_mean_square_error(expected: Floats, actual: Floats | Integers) -> float:
    """Return the root of the mean of (expected - actual)^2 (`n_rmse`)."""
    return float(np.sqrt(((expected - actual) ** 2).mean()))


def bias(expected: Floats, actual: Floats | Integers) -> float | None:
    """Return sum(expected) / sum(actual) - 1 (`n_bias`, `v_bias`): 0 is best, -0.1 is a tenth too low in all."""
    total = float(actual.sum())
    return float(expected.sum()) / total - 1 if total > 0 else None


def auc(rank: Floats, actual: Integers) -> float | None:
    """Return the chance that a buyer was ranked above somebody who did not buy, a tie counting half (Mann-Whitney).

    `auc_p_buy` ranks by `p_buy`, `auc` by `expected`, at which right means need not be best (docs/adr/0174). Greater is
    better, 0.5 is chance; None if all or none bought.
    """
    bought = actual > 0
    buyers, others = int(bought.sum()), int((~bought).sum())
    if not buyers or not others:
        return None
    ranks = float(_places_of(rank)[bought].sum())
    return (ranks - buyers * (buyers + 1) / 2) / (buyers * others)


def top_share(worth: Floats, spent: Floats) -> float | None:
    """Return the share of all spend that the tenth foretold to spend most did spend (`top10`). Greater is better."""
    total = float(spent.sum())
    if total <= 0:
        return None
    count = max(1, round(TOP_SHARE * len(worth)))
    return float(spent[np.argsort(-worth, kind="stable")[:count]].sum()) / total


def poisson_deviance(expected: Floats, actual: Integers) -> float | None:
    """Return the mean of 2 (actual ln(actual / expected) - actual + expected).

    None where somebody bought of whom 0 was expected: the deviance is infinite then.
    """
    if bool(((expected <= 0) & (actual > 0)).any()):
        return None
    means = np.maximum(expected, np.finfo(float).tiny)
    return float(2 * (xlogy(actual, actual / means) - actual + expected).mean())


def slope(expected: Floats, actual: Integers) -> float | None:
    """Return the slope of the least-squares line of actual on expected: 1 is best.

    Below 1 the differences that are foretold between customers are greater than those there are.
    """
    spread = float(np.var(expected))
    if len(expected) < 2 or spread <= 0:
        return None
    return float(((expected - expected.mean()) * (actual - actual.mean())).mean()) / spread


def brier_scores(p_buy: Floats, actual: Integers) -> Floats:
    """Return (p_buy - [bought])^2 of each customer; the mean is `brier` (Brier, 1950)."""
    scores: Floats = (p_buy - (actual > 0)) ** 2
    return scores


def crps(forecast: Forecast, actual: Integers) -> float:
    """Return the mean of the sum over n = 0, 1, ... of (P(N <= n) - [actual <= n])^2, in purchases (`crps`).

    The continuous ranked probability score of a count; of a forecast without doubt it is the absolute error. The sum
    goes on until no term of a customer's can matter.
    """
    total = np.zeros(len(actual))
    left = np.arange(len(actual))
    for n in range(_MOST_COUNTS):
        more = forecast.at_least(n + 1)
        total[left] += (1 - more - (actual[left] <= n)) ** 2
        matters = (actual[left] > n) | (more**2 >= _NEGLIGIBLE)
        if not matters.any():
            break
        if 2 * matters.sum() <= len(left):  # most are told of few purchases, and a few of hundreds
            left, forecast = left[matters], forecast.some(np.flatnonzero(matters))
    return float(total.mean())


def _places_of(values: Floats) -> Floats:
    """Return the place of each from the smallest on, from 1; equal ones share the middle of theirs.

    `scipy.stats.rankdata` says the same, and takes 30 MB to import.
    """
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    middles: Floats = np.cumsum(counts) - (counts - 1) / 2
    return middles[which]

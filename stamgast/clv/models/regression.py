"""A plain regression of purchases to come on recency, frequency and age: what a model of customers has to beat.

The number of purchases within w weeks is negative binomial with the mean w * exp(b . f) and one dispersion for all; f
is 1, ln(1 + x), ln(1 + weeks since the last purchase) and ln(1 + weeks since the first). It is learnt from what people
did after earlier days, as the correction of the combined model is, and knows no other time than the horizon of those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import betainc, gammaln, psi

from stamgast.clv.data.rows import Floats, Integers, Rows

REGRESSION: Final = "regression"
FEATURES: Final = ("constant", "log_purchase_days", "log_quiet", "log_age")
_PRECISION: Final = np.array([1e-3, 1.0, 1.0, 1.0])
"""Of a normal prior around 0, in units of customers."""
_STEEPEST: Final = 12.0
_DISPERSIONS: Final = (-5.0, 7.0)
"""Where ln(size) is looked for; beyond the upper end counts are Poisson's."""


@dataclass(frozen=True)
class Regression:
    """Coefficients in the order of `FEATURES`, and the size of the negative binomial: the greater, the less spread."""

    coefficients: Floats
    size: float

    def means(self, rows: Rows, weeks: float) -> Floats:
        """Return the mean number of purchases within so many weeks, one a row."""
        means: Floats = weeks * np.exp(np.clip(features_of(rows) @ self.coefficients, -_STEEPEST, _STEEPEST))
        return means

    @property
    def parameters(self) -> dict[str, float]:
        """Everything that was learnt, by name."""
        return dict(zip(FEATURES, map(float, self.coefficients), strict=True)) | {"size": self.size}


@dataclass(frozen=True)
class RegressionForecast:
    """What a regression foretells of every customer (a row each) for so many weeks."""

    regression: Regression
    rows: Rows
    weeks: float

    @property
    def p_buy(self) -> Floats:
        """P(N >= 1)."""
        return self.at_least(1)

    @cached_property
    def purchases(self) -> Floats:
        """The mean of N."""
        return self.regression.means(self.rows, self.weeks)

    def at_least(self, n: int | Integers) -> Floats:
        """Return P(N >= n)."""
        asked = np.broadcast_to(np.asarray(n), len(self.rows))
        share = self.purchases / (self.purchases + self.regression.size)
        chance: Floats = np.where(asked <= 0, 1.0, betainc(np.maximum(asked, 1), self.regression.size, share))
        return chance

    def some(self, which: Integers) -> RegressionForecast:
        """Return the same of some of the customers."""
        return RegressionForecast(self.regression, self.rows[which], self.weeks)


def features_of(rows: Rows) -> Floats:
    """Return a row per customer and a column per name of `FEATURES`."""
    return np.column_stack([np.ones(len(rows)), np.log1p(rows.x), np.log1p(rows.T - rows.t_x), np.log1p(rows.T)])


def regress(lessons: Sequence[tuple[Rows, float, Integers]]) -> Regression:
    """Learn from customers at earlier days, the weeks after each, and how often each customer came in them.

    Every lesson counts as much as its customers divided by the number of lessons, so that a customer counts once.
    """
    features = np.vstack([features_of(rows) for rows, _, _ in lessons])
    offset = np.concatenate([np.full(len(rows), np.log(weeks)) for rows, weeks, _ in lessons])
    came = np.concatenate([purchases for _, _, purchases in lessons]).astype(np.float64)
    share = 1 / len(lessons)

    def loss(at: Floats) -> tuple[float, Floats]:
        size = np.exp(at[-1])
        mean = np.exp(offset + np.clip(features @ at[:-1], -_STEEPEST, _STEEPEST))
        log_both = np.log(size + mean)
        value = gammaln(came + size) - gammaln(size) + size * (at[-1] - log_both) + came * (np.log(mean) - log_both)
        by_mean = came - (came + size) * mean / (size + mean)
        by_size = size * (psi(came + size) - psi(size) + at[-1] + 1 - log_both - (came + size) / (size + mean))
        slope = np.append(-share * (features.T @ by_mean) + _PRECISION * at[:-1], -share * by_size.sum())
        return -share * float(value.sum()) + float(_PRECISION @ at[:-1] ** 2) / 2, slope

    start = np.append(np.zeros(len(FEATURES)), 0.0)
    start[0] = np.log((came.sum() + 0.5) / (np.exp(offset).sum() + 8))
    bounds = [(None, None)] * len(FEATURES) + [_DISPERSIONS]
    found: Any = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return Regression(found.x[:-1], float(np.exp(found.x[-1])))

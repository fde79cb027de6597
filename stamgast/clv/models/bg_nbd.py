"""BG/NBD, MBG/NBD and MBG/CNBD-k over rows: likelihood with gradient. The formulas are those of `domain.models.bg_nbd`.

With n = r + kx and m = 1 (MBG) or 0 (BG), the likelihood of a history is
prod(gaps)^(k-1) / (k-1)!^x * alpha^r / Gamma(r) / B(a,b) * (there + left), where
there = B(a, b+x+m) * sum over j < k of Gamma(n+j)/j! * (T-t_x)^j / (alpha+T)^(n+j),
left  = B(a+1, b+x+m-1) * Gamma(n) / (alpha+t_x)^n, which BG has only for x > 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import expit, gammaln, psi

from stamgast.clv.data.rows import Floats, Levels, Rows, dot
from stamgast.domain.history import WEEK_DAYS


class DropoutLikelihood:
    """A sample of collapsed rows under a model with drop-out after purchases; parameters r, alpha, a, b.

    `log_gaps` is the sum over all customers and gaps of ln(gap in weeks), which only matters for comparing k.
    """

    names = ("r", "alpha", "a", "b")
    start = (0.6, 6.0, 1.0, 2.5)

    def __init__(self, rows: Rows, k: int = 1, *, leaves_at_once: bool = True, log_gaps: float = 0.0) -> None:
        self.customers = rows.customers
        self._k, self._m = k, int(leaves_at_once)
        self._count = rows.count.astype(np.float64)
        self._x, self._recency, self._age = Levels(rows.x), Levels(rows.recency), Levels(rows.age)
        self._quiet = rows.T - rows.t_x if k > 1 else None
        self._of_x = np.bincount(self._x.back, weights=self._count)
        repeats = float(self._of_x @ self._x.values)
        self._constant = (k - 1) * log_gaps - repeats * math.lgamma(k)

    def at(self, parameters: Floats) -> tuple[float, Floats]:
        """Return the log-likelihood of the sample and its gradient by r, alpha, a, b."""
        r, alpha, a, b = map(float, parameters)
        x = self._x.values
        n = r + self._k * x
        stays, both = b + x + self._m, a + b + x + self._m
        with np.errstate(divide="ignore"):
            odds_of_x = np.log(a / (stays - 1)) if self._m else np.log(np.where(x > 0, a / (stays - 1), 0.0))
        since_last = alpha + self._recency.values / WEEK_DAYS
        since_first = alpha + self._age.values / WEEK_DAYS
        log_end, log_last = self._age.spread(np.log(since_first)), self._recency.spread(np.log(since_last))
        n_row = self._x.spread(n)
        phases, by_n, by_alpha = self._phases(n_row, self._age.spread(1 / since_first))
        odds = self._x.spread(odds_of_x) + n_row * (log_end - log_last) - phases
        left = expit(odds)
        log_there = phases - n_row * log_end
        total = dot(self._count, log_there + np.logaddexp(0.0, odds))
        of_x = gammaln(n) - gammaln(r) + r * math.log(alpha) + _log_beta(a, stays) - _log_beta(a, b)
        value = total + float(self._of_x @ of_x) + self._constant
        there = 1 - left
        weight, weight_left = self._count * there, self._count * left
        left_of_x = np.bincount(self._x.back, weights=weight_left)
        of_r = self._of_x @ (psi(n) - psi(r) + math.log(alpha))
        slope_r = dot(weight, by_n - log_end) - dot(weight_left, log_last) + of_r
        slope_alpha = (
            dot(weight, by_alpha - n_row * self._age.spread(1 / since_first))
            - dot(weight_left, n_row * self._recency.spread(1 / since_last))
            + self.customers * r / alpha
        )
        slope_a = left_of_x.sum() / a + self._of_x @ (psi(a + b) - psi(both))
        lost = np.divide(left_of_x, stays - 1, out=np.zeros_like(left_of_x), where=left_of_x > 0)
        slope_b = self._of_x @ (psi(stays) - psi(both) + psi(a + b) - psi(b)) - lost.sum()
        return value, np.array([slope_r, slope_alpha, slope_a, slope_b])

    def _phases(self, n: Floats, per_end: Floats) -> tuple[Any, Any, Any]:
        """Return ln of the sum over j < k of (n)_j/j! * u^j, u = (T-t_x)/(alpha+T), and its slopes by n and alpha."""
        if self._quiet is None:
            return 0.0, 0.0, 0.0
        u = self._quiet * per_end
        term, total = np.ones_like(u), np.ones_like(u)
        by_n, grown, degree = np.zeros_like(u), np.zeros_like(u), np.zeros_like(u)
        for j in range(1, self._k):
            term = term * (n + j - 1) / j * u
            grown = grown + 1 / (n + j - 1)
            total = total + term
            by_n += term * grown
            degree += term * j
        return np.log(total), by_n / total, -degree / total * per_end


def _log_beta(a: float, b: Any) -> Any:
    return gammaln(a) + gammaln(b) - gammaln(a + b)

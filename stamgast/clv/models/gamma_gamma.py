"""Gamma-Gamma over customers: likelihood with gradient. The formulas are those of `domain.models.gamma_gamma`.

With n purchase days of sum m*n, the likelihood of the mean m is
Gamma(pn+q) / (Gamma(pn) Gamma(q)) * v^q * m^(pn-1) * n^(pn) / (v + mn)^(pn+q).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln, psi

from stamgast.clv.data.rows import Floats, Integers, Levels, dot
from stamgast.domain.models.gamma_gamma import Spend


class SpendLikelihood:
    """A sample of customers with at least one purchase day and a positive sum; parameters p, q, v.

    `days` are purchase days, `totals` what was spent on them, both one per customer.
    """

    names = ("p", "q", "v")

    def __init__(self, days: Integers, totals: Floats) -> None:
        kept = (days > 0) & (totals > 0)
        days, self._totals = days[kept], totals[kept]
        self.customers = len(days)
        self._days = Levels(days)
        self._of_days = np.bincount(self._days.back, minlength=len(self._days.values)).astype(np.float64)
        self._log_totals = np.log(self._totals)
        self._of_log_totals = np.bincount(self._days.back, weights=self._log_totals)
        self.start = (5.0, 3.5, 0.5 * float(np.median(self._totals / days)) if len(days) else 1.0)

    def at(self, parameters: Floats) -> tuple[float, Floats]:
        """Return the log-likelihood of the sample and its gradient by p, q, v."""
        p, q, v = map(float, parameters)
        n = self._days.values.astype(np.float64)
        shape = p * n
        row_shape = self._days.spread(shape) + q
        with_prior = v + self._totals
        log_with_prior = np.log(with_prior)
        of_days = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * math.log(v) + np.log(n)
        # m^(pn-1) n^(pn) = (mn)^(pn-1) n
        value = self._of_days @ of_days + (shape - 1) @ self._of_log_totals - dot(row_shape, log_with_prior)
        mixed = np.bincount(self._days.back, weights=log_with_prior)
        by_p = self._of_days @ (n * (psi(shape + q) - psi(shape))) + n @ (self._of_log_totals - mixed)
        by_q = self._of_days @ (psi(shape + q) - psi(q) + math.log(v)) - mixed.sum()
        by_v = self.customers * q / v - (row_shape / with_prior).sum()
        return float(value), np.array([by_p, by_q, by_v])


def expected_of_all(spend: Spend, visits: Integers, totals: Floats) -> Floats:
    """Return the same from all purchase days of each customer and what they spent on them, refunds taken off."""
    return expected_spend(spend, *spend.counted(visits, totals))


def expected_spend(spend: Spend, days: Integers, totals: Floats) -> Floats:
    """Return the mean of a future purchase day of each customer, as `Spend.expected` does of one."""
    expected: Floats = spend.p * (spend.v + np.maximum(totals, 0.0)) / (spend.p * days + spend.q - 1)
    return expected

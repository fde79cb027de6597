"""NBD over rows: Gamma(r+x)/Gamma(r) * alpha^r / (alpha+T)^(r+x), and nobody leaves."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln, psi

from stamgast.clv.data.rows import Floats, Rows, dot


class OwnRateLikelihood:
    """A sample of collapsed rows; parameters r, alpha."""

    names = ("r", "alpha")
    start = (0.6, 6.0)

    def __init__(self, rows: Rows) -> None:
        self.customers = rows.customers
        self._rows = rows

    def at(self, parameters: Floats) -> tuple[float, Floats]:
        """Return the log-likelihood of the sample and its gradient by r, alpha."""
        r, alpha = map(float, parameters)
        rows, count = self._rows, self._rows.count
        end = alpha + rows.T
        n = r + rows.x
        value = dot(count, gammaln(n) - gammaln(r) + r * math.log(alpha) - n * np.log(end))
        by_r = dot(count, psi(n) - psi(r) + math.log(alpha) - np.log(end))
        by_alpha = dot(count, r / alpha - n / end)
        return float(value), np.array([by_r, by_alpha])

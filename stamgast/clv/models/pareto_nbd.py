"""Pareto/NBD over rows: likelihood with gradient, by quadrature. The formulas are those of `domain.models.pareto_nbd`.

With n = r + x the likelihood of a history is Gamma(n)/Gamma(r) * alpha^r * beta^s * (there + left), where
there = (alpha+T)^-n * (beta+T)^-s and left is the integral over y from t_x to T of f = s (alpha+y)^-n (beta+y)^-(s+1).
The gradient of the integral is the integral of f times the gradient of ln f, over the same nodes.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy.special import expit, gammaln, psi

from stamgast.clv.data.rows import Floats, Rows, dot

NODES: Final = np.polynomial.legendre.leggauss(64)
_CHUNK: Final = 4_096
"""Rows at once: the nodes of so many stay near the processor."""


class ParetoLikelihood:
    """A sample of collapsed rows; parameters r, alpha, s, beta."""

    names = ("r", "alpha", "s", "beta")
    start = (0.6, 10.0, 0.6, 12.0)

    def __init__(self, rows: Rows) -> None:
        self.customers = rows.customers
        self._rows = rows

    def at(self, parameters: Floats) -> tuple[float, Floats]:
        """Return the log-likelihood of the sample and its gradient by r, alpha, s, beta."""
        value, slope = 0.0, np.zeros(4)
        for begin in range(0, len(self._rows), _CHUNK):
            more, by = _likelihood(self._rows[begin : begin + _CHUNK], *map(float, parameters))
            value, slope = value + more, slope + by
        return value, slope


def _likelihood(rows: Rows, r: float, alpha: float, s: float, beta: float) -> tuple[float, Floats]:
    n = r + rows.x
    log_left, means = log_odds_of_having_left(rows, r, alpha, s, beta, with_slopes=True)
    end, life = alpha + rows.T, beta + rows.T
    log_there = -n * np.log(end) - s * np.log(life)
    value = gammaln(n) - gammaln(r) + r * math.log(alpha) + s * math.log(beta) + log_there
    value = value + np.logaddexp(0.0, log_left)
    left = expit(log_left)
    there = 1 - left
    slopes = (
        psi(n) - psi(r) + math.log(alpha) - there * np.log(end) - left * means[0],
        r / alpha - n * (there / end + left * means[1]),
        math.log(beta) - there * np.log(life) + left * (1 / s - means[2]),
        s / beta - there * s / life - left * (s + 1) * means[3],
    )
    return dot(rows.count, value), np.array([dot(rows.count, slope) for slope in slopes])


def log_odds_of_having_left(
    rows: Rows, r: float, alpha: float, s: float, beta: float, *, with_slopes: bool = False, quiet: Floats | None = None
) -> tuple[Floats, tuple[Floats, ...]]:
    """Return ln(left / there) of each row (-inf where T = t_x), and the means over f that the gradient needs.

    `quiet` takes the place of T - t_x, in weeks. The means are of ln(alpha+y), 1/(alpha+y), ln(beta+y), 1/(beta+y).
    With w = ln(1 + rate * (y - t_x)) the integrand is smooth whatever x and T are; 64 nodes err by less than 1e-12.
    """
    n = (r + rows.x)[:, None]
    since, life = (alpha + rows.t_x)[:, None], (beta + rows.t_x)[:, None]
    quiet = (rows.T - rows.t_x if quiet is None else quiet)[:, None]
    rate = n / since + (s + 1) / life
    stretch = np.log1p(rate * quiet)
    grown = np.expm1(stretch * (NODES[0] + 1) / 2)
    y = grown / rate
    buys, stays = np.log1p(y / since), np.log1p(y / life)
    weight = (grown + 1) * np.exp(-n * buys - (s + 1) * stays) * NODES[1]
    total = weight.sum(axis=1)
    with np.errstate(divide="ignore"):
        log_integral = np.log(total * (stretch / rate)[:, 0] / 2)
    log_left = (
        math.log(s) - np.log(life[:, 0]) + log_integral + n[:, 0] * np.log1p(quiet / since)[:, 0]
        + s * np.log1p(quiet / life)[:, 0]
    )  # fmt: skip
    if not with_slopes:
        return log_left, ()
    means = (
        np.log(since[:, 0]) + (weight * buys).sum(axis=1) / total,
        (weight / (since + y)).sum(axis=1) / total,
        np.log(life[:, 0]) + (weight * stays).sum(axis=1) / total,
        (weight / (life + y)).sum(axis=1) / total,
    )
    return log_left, means

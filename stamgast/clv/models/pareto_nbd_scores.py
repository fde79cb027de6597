"""Pareto/NBD scores over rows. `domain.models.pareto_nbd` says where the formulas come from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from scipy.special import betaln, expit

from stamgast.clv.data.rows import Floats, Integers, Rows
from stamgast.clv.models.bisection import crossings
from stamgast.clv.models.pareto_nbd import log_odds_of_having_left
from stamgast.domain.models.pareto_nbd import Pareto

_CHUNK = 4_096
_NODES_STEP = 32


@dataclass(frozen=True)
class ParetoScores:
    """Every score of one model; chances and means are those of the moment T of each row."""

    model: Pareto
    _known: list[tuple[Rows, Floats]] = field(default_factory=list, compare=False, repr=False)
    """The rows that were asked about last: a value is a sum over 36 months, and who is there is the same in all."""

    def p_alive(self, rows: Rows) -> Floats:
        """Return the chance that the customer has not left."""
        for known, alive in self._known:
            if known is rows:
                return alive
        alive = np.empty(len(rows))
        for begin in range(0, len(rows), _CHUNK):
            some = slice(begin, begin + _CHUNK)
            alive[some] = expit(-self._log_left(rows[some]))
        alive.flags.writeable = False
        self._known[:] = [(rows, alive)]
        return alive

    def p_buy(self, rows: Rows, weeks: float) -> Floats:
        """Return the chance of at least one purchase within the next `weeks`."""
        return self.at_least(rows, weeks, 1)

    def expected_purchases(self, rows: Rows, weeks: float) -> Floats:
        """Return the mean number of purchases within the next `weeks`."""
        life = self.model.beta + rows.T
        growth = np.log1p(weeks / life)
        s = self.model.s
        there = np.expm1((1 - s) * growth) / (1 - s) if abs(s - 1) > 1e-14 else growth
        rate = (self.model.r + rows.x) / (self.model.alpha + rows.T)
        expected: Floats = self.p_alive(rows) * rate * life * there
        return expected

    def at_least(self, rows: Rows, weeks: float, purchases: int | Integers) -> Floats:
        """Return the chance of at least so many purchases (one number, or one a row) within the next `weeks`.

        Of somebody who is there: the integral over y up to `weeks` of the density of the nth purchase of somebody who
        stays, times the chance to be there still, (B/(B+y))^s, B = beta+T.
        """
        if np.ndim(purchases) == 0:
            alike, back = rows.alike_if_there
            made = self._makes(alike, weeks, np.full(len(alike), purchases))[back]
        else:
            made = self._makes(rows, weeks, np.asarray(purchases))
        return made * np.where(np.broadcast_to(purchases, len(rows)) > 0, self.p_alive(rows), 1.0)

    def _makes(self, rows: Rows, weeks: float, purchases: Integers) -> Floats:
        """Return the same of somebody who is there, which t_x says nothing about."""
        n = np.maximum(purchases, 0)
        chance = np.ones(len(rows))
        asked = np.flatnonzero(n > 0)
        nodes = self._nodes_needed(rows[asked], weeks, n[asked])
        for count in np.unique(nodes):
            same = asked[nodes == count]
            size = max(1, _CHUNK * 64 // int(count))
            for begin in range(0, len(same), size):
                some = same[begin : begin + size]
                chance[some] = self._make(rows[some], weeks, n[some], int(count))
        return np.minimum(chance, 1.0)

    def lapses_at(self, rows: Rows, threshold: float) -> Floats:
        """Return the T at which P(alive) falls to the threshold if no purchase comes; infinite: never."""
        odds = math.log((1 - threshold) / threshold)
        gap = np.empty(len(rows))
        for begin in range(0, len(rows), _CHUNK):
            some = rows[begin : begin + _CHUNK]

            def distance(quiet: Floats, some: Rows = some) -> Floats:
                return self._log_left(some, quiet) - odds

            gap[begin : begin + _CHUNK] = crossings(distance, (self.model.alpha + some.t_x) / (self.model.r + some.x))
        lapses: Floats = rows.t_x + gap
        return lapses

    def _log_left(self, rows: Rows, quiet: Floats | None = None) -> Floats:
        model = self.model
        log_left, _means = log_odds_of_having_left(rows, model.r, model.alpha, model.s, model.beta, quiet=quiet)
        return log_left

    def _rate(self, rows: Rows) -> Floats:
        """Return how fast the integrand of `at_least` changes near 0, per week."""
        model = self.model
        rate: Floats = (model.r + rows.x + 1) / (model.alpha + rows.T) + (model.s + 1) / (model.beta + rows.T)
        return rate

    def _nodes_needed(self, rows: Rows, weeks: float, n: Integers) -> Integers:
        """Return how many nodes resolve the peak of the nth purchase, which is some sqrt(1/n + 1/(r+x)) wide in w."""
        stretch = np.log1p(self._rate(rows) * weeks)
        needed = 48 + 2 * stretch / np.sqrt(1 / n + 1 / (self.model.r + rows.x))
        rounded: Integers = (np.ceil(needed / _NODES_STEP) * _NODES_STEP).astype(np.int64)
        return rounded

    def _make(self, rows: Rows, weeks: float, n: Integers, nodes: int) -> Floats:
        model = self.model
        buying = (model.r + rows.x)[:, None]
        since, life = (model.alpha + rows.T)[:, None], (model.beta + rows.T)[:, None]
        rate = self._rate(rows)[:, None]
        stretch = np.log1p(rate * weeks)
        points, weights = _legendre(nodes)
        grown = np.expm1(stretch * points)
        y = grown / rate
        passed = np.log1p(y / since)
        log_density = (n[:, None] - 1) * (np.log(y / since) - passed) - (buying + 1) * passed
        log_density -= betaln(n, buying[:, 0])[:, None] + model.s * np.log1p(y / life)
        made: Floats = ((grown + 1) * np.exp(log_density)) @ weights * (stretch / rate / since)[:, 0]
        return made


@cache
def _legendre(count: int) -> tuple[Floats, Floats]:
    """Return nodes and weights on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2

"""BG/NBD, MBG/NBD and MBG/CNBD-k scores over rows. `domain.models.bg_nbd` says where the formulas come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import betainc, betaln, expit, hyp2f1

from stamgast.clv.data.rows import Floats, Integers, Rows
from stamgast.clv.models.bisection import crossings
from stamgast.domain.models.bg_nbd import Dropout

_NEAR_ONE = 1e-3
_SMALL = 1e-13


@dataclass(frozen=True)
class DropoutScores:
    """Every score of one model; chances and means are those of the moment T of each row."""

    model: Dropout

    def p_alive(self, rows: Rows) -> Floats:
        """Return the chance that the customer has not left for good."""
        alive: Floats = expit(self._log_longer(rows, rows.T - rows.t_x) - self._log_left(rows))
        return alive

    def p_buy(self, rows: Rows, weeks: float) -> Floats:
        """Return the chance of at least one purchase within the next `weeks`."""
        quiet = rows.T - rows.t_x
        longer = self._log_longer(rows, quiet + weeks) - self._log_longer(rows, quiet)
        soon: Floats = -np.expm1(longer) * self.p_alive(rows)
        return soon

    def expected_purchases(self, rows: Rows, weeks: float) -> Floats:
        """Return the mean number of purchases within the next `weeks`."""
        if weeks <= 0 or not len(rows):
            return np.zeros(len(rows))
        if self.model.k > 1:
            return self._sum_of_chances(rows, weeks)
        alike, back = rows.alike_if_there
        expected = self.p_alive(rows) * self._by_hypergeometric(alike, weeks)[back]
        lost = ~np.isfinite(expected)
        if lost.any():
            expected[lost] = self._sum_of_chances(rows[lost], weeks)
        return expected

    def at_least(self, rows: Rows, weeks: float, purchases: int | Integers) -> Floats:
        """Return the chance of at least so many purchases (one number, or one a row) within the next `weeks`.

        Somebody who stays would make them, P(R >= n), and stays after n-1 of them: B(a, B+n-1) / B(a, B).
        """
        n = np.maximum(np.broadcast_to(np.asarray(purchases), len(rows)), 0)
        asked = np.maximum(n, 1)
        stays = self.model.b + rows.x + self.model.leaves_at_once
        log_stay = betaln(self.model.a, stays + asked - 1) - betaln(self.model.a, stays)
        chance = self.p_alive(rows) * np.exp(log_stay) * self._would_make(rows, weeks, asked)
        at_least: Floats = np.where(n == 0, 1.0, chance)
        return at_least

    def lapses_at(self, rows: Rows, threshold: float) -> Floats:
        """Return the T at which P(alive) falls to the threshold if no purchase comes; infinite: never."""
        log_longer = self._log_left(rows) + np.log(threshold / (1 - threshold))
        exponent = -log_longer / (self.model.r + self.model.k * rows.x)
        since = self.model.alpha + rows.t_x
        with np.errstate(over="ignore"):
            gap = np.where(exponent > 0, since * np.expm1(exponent), 0.0)
        later = np.isfinite(gap) & (gap > 0)
        if self.model.k > 1 and later.any():
            some, aim = rows[later], log_longer[later]
            gap[later] = crossings(lambda each: aim - self._log_longer(some, each), gap[later])
        lapses: Floats = rows.t_x + gap
        return lapses

    def _log_left(self, rows: Rows) -> Floats:
        """Return ln of the weight of having left at the last purchase; staying has the weight S."""
        stays = self.model.b + rows.x - (not self.model.leaves_at_once)
        may = self.model.leaves_at_once | (rows.x > 0)
        weight: Floats = np.full(len(rows), -np.inf)
        weight[may] = np.log(self.model.a / stays[may])
        return weight

    def _log_longer(self, rows: Rows, gap: Any) -> Floats:
        """Return ln S(gap)."""
        since = self.model.alpha + rows.t_x
        n = self.model.r + self.model.k * rows.x
        log_longer: Floats = -n * np.log1p(gap / since)
        share, term, total = gap / (since + gap), 1.0, 1.0
        for j in range(1, self.model.k):
            term = term * (n + j - 1) / j * share
            total = total + term
        log_longer += np.log(total)
        return log_longer

    def _would_make(self, rows: Rows, weeks: float, purchases: Integers) -> Floats:
        """Return the chance that somebody who never leaves makes at least so many (1 or more) purchases.

        j of the k phases before the next purchase have passed with weight (n)_j/j! * ((T-t_x)/(alpha+T))^j.
        """
        k, until = self.model.k, self.model.alpha + rows.T
        n = self.model.r + k * rows.x
        share = weeks / (until + weeks)
        passed = (rows.T - rows.t_x) / until
        weight = np.ones(len(rows))
        total, chance = weight.copy(), betainc(purchases * k, n, share)
        for j in range(1, k):
            weight = weight * (n + j - 1) / j * passed
            total = total + weight
            chance = chance + weight * betainc(purchases * k - j, n + j, share)
        made: Floats = chance / total
        return made

    def _sum_of_chances(self, rows: Rows, weeks: float) -> Floats:
        """Return the mean as the sum over n >= 1 of the chance of at least n purchases."""
        total = np.zeros(len(rows))
        left = np.arange(len(rows))
        n = 0
        while len(left):
            n += 1
            chance = self.at_least(rows[left], weeks, n)
            total[left] += chance
            # Chances fall slowly up to the mean of who never leaves and faster than geometrically after it.
            left = left[(chance > _SMALL * (1e-300 + total[left])) & (chance > 0)]
        return total

    def _by_hypergeometric(self, rows: Rows, weeks: float) -> Floats:
        """Return the mean of somebody who is there, k = 1.

        At a = 1 the formula is 0/0: near it, a cubic through four points at a distance takes its place.
        """
        a = self.model.a
        if abs(a - 1) >= _NEAR_ONE:
            return self._hypergeometric(rows, weeks, a)
        points = [1 + 2 * _NEAR_ONE * side for side in (-2, -1, 1, 2)]
        total = np.zeros(len(rows))
        for point in points:
            others = [other for other in points if other != point]
            share = np.prod([(a - other) / (point - other) for other in others])
            total += share * self._hypergeometric(rows, weeks, point)
        return total

    def _hypergeometric(self, rows: Rows, weeks: float, a: float) -> Floats:
        c = a + self.model.b + rows.x - (not self.model.leaves_at_once)
        z = weeks / (self.model.alpha + rows.T + weeks)
        with np.errstate(over="ignore", invalid="ignore"):
            rest = np.exp((a - 1) * np.log1p(-z)) * hyp2f1(c - self.model.r - rows.x, a - 1, c, z)
            mean: Floats = c / (a - 1) * (1 - rest)
        return mean

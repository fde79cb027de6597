"""Pareto/NBD: customers buy at a steady rate until they leave, at a moment that has nothing to do with purchases.

Rates of buying are Gamma(r, alpha) across customers, rates of leaving Gamma(s, beta) (Schmittlein, Morrison and
Colombo, "Counting Your Customers: Who Are They and What Will They Do Next?", Management Science, 1987). Who has
left follows from a closed form; the chance to buy is taken by quadrature over a positive integrand.
"""

import math
from typing import Final

from msgspec import Struct

from stamgast.domain.crossing import first_crossing
from stamgast.domain.history import History
from stamgast.domain.models.quadrature import integrate

_STEEP: Final = 40.0
"""The logarithm of what outgrows all that is taken off it."""
_DIGITS: Final = 16 * math.log(10)
_NONE: Final = 1e-16


class Pareto(Struct, frozen=True):
    """Parameters per week."""

    r: float
    alpha: float
    s: float
    beta: float

    def p_alive(self, history: History) -> float:
        """Return the chance that the customer has not left, at the history's T."""
        return 1 / (1 + self._left(history, history.quiet))

    def p_buy(self, history: History, weeks: float) -> float:
        """Return the chance of at least one purchase within the next `weeks`."""
        return self.p_alive(history) * self.p_buy_if_alive(history, weeks)

    def p_buy_if_alive(self, history: History, weeks: float) -> float:
        """Return that chance for somebody who has not left; it depends on x and T alone.

        The density of the next purchase, n/(A+y) * (A/(A+y))^n, times the chance of being
        there still, (B/(B+y))^s, over y up to `weeks`; n = r+x, A = alpha+T, B = beta+T.
        """
        n, since, life = self.r + history.x, self.alpha + history.T, self.beta + history.T
        log1p, exp = math.log1p, math.exp

        def density(y: float) -> float:
            return exp(-(n + 1) * log1p(y / since) - self.s * log1p(y / life))

        soon = integrate(density, weeks, (n + 1) / since + self.s / life + 1 / life) * n / since
        return min(soon, 1.0)

    def expected_purchases(self, history: History, weeks: float) -> float:
        """Return the mean number of purchases within the next `weeks`."""
        return self.p_alive(history) * self.expected_if_alive(history, weeks)

    def expected_if_alive(self, history: History, weeks: float) -> float:
        """Return that mean for somebody who has not left; it depends on x and T alone."""
        life = self.beta + history.T
        log_growth = math.log1p(weeks / life)
        power = (1 - self.s) * log_growth
        there = math.expm1(power) / (1 - self.s) if abs(power) > 1e-16 else log_growth
        return (self.r + history.x) / (self.alpha + history.T) * life * there

    def lapses_at(self, history: History, threshold: float) -> float | None:
        """Return the T (weeks after the first purchase) at which P(alive) falls to the threshold without a purchase.

        None where that is beyond all reason.
        """
        odds = math.log((1 - threshold) / threshold)

        def distance(gap: float) -> float:
            left = self._left(history, gap)
            return (math.log(left) if left > 0 else -1e3) - odds

        rate = (self.r + history.x) / (self.alpha + history.t_x)
        gap = first_crossing(distance, 0.0, 1 / rate, 1e-10)
        return history.t_x + gap if math.isfinite(gap) else None

    def next_gap(self, history: History, quantile: float) -> float:
        """Return the weeks within which the next gap ends with that chance, if the customer has not left."""
        exponent = -math.log1p(-quantile) / (self.r + history.x)
        return (self.alpha + history.t_x) * math.expm1(exponent) if exponent < 500 else math.inf

    def _left(self, history: History, quiet: float) -> float:
        """Return the odds of having left, `quiet` weeks after the last purchase.

        The integral over y from t_x to T of s/(beta+y) * ((beta+T)/(beta+y))^s * ((alpha+T)/(alpha+y))^(r+x), as the
        difference of two without an end, which have a closed form each. Neither is above 1 from where it begins, so
        what cancels is nothing beside 1.
        """
        if quiet <= 0:
            return 0.0
        n = self.r + history.x
        since, life = self.alpha + history.t_x, self.beta + history.t_x
        ever, later = self._ever(n, since, life), self._ever(n, since + quiet, life + quiet)
        log_grown = self.s * math.log1p(quiet / life) + n * math.log1p(quiet / since)
        if log_grown > _STEEP:
            return math.exp(min(log_grown + math.log(ever), 700.0))
        return max(ever * math.exp(log_grown) - later, 0.0)

    def _ever(self, n: float, since: float, life: float) -> float:
        """Return the integral over y > 0 of s/B * (1 + y/B)^-(s+1) * (1 + y/A)^-n; A is `since`, B `life`.

        It is s/(s+n) * 2F1(n, 1; s+n+1; 1-B/A), and by Euler's transformation A/B * s/(s+n) * 2F1(s+1, 1; s+n+1; 1-A/B)
        (NIST Handbook of Mathematical Functions, 2010, 15.6.1 and 15.8.1): of the two the one that is told of a z from
        0 to 1, by Gauss's continued fraction (15.7.1), whose terms shrink by (1 - sqrt(1-z)) / (1 + sqrt(1-z)).
        """
        c = self.s + n
        upper, least, z = (n, 1.0, 1 - life / since) if since >= life else (self.s + 1, since / life, 1 - since / life)
        root = math.sqrt(1 - z)
        terms = math.ceil(_DIGITS / (math.log1p(root) - math.log1p(-root))) if z > _NONE else 0
        below, told = c - upper, 1.0
        for m in range(terms // 2 + 1, 0, -1):
            double = c + m + m
            told = 1 - (upper + m) * (c + m) / (double * (double + 1)) * z / told
            told = 1 - m * (below + m) / ((double - 1) * double) * z / told
        return least * self.s / c / (1 - upper / (c + 1) * z / told)

"""A smooth function of one number as a Chebyshev series: reckoned at a few places, then told quickly everywhere.

In w = ln(scale + T) what somebody is worth who has not left is analytic where |Im w| < pi. A series over a stretch of
half-width h then errs by some rho^-terms, rho = pi/h + sqrt(1 + (pi/h)^2) (Trefethen, "Approximation Theory and
Approximation Practice", 2013, theorem 8.2): some 26 terms for ten years.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from operator import mul
from typing import Final

from msgspec import Struct

DIGITS: Final = 11
LONGEST_WEEKS: Final = 522.0
_SAYS_NOTHING: Final = 1e-12


class Stretch(Struct, frozen=True):
    """Times from 0 to ten years as places from -1 to 1, by their logarithms above `scale`."""

    scale: float
    low: float
    half: float
    terms: int

    def place(self, weeks: float) -> float:
        """Return where a time lies."""
        return (math.log(self.scale + weeks) - self.low) / self.half - 1

    def series(self, function: Callable[[float], float]) -> list[float]:
        """Return the coefficients of a function of weeks, the highest first, by interpolation at its nodes."""
        return coefficients([function(age) for age in self.ages()])

    def ages(self) -> list[float]:
        """Return the times at its nodes, in weeks."""
        low, half = self.low, self.half
        return [max(math.exp(low + half * (place + 1)) - self.scale, 0.0) for place in nodes(self.terms)]


@lru_cache(maxsize=64)
def nodes(count: int) -> list[float]:
    """Return so many Chebyshev nodes, from 1 down to -1."""
    return [math.cos(angle) for angle in _angles(count)]


def coefficients(values: list[float]) -> list[float]:
    """Return the coefficients of the series through values at the nodes, the highest first."""
    return [sum(map(mul, row, values)) for row in cosines(len(values))]


@lru_cache(maxsize=64)
def cosines(count: int) -> list[list[float]]:
    """Return what makes coefficients of values at so many nodes: a row a coefficient, the highest first."""
    angles = _angles(count)
    return [
        [(2 if term else 1) / count * math.cos(term * angle) for angle in angles] for term in reversed(range(count))
    ]


def _angles(count: int) -> list[float]:
    return [math.pi * (index + 0.5) / count for index in range(count)]


@lru_cache(maxsize=64)
def stretch(scale: float, *, has_waves: bool = False) -> Stretch:
    """Make the stretch of a function that is smooth in ln(scale + T); one with waves takes half as many terms again."""
    low = math.log(scale)
    half = (math.log(scale + LONGEST_WEEKS) - low) / 2
    terms = DIGITS * math.log(10) / math.asinh(math.pi / half)
    return Stretch(scale, low, half, 2 + math.ceil(terms * (1.5 if has_waves else 1)))


def value_at(series: list[float], place: float) -> float:
    """Return the value of a series at a place: Clenshaw's recurrence, the highest term first."""
    one = two = 0.0
    twice = 2 * place
    for coefficient in series:
        one, two = coefficient + twice * one - two, one
    return one - place * two


def cut_off(series: list[float]) -> list[float]:
    """Return a series, the highest term first, without the terms that say nothing."""
    least = _SAYS_NOTHING * max(map(abs, series))
    begin = next((place for place, each in enumerate(series) if abs(each) > least), len(series) - 1)
    return series[begin:]

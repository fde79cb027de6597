"""A smooth function of one number as a Chebyshev series: reckoned at a few places, then told quickly everywhere.

In w = ln(scale + T) what somebody is worth who has not left is analytic where |Im w| < pi. A series over a stretch of
half-width h then errs by some rho^-terms, rho = pi/h + sqrt(1 + (pi/h)^2) (Trefethen, "Approximation Theory and
Approximation Practice", 2013, theorem 8.2): some 26 terms for ten years.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from msgspec import Struct

DIGITS: Final = 11
LONGEST_WEEKS: Final = 522.0


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
        count = self.terms
        angles = [math.pi * (index + 0.5) / count for index in range(count)]
        ages = [math.exp(self.low + self.half * (math.cos(angle) + 1)) - self.scale for angle in angles]
        values = [function(max(age, 0.0)) for age in ages]
        return [
            (2 if term else 1) / count * sum(v * math.cos(term * a) for v, a in zip(values, angles, strict=True))
            for term in reversed(range(count))
        ]


@lru_cache(maxsize=64)
def stretch(scale: float) -> Stretch:
    """Make the stretch of a function that is smooth in ln(scale + T)."""
    low = math.log(scale)
    half = (math.log(scale + LONGEST_WEEKS) - low) / 2
    return Stretch(scale, low, half, 2 + math.ceil(DIGITS * math.log(10) / math.asinh(math.pi / half)))


def value_at(series: list[float], place: float) -> float:
    """Return the value of a series at a place: Clenshaw's recurrence, the highest term first."""
    one = two = 0.0
    for coefficient in series:
        one, two = coefficient + 2 * place * one - two, one
    return one - place * two

"""A grid over the chance p to leave after a purchase, for means over customers whose p is Beta(a, b).

The mean of f(p) is an integral over v = ln(p/(1-p)) of p^a (1-p)^b f(p), taken by the trapezoid rule. With the step h
it errs by the transform of the integrand at 2 pi/h (Trefethen and Weideman, "The exponentially convergent trapezoidal
rule", 2014), of p^a e^(-bp) a multiple of Gamma(a + 2 pi i/h), which falls as e^(-pi^2/h) does. Beyond both ends of the
grid the integrand is p^a or (1-p)^b times a polynomial, so what is left of the sum follows from the last values:
without that a grid for a = .01 would have to begin at 1e-1000.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_STEP: Final = 0.36
_FINER: Final = 0.97
_LOG_ERROR: Final = math.log(2e-12)
_LOWEST, _HIGHEST = -28.0, 8.0
_MOST_STAYS, _FAR = 5_000.0, 45.0
_ENDS: Final = 4
"""Last values that what lies beyond them is told from."""
_BEFORE: Final = 3e-4
"""How far below the p at which an integrand bends it is a polynomial, to eleven digits."""
_NOTHING: Final = 1e-18
_STEEP: Final = 40.0


@dataclass(frozen=True, eq=False)
class Grid:
    """Places at equal steps of v from `lowest` on: ln p, ln(1-p) and p of each."""

    step: float
    lowest: float
    log_p: list[float]
    log_q: list[float]
    p: list[float]

    def weights(self, a: float, b: float) -> tuple[list[float], int]:
        """Return the weights of Beta(a, b) for the places up to the last that has one, and the first that has.

        They are not normed.
        """
        logs = [a * log_p + b * log_q for log_p, log_q in zip(self.log_p, self.log_q, strict=True)]
        most = max(logs)
        weights = [math.exp(each - most) for each in logs]
        begin, end = 0, len(weights)
        while weights[begin] < _NOTHING:
            begin += 1
        while weights[end - 1] < _NOTHING:
            end -= 1
        if end == len(weights):
            for place, more in enumerate(_beyond(b, self.step), 1):
                weights[-place] *= 1 + more
        return weights[:end], begin

    def before(self, bend: float) -> int:
        """Return the place from which on all places are needed of an integrand that bends at p = 1/bend."""
        return max(0, math.floor((math.log(_BEFORE / bend) - self.lowest) / self.step))

    def from_place(self, a: float, begin: int, weights: list[float]) -> list[float]:
        """Return weights from a place on, the first of them with all that lies before it."""
        here = weights[begin:]
        for place, more in enumerate(_beyond(a, self.step)[: len(here)]):
            here[place] *= 1 + more
        return here


def grid_for(a: float) -> Grid:
    """Return the grid for an a, good for all b to some thousands; it is one of few, which many a share."""
    step = _STEP
    while _log_error(a, step) > _LOG_ERROR:
        step *= _FINER
    lowest = max(_LOWEST, math.floor(math.log(a / _MOST_STAYS) - _FAR / a))
    return _grid(step, lowest, _HIGHEST + math.ceil(math.log1p(a)))


@lru_cache(maxsize=64)
def _grid(step: float, lowest: float, highest: float) -> Grid:
    places = [lowest + step * index for index in range(1 + round((highest - lowest) / step))]
    log_p = [-math.log1p(math.exp(-v)) for v in places]
    return Grid(step, lowest, log_p, [-math.log1p(math.exp(v)) for v in places], [math.exp(each) for each in log_p])


def _log_error(a: float, step: float) -> float:
    """Return ln of |Gamma(a + 2 pi i/step)| / Gamma(a), by Stirling's formula."""
    turn = 2 * math.pi / step
    large = (a - 0.5) * math.log(math.hypot(a, turn)) - turn * math.atan2(turn, a) - a
    return large + math.log(2 * math.pi) / 2 - math.lgamma(a)


@lru_cache(maxsize=4096)
def _beyond(power: float, step: float) -> list[float]:
    """Return for each of the last values of a grid what it stands for of all beyond it, at equal steps.

    The values w solve, for a function that falls off as e^(-m v) for every m = power, power + 1, ...: the sum over i of
    w_i e^(m i step) is that over i > 0 of e^(-m i step).
    """
    if power * step > _STEEP:
        return [0.0] * _ENDS
    rows = []
    for each in range(_ENDS):
        fall = (power + each) * step
        rows.append([*(math.exp(fall * place) for place in range(_ENDS)), 1 / math.expm1(fall)])
    for column in range(_ENDS):
        best = max(range(column, _ENDS), key=lambda row: abs(rows[row][column]))
        rows[column], rows[best] = rows[best], rows[column]
        for row in range(_ENDS):
            if row != column:
                factor = rows[row][column] / rows[column][column]
                rows[row] = [one - factor * other for one, other in zip(rows[row], rows[column], strict=True)]
    return [rows[place][_ENDS] / rows[place][place] for place in range(_ENDS)]

"""The value of purchases to come, quickly: for one model and one way of discounting, again and again.

With k = 1 what somebody is worth who has not left depends on x and T alone, and for each x it is smooth in
w = ln(alpha + T): analytic where |Im w| < pi. A Chebyshev series over a stretch of half-width h then errs by some
rho^-terms, rho = pi/h + sqrt(1 + (pi/h)^2) (Trefethen, "Approximation Theory and Approximation Practice", 2013, theorem
8.2): some 26 terms for ten years. It is made when that x is first met, for each share of open days.
"""

import math
from typing import Final

from msgspec.structs import replace

from stamgast.domain.attrition import Model
from stamgast.domain.history import History
from stamgast.domain.models.bg_nbd import Dropout
from stamgast.domain.residual_value import Discounting, discounted_if_alive, discounted_purchases

_DIGITS: Final = 11
_LONGEST_WEEKS: Final = 522.0
_MOST_REPEATS: Final = 2_000
"""Beyond so many, and beyond ten years, the sum itself is taken."""
_MOST_SERIES: Final = 4_000
"""Then all are forgotten; each takes a kilobyte."""


class ValueTable:
    """What one unit of spend on each purchase to come is worth, as `discounted_purchases` says it."""

    def __init__(self, model: Model, discounting: Discounting) -> None:
        self._model = model
        self._discounting = discounting
        self._series: dict[tuple[int, float], list[float]] = {}
        self._low = self._half = 0.0
        self._terms = 0
        if isinstance(model, Dropout):
            self._low = math.log(model.alpha)
            self._half = (math.log(model.alpha + _LONGEST_WEEKS) - self._low) / 2
            wide = math.pi / self._half
            self._terms = 2 + math.ceil(_DIGITS * math.log(10) / math.asinh(wide))

    def purchases(self, history: History, open_share: float = 1.0) -> float:
        """Return discounted purchases times margin; times a customer's mean spend it is the predicted value.

        `open_share` as in `Discounting`; there should be few different ones.
        """
        model, x = self._model, history.x
        if not isinstance(model, Dropout) or model.k > 1 or history.T > _LONGEST_WEEKS or x > _MOST_REPEATS:
            return discounted_purchases(model, history, self._when_open(open_share))
        series = self._series.get((x, open_share))
        if series is None:
            if len(self._series) >= _MOST_SERIES:
                self._series.clear()
            series = self._series[x, open_share] = self._make(model, x, self._when_open(open_share))
        place = (math.log(model.alpha + history.T) - self._low) / self._half - 1
        one = two = 0.0
        for coefficient in series:  # Clenshaw's recurrence, the highest term first
            one, two = coefficient + 2 * place * one - two, one
        return model.p_alive(history) * (one - place * two)

    def _when_open(self, share: float) -> Discounting:
        return self._discounting if share == 1 else replace(self._discounting, open_share=share)

    def _make(self, model: Dropout, x: int, discounting: Discounting) -> list[float]:
        """Return the coefficients of the Chebyshev series, the highest first, by interpolation at its nodes."""
        count = self._terms
        angles = [math.pi * (index + 0.5) / count for index in range(count)]
        ages = [math.exp(self._low + self._half * (math.cos(angle) + 1)) - model.alpha for angle in angles]
        values = [discounted_if_alive(model, History(x, 0.0, max(age, 0.0)), discounting) for age in ages]
        return [
            (2 if term else 1) / count * sum(v * math.cos(term * a) for v, a in zip(values, angles, strict=True))
            for term in reversed(range(count))
        ]

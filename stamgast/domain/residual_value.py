"""What the purchases of the next months are worth today.

A finite horizon: with a < 1 or s < 1, as fits to real shops often have it, purchases without end have no finite mean.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from stamgast.domain.attrition import Attrition
from stamgast.domain.history import History

WEEKS_A_MONTH: Final = 365 / 12 / 7


class Discounting(Struct, frozen=True):
    """How future profit is counted: each month's at its end, at (1 + `yearly_rate`)^(month/12) less.

    `margin` is profit as a share of spend. `open_share` is that of the days to come on which the shop is open, where
    the model's weeks are made of open days: then a month has as many of them fewer.
    """

    months: int = 36
    yearly_rate: float = 0.1
    margin: float = 1.0
    open_share: float = 1.0

    def weeks(self, month: int) -> float:
        """Return the model's weeks until the end of month 1, 2, ..."""
        return month * WEEKS_A_MONTH * self.open_share

    def weights(self) -> tuple[float, ...]:
        """Return what a unit of spend in month 1, 2, ... is worth today."""
        return tuple(self.margin * (1 + self.yearly_rate) ** (-month / 12) for month in range(1, self.months + 1))

    def words(self) -> str:
        """Say it as it is printed beside every value."""
        rate, margin = f"{self.yearly_rate:.4g}", f"{self.margin:.4g}"
        return f"{self.months} months, {rate} a year, at the end of each month, times margin {margin}"


def discounted_purchases(model: Attrition, history: History, discounting: Discounting) -> float:
    """Return what one unit of spend on each purchase to come is worth today, margin included."""
    return model.p_alive(history) * discounted_if_alive(model, history, discounting)


def discounted_if_alive(model: Attrition, history: History, discounting: Discounting) -> float:
    """Return the same for somebody who has not left."""
    return residual_value(lambda weeks: model.expected_if_alive(history, weeks), 1.0, discounting)


def residual_value(expected: Callable[[float], float], spend: float, discounting: Discounting) -> float:
    """Return the value today of purchases to come, in the unit of `spend`.

    `expected(weeks)` is the mean number of purchases within so many weeks, `spend` the mean of one.
    """
    total = before = 0.0
    for month, weight in enumerate(discounting.weights(), 1):
        until = expected(discounting.weeks(month))
        total += (until - before) * weight
        before = until
    return total * spend

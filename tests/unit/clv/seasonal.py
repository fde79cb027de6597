"""Customers of a shop whose trade has a season: drawn from a model in the shop's own time, told in calendar days.

In the shop's own time purchases come as MBG/NBD has it. Its clock runs fast when the shop is full and stands still while
it is closed, and over a year it runs as far as the calendar.
"""

from dataclasses import dataclass

import numpy as np

from stamgast.clv.data.histories import PurchaseDays

YEAR = 364
"""Whole weeks, so that weekdays and seasons fall on the same days of every year."""
FIRST = 20_454 - 20_454 % 7
"""A day on which a week begins, and the year of the season."""


@dataclass(frozen=True)
class Season:
    """How busy a day is. `yearly` is the swing around the year, with its peak at the year's end; `weekly` that of days.

    `closed` days, counted from the first, have no trade at all. By `growth` of that of the first day trade grows in the
    first year, steadily, and stays there.
    """

    yearly: float = 0.0
    weekly: tuple[float, ...] = (1.0,) * 7
    closed: tuple[range, ...] = ()
    growth: float = 0.0

    def trade(self, days: int) -> np.ndarray:
        """Return how far the shop's clock runs on each of the first days."""
        day = np.arange(days)
        trade = 1 + self.yearly * np.cos(2 * np.pi * day / YEAR)
        trade *= 1 + self.growth * np.minimum(day / YEAR, 1)
        trade *= np.resize(np.array(self.weekly) / np.mean(self.weekly), days)
        for stretch in self.closed:
            trade[stretch.start : stretch.stop] = 0
        return trade


def draw(
    true: dict[str, float], season: Season, customers: int, *, joins: int, days: int, seed: int
) -> list[PurchaseDays]:
    """Draw the purchase days of customers who first come on one of the first `joins` open days.

    Rates are per week of the shop's own time.
    """
    rng = np.random.default_rng(seed)
    trade = season.trade(days)
    clock = np.concatenate(([0.0], np.cumsum(trade)))
    open_days = np.flatnonzero(trade[:joins])
    begins = open_days[rng.integers(len(open_days), size=customers)]
    rates = rng.gamma(true["r"], 1 / true["alpha"], customers) / 7
    stays = rng.geometric(rng.beta(true["a"], true["b"], customers)) - 1
    found: list[PurchaseDays] = []
    for begin, rate, stay in zip(begins, rates, stays, strict=True):
        left = clock[-1] - clock[begin + 1]
        times = np.cumsum(rng.exponential(1 / rate, min(stay, int(rate * left * 2) + 40))) + clock[begin + 1]
        later = np.searchsorted(clock, times[times < clock[-1]], side="right") - 1
        found.append([FIRST + int(day) for day in np.unique([begin, *later])])
    return found

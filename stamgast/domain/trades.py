"""Seasons of trades, for shops too young to have shown their own.

Monthly sales of US retailers by kind of business are published with the factors that take the season out of them: US
Census Bureau, Monthly Retail Trade Survey, "Combined Seasonal, Trading-Day, and Holiday Adjustment Factors", February
2012 to January 2013 (https://www.census.gov/retail/mrts/www/data/text/nadjusts.txt; not in copyright). They are of
sales, and of the northern hemisphere. Divided by the days of their month they are what a day of it weighs.
"""

from bisect import bisect_right
from enum import StrEnum
from functools import cache
from itertools import accumulate
from typing import Final

from stamgast.domain.season import PART_DAYS, PARTS, YEAR, Season, season_of

_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days of those months, 2012 being a leap year."""


class Trade(StrEnum):
    """Kinds of business whose season is known."""

    CLOTHING = "clothing"
    ELECTRONICS = "electronics"
    FURNITURE = "furniture"
    GARDEN = "garden"
    GENERAL = "general"
    GROCERIES = "groceries"
    HEALTH = "health"
    HOBBIES = "hobbies"


_FACTORS: Final = {
    Trade.CLOTHING: (0.753, 0.892, 1.004, 0.953, 1.010, 0.943, 0.914, 1.033, 0.914, 0.942, 1.097, 1.557),
    Trade.ELECTRONICS: (0.930, 0.967, 0.967, 0.845, 0.921, 0.935, 0.937, 0.992, 0.900, 0.887, 1.192, 1.549),
    Trade.FURNITURE: (0.931, 0.942, 1.030, 0.913, 1.006, 0.975, 0.988, 1.061, 0.977, 0.958, 1.073, 1.173),
    Trade.GARDEN: (0.792, 0.792, 0.985, 1.110, 1.281, 1.150, 1.044, 1.039, 0.941, 1.049, 0.980, 0.880),
    Trade.GENERAL: (0.869, 0.934, 0.980, 0.965, 0.990, 0.975, 0.946, 0.994, 0.915, 0.957, 1.098, 1.384),
    Trade.GROCERIES: (0.978, 0.945, 1.012, 0.974, 1.036, 1.011, 1.009, 1.025, 0.970, 0.988, 1.004, 1.078),
    Trade.HEALTH: (1.015, 0.986, 1.041, 0.985, 1.024, 0.979, 0.969, 1.009, 0.942, 1.007, 0.982, 1.090),
    Trade.HOBBIES: (0.957, 0.831, 0.953, 0.871, 0.922, 0.971, 0.911, 1.157, 0.938, 0.854, 1.042, 1.601),
}
"""January to December, of NAICS 448, 443, 442, 444, 452, 445, 446 and 451 in that order."""


@cache
def season_of_trade(trade: Trade) -> Season:
    """Return the season of a trade: each part of the year weighs what the month in its middle does, a day."""
    factors = _FACTORS[trade]
    return season_of([_of_day(factors, (part + 0.5) * PART_DAYS) for part in range(PARTS)], trade)


def _of_day(factors: tuple[float, ...], day: float) -> float:
    month = bisect_right(list(accumulate(_MONTHS)), day * sum(_MONTHS) / YEAR)
    return factors[month] / _MONTHS[month]

"""Spans of time that roll on: the last 12 months, the last 90 days, today included."""

from calendar import monthrange
from datetime import date
from functools import lru_cache

from msgspec import Struct

from stamgast.domain.calendar import date_of
from stamgast.domain.units import Day

_EPOCH = date(1970, 1, 1).toordinal()
_SHORTEST_MONTH, _LONGEST_MONTH = 28, 31


class Span(Struct, frozen=True, order=True):
    """So many calendar months, or so many days."""

    months: int = 0
    days: int = 0

    @property
    def text(self) -> str:
        """As it is written."""
        number, unit = (self.months, "month") if self.months else (self.days, "day")
        return f"{number} {unit}" if number == 1 else f"{number} {unit}s"

    @property
    def longest(self) -> Day:
        """More days than it ever has."""
        return self.months * _LONGEST_MONTH + self.days

    def since(self, today: Day) -> Day:
        """The first day that counts: twelve months up to 15 May begin on 16 May of the year before."""
        return _since(self.months, self.days, today)

    def leaves(self, day: Day) -> Day:
        """The first day on which that day does not count any more."""
        left = day + self.months * _SHORTEST_MONTH + self.days
        while self.since(left) <= day:
            left += 1
        return left


@lru_cache(maxsize=4096)
def _since(months: int, days: int, today: Day) -> Day:
    if not months:
        return today - days + 1
    now = date_of(today)
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    day = min(now.day, monthrange(year, month + 1)[1])
    return date(year, month + 1, day).toordinal() - _EPOCH + 1

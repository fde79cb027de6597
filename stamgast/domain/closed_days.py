"""Days on which a shop is closed: nobody can buy then, so a model of purchases may leave them out of its time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import count, takewhile
from typing import Final

from msgspec import Struct

from stamgast.domain.units import DAY, Day

YEAR_DAYS: Final = 365
_WEEK: Final = 7
_SEASON: Final = 43
"""So many closed days in a row are no holiday."""
_HABIT: Final = 13
"""A day of the week that is named so many weeks in a row is a day of rest."""


class ClosedDays(Struct, frozen=True):
    """Days since 1970-01-01, ascending, each once."""

    days: tuple[Day, ...] = ()

    @property
    def is_calendar(self) -> bool:
        """Whether every day counts, and as much as any other."""
        return not self.days

    def holds(self, day: Day) -> bool:
        """Whether the shop is closed on a day."""
        place = bisect_left(self.days, day)
        return place < len(self.days) and self.days[place] == day

    def counted_by(self, day: Day) -> float:
        """Return how many open days there were up to and including a day, since some day before them all."""
        return day - bisect_right(self.days, day)

    def open_between(self, first: Day, last: Day) -> int:
        """Count the open days after `first` up to and including `last`."""
        days = self.days
        return last - first - (bisect_right(days, last) - bisect_right(days, first))

    def closed_between(self, first: Day, last: Day) -> float:
        """Return how many days after `first` up to and including `last` are closed, as far as can be known at `first`.

        Those that are named are counted. Beyond the last of them each year has as many as the fewer of the two years
        before: what was closed in one of them alone, as for a rebuilding, is not taken to come again.
        """
        named = last - first - self.open_between(first, last)
        end = max(first, self.days[-1]) if self.days else last
        if last <= end:
            return named
        years = (end - YEAR_DAYS, end), (end - 2 * YEAR_DAYS, end - YEAR_DAYS)
        yearly = min(until - since - self.open_between(since, until) for since, until in years)
        return named + (last - end) * yearly / YEAR_DAYS

    def after(self, day: Day, open_days: float) -> float:
        """Return how many calendar days after `day` so many open ones have passed."""
        days = self.days
        calendar = open_days
        for closed in days[bisect_right(days, day) :]:
            if closed > day + calendar:
                break
            calendar += 1
        return calendar

    def closures(self) -> ClosedDays:
        """Return those out of the ordinary: not a weekly day of rest, which is in everybody's gaps already.

        A week without an open day and all that is longer is a closure, whatever its days of the week are.
        """
        named, weekly = set(self.days), set[Day]()
        for day in self.days:
            if day not in weekly:
                chain = list(takewhile(named.__contains__, count(day, _WEEK)))
                weekly.update(chain if len(chain) >= _HABIT else ())
        resting = weekly.difference(self._runs(_WEEK))
        return ClosedDays(tuple([day for day in self.days if day not in resting]))

    def dead_seasons(self) -> ClosedDays:
        """Return those of closures so long that a year has a time without the shop."""
        return ClosedDays(tuple(self._runs(_SEASON)))

    def _runs(self, least: int) -> list[Day]:
        """Return the days of so many closed ones in a row or more."""
        found: list[Day] = []
        run: list[Day] = []
        for day in self.days:
            if run and day != run[-1] + 1:
                run = []
            run.append(day)
            if len(run) == least:
                found += run
            elif len(run) > least:
                found.append(day)
        return found


NEVER_CLOSED: Final = ClosedDays()


def moment_after(day: Day, days: float) -> int:
    """Milliseconds UTC so many days after midnight UTC of a business day."""
    return day * DAY + round(days * DAY)

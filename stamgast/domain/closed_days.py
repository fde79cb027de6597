"""Days on which a shop is closed: nobody can buy then, so a model of purchases may leave them out of its time."""

from bisect import bisect_right
from typing import Final

from msgspec import Struct

from stamgast.domain.units import DAY, Day

YEAR_DAYS: Final = 365


class ClosedDays(Struct, frozen=True):
    """Days since 1970-01-01, ascending, each once."""

    days: tuple[Day, ...] = ()

    @property
    def is_calendar(self) -> bool:
        """Whether every day counts, and as much as any other."""
        return not self.days

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


def moment_after(day: Day, days: float) -> int:
    """Milliseconds UTC so many days after midnight UTC of a business day."""
    return day * DAY + round(days * DAY)

"""Days on which a shop is closed: nobody can buy then, so a model of purchases may leave them out of its time."""

from bisect import bisect_right

from msgspec import Struct

from stamgast.domain.units import DAY, Day


class ClosedDays(Struct, frozen=True):
    """Days since 1970-01-01, ascending, each once."""

    days: tuple[Day, ...] = ()

    def open_between(self, first: Day, last: Day) -> int:
        """Count the open days after `first` up to and including `last`."""
        days = self.days
        return last - first - (bisect_right(days, last) - bisect_right(days, first))

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

"""How long something waits, as people mean it: days are days of the calendar, hours are hours."""

from typing import NamedTuple

from stamgast.domain.calendar import at_local, local_time
from stamgast.domain.units import MINUTE, Day, Millis


class Delay(NamedTuple):
    """Days on the shop's clock, and what is reckoned in hours and minutes beyond them."""

    days: Day = 0
    millis: Millis = 0

    def plus(self, other: "Delay") -> "Delay":
        """One after the other."""
        return Delay(self.days + other.days, self.millis + other.millis)

    def after(self, at: Millis, zone: str) -> Millis:
        """When it is over: at the same hour some days later, though a night in between had 23 hours or 25."""
        if not self.days:
            return at + self.millis
        local = local_time(at, zone)
        return at_local(local.day + self.days, local.minute, zone) + at % MINUTE + self.millis

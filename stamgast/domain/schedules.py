"""Moments that a rule has by the calendar: each Monday at ten, the first of each month, one date.

They are of the shop's own clock, so that the hour stays what it is when clocks change: what falls into the hour that is
skipped comes after it, and of the hour that comes twice the first one counts.
"""

import calendar
import hashlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from stamgast.domain.calendar import at_local, business_day, date_of
from stamgast.domain.units import Day, Millis

LAST_DAY: Final = 0
"""Of a month."""
FIRST_MONDAY: Final[Day] = 4
"""Of 1970: weeks are counted from there unless the rule says when it starts."""
BY_HAND: Final[Day] = -1
"""A day before all others: what is said to come then never comes by the calendar."""
_FARTHEST: Final[Day] = 800
"""Two occasions are never farther apart."""


class Each(StrEnum):
    """What a schedule counts in."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Schedule(NamedTuple):
    """`number` of `each` lie between two occasions. `once`: there is one, on that day.

    `weekdays` count from Monday as 0; `day` is the day of the month. `anchor` is a day of the first day, week or month.
    """

    each: Each
    number: int = 1
    weekdays: tuple[int, ...] = (0,)
    day: int = 1
    minute: int = 600
    spread: Millis = 0
    once: Day | None = None
    anchor: Day = FIRST_MONDAY

    @property
    def by_hand(self) -> bool:
        """Whether it has no occasions of its own: a person says when."""
        return self.once == BY_HAND

    def falls_on(self, day: Day) -> bool:
        """Whether that day has an occasion."""
        if self.once is not None:
            return day == self.once
        if self.each is Each.DAY:
            return (day - self.anchor) % self.number == 0
        if self.each is Each.WEEK:
            weeks = _week(day) - _week(self.anchor)
            return (day - FIRST_MONDAY) % 7 in self.weekdays and weeks % self.number == 0
        today, first = date_of(day), date_of(self.anchor)
        months = 12 * (today.year - first.year) + today.month - first.month
        last = calendar.monthrange(today.year, today.month)[1]
        wanted = last if self.day == LAST_DAY else min(self.day, last)
        return today.day == wanted and months % self.number == 0

    def after(self, moment: Millis, zone: str) -> Millis | None:
        """The next occasion; None: there is none any more."""
        if self.once is not None:
            found = at_local(self.once, self.minute, zone)
            return found if found > moment else None
        today = business_day(moment, zone)
        for day in range(today, today + _FARTHEST):
            if self.falls_on(day) and (found := at_local(day, self.minute, zone)) > moment:
                return found
        return None

    def latest(self, after: Millis, up_to: Millis, zone: str) -> Millis | None:
        """The last occasion between two moments, the second included."""
        if self.once is not None:
            found = at_local(self.once, self.minute, zone)
            return found if after < found <= up_to else None
        today = business_day(up_to, zone)
        for day in range(today, today - _FARTHEST, -1):
            if self.falls_on(day) and (found := at_local(day, self.minute, zone)) <= up_to:
                return found if found > after else None
        return None

    def between(self, after: Millis, up_to: Millis, zone: str) -> Iterator[Millis]:
        """All of them, the second moment included."""
        found = self.after(after, zone)
        while found is not None and found <= up_to:
            yield found
            found = self.after(found, zone)


def occasion_of(moment: Millis) -> str:
    """How an occasion is called, as rules remember it."""
    return f"at:{moment}"


def place_in_spread(rule: str, occasion: Millis, customer: str, spread: Millis) -> Millis:
    """So long after the occasion it is somebody's turn: the same in every run, and evenly over all."""
    digest = hashlib.blake2b(f"{rule}\x1f{occasion}\x1f{customer}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) * spread >> 64


def _week(day: Day) -> int:
    return (day - FIRST_MONDAY) // 7

"""A shop's time where its trade has a season: it runs fast when the shop is busy, and slowly when it is not.

A season is 52 weights of equal parts of a year, 1 on average. A day counts as much as its part weighs, so a model that
knows no seasons, told of days counted so, foretells with them: a week before Christmas may be three weeks long, and who
stays away in a dead month has hardly stayed away at all. A year is as long as the calendar's, so rates mean what they
meant. A part begins at the same day of the year to within a day, for a year is 365.25 days here.
"""

from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from typing import Final

from msgspec import Struct

from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.units import Day

PARTS: Final = 52
YEAR: Final = 365.25
PART_DAYS: Final = YEAR / PARTS
FOUR_YEARS: Final = 1461
LEAST: Final = 0.02
"""No part weighs less: time never stands still but on a closed day."""
_ROUNDING: Final = 1e-6


class Season(Struct, frozen=True, forbid_unknown_fields=True):
    """`weekly` are the weights from 1 January on; `origin` says whether they are the shop's own or those of a trade."""

    weekly: tuple[float, ...]
    origin: str = "own"


class ShopTime(ClosedDays, frozen=True):
    """Days counted by how busy their season is, closed ones not at all; made by `shop_time`.

    `until` has what the days of four years, one of them a leap year, count up to the beginning of each. `lost` is what
    closed days before each would have counted, `ends` what has been counted by the end of each, had it been open.
    """

    until: tuple[float, ...] = ()
    lost: tuple[float, ...] = (0.0,)
    ends: tuple[float, ...] = ()

    @property
    def is_calendar(self) -> bool:
        """Return False: days do not count alike."""
        return False

    def open_between(self, first: Day, last: Day) -> int:
        """Count the days after `first` up to and including `last`, to the nearest whole one."""
        return round(self.counted_by(last) - self.counted_by(first))

    def counted_by(self, day: Day) -> float:
        """Return the days counted from 1 January 1970 up to and including a day."""
        return self.clock(day + 1) - self.lost[bisect_right(self.days, day)]

    def closed_between(self, first: Day, last: Day) -> float:
        """Return how many days fewer than the calendar's are counted; of closed ones as far as is known at `first`."""
        slower = last - first - (self.clock(last + 1) - self.clock(first + 1))
        return slower + ClosedDays(self.days).closed_between(first, last)

    def after(self, day: Day, open_days: float) -> float:
        """Return how many calendar days after `day` so many counted ones have passed."""
        before = bisect_right(self.days, day)
        counted = self.clock(day + 1) - self.lost[before] + open_days
        counted += self.lost[max(before, bisect_right(self.ends, counted))]
        cycle, rest = divmod(counted, FOUR_YEARS)
        until = self.until
        place = min(bisect_right(until, rest) - 1, FOUR_YEARS - 1)
        into = (rest - until[place]) / (until[place + 1] - until[place])
        return cycle * FOUR_YEARS + place + into - 1 - day

    def clock(self, day: Day) -> float:
        """Return the days counted from 1 January 1970 to the beginning of a day, closed ones among them."""
        cycle, place = divmod(day, FOUR_YEARS)
        return cycle * FOUR_YEARS + self.until[place]


def shop_time(closed: ClosedDays, season: Season | None) -> ClosedDays:
    """Return the shop's time: its closed days left out, and the others counted by their season if it has one."""
    days = closed.days
    if season is None:
        return ClosedDays(days)
    plain = ShopTime(days, _until(season.weekly))
    lost = (0.0, *accumulate(plain.clock(day + 1) - plain.clock(day) for day in days))
    ends = tuple([plain.clock(day + 1) - before for day, before in zip(days, lost, strict=False)])
    return ShopTime(days, plain.until, lost, ends)


@lru_cache(maxsize=256)
def _until(weekly: tuple[float, ...]) -> tuple[float, ...]:
    """Return what days count up to the beginning of each of four years, as many as there are in them."""
    weights = [weekly[part_of(day)] for day in range(FOUR_YEARS)]
    whole = sum(weights)
    return (0.0, *accumulate(weight * FOUR_YEARS / whole for weight in weights))


def part_of(day: Day) -> int:
    """Return in which of the equal parts of its year a day is."""
    return min(int(day % YEAR / PART_DAYS), PARTS - 1)


def check_season(season: Season) -> None:
    """Check that days can be counted by it.

    Raises:
        ValueError: not 52 weights, one that is too small, or a mean other than 1. The text says which.
    """
    weekly = season.weekly
    if len(weekly) != PARTS:
        raise ValueError(f"season.weekly has {len(weekly)} weights; it must have {PARTS}")
    if not all(LEAST <= weight <= PARTS for weight in weekly):
        raise ValueError(f"the weights of season.weekly must be from {LEAST:g} to {PARTS}")
    if abs(sum(weekly) / PARTS - 1) > _ROUNDING:
        raise ValueError(f"the weights of season.weekly must be 1 on average, and are {sum(weekly) / PARTS:g}")


def season_of(weights: list[float], origin: str = "own") -> Season:
    """Make a season of weights of any level."""
    mean = sum(weights) / len(weights)
    found = [weight / mean for weight in weights]
    low = 0
    while (low_now := sum(weight <= LEAST for weight in found)) > low:
        low = low_now
        left = (len(found) - low * LEAST) / sum(weight for weight in found if weight > LEAST)
        found = [weight * left if weight > LEAST else LEAST for weight in found]
    return Season(tuple(found), origin)

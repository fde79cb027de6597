"""Whether a store's tills still tell us of sales, by what is usual for this very store.

Its opening hours are learned: the hours of the week in which it sells. A gap is the opening time between two sales.
Beyond the 99th percentile of its own gaps a feed is quiet; beyond three times that it is stale. So a closed day makes
nobody quiet, and a kiosk is judged by minutes where a gallery is by days.
"""

import math
from enum import StrEnum
from itertools import zip_longest
from typing import Final

from msgspec import Struct

from stamgast.domain.calendar import business_day, local_millis
from stamgast.domain.closed_days import NEVER_CLOSED, ClosedDays
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis

HOURS_A_WEEK: Final = 168
_FIRST_WEEKDAY: Final = 3
"""1970 began on a Thursday."""
_BUCKETS: Final = 96
_STEP: Final = 1.2
"""Ratio of a bucket's edges: gaps from a second to a year, within a fifth."""
_ENOUGH: Final = 100
"""Sales after which something is usual."""
_ENOUGH_TIME: Final = 7 * DAY
_OPEN_SHARE: Final = 50
"""An hour counts as open if it has at least a fiftieth of what the busiest has."""
_MOST: Final = 50_000
_LATE: Final = 10 * MINUTE
"""What comes later than that was held back somewhere: its gap says nothing."""
_LONGEST: Final = 30 * DAY
STALE_AT: Final = 3
FAILING: Final = HOUR
"""Polling that has failed for so long makes a feed stale."""


class Health(StrEnum):
    """How a feed is."""

    HEALTHY = "healthy"
    QUIET = "quiet"
    STALE = "stale"


class FeedStats(Struct):
    """What is usual for a store, and when it was last heard of (0: never)."""

    first: Millis = 0
    last: Millis = 0
    hours: list[int] = []
    gaps: list[int] = []

    @property
    def sales(self) -> int:
        """How many it was learned from; halved now and then, so that habits may change."""
        return sum(self.hours)

    def note(self, occurred: Millis, at: Millis, zone: str) -> None:
        """A sale was told `at`."""
        if not self.hours:
            self.first, self.hours, self.gaps = at, [0] * HOURS_A_WEEK, [0] * _BUCKETS
        if at - occurred <= _LATE:
            if self.last:
                gap = self.open_between(self.last, at, zone)
                self.gaps[_bucket(gap)] += 1
            self.hours[_hour(at, zone)] += 1
        self.last = max(self.last, at)
        if self.sales > _MOST:
            self.hours = [each // 2 for each in self.hours]
            self.gaps = [each // 2 for each in self.gaps]

    def with_before(self, before: "FeedStats") -> "FeedStats":
        """What is usual by both: what was learned before was lost, and is found again."""
        hours, gaps = ([a + b for a, b in zip_longest(*each, fillvalue=0)] for each in (
            (self.hours, before.hours), (self.gaps, before.gaps)
        ))  # fmt: skip
        first = min(filter(None, (self.first, before.first)), default=0)
        return FeedStats(first, max(self.last, before.last), hours, gaps)

    def open_between(self, begins: Millis, ends: Millis, zone: str, closed: ClosedDays = NEVER_CLOSED) -> Millis:
        """Opening time between two moments, but for closed days; all of it while nothing is usual yet."""
        if not self.is_usual(begins):
            return max(0, ends - begins)
        busiest, open_for, at = max(self.hours), 0, max(begins, ends - _LONGEST)
        while at < ends:
            until = min(ends, at + HOUR - local_millis(at, zone) % HOUR)
            if self.hours[_hour(at, zone)] * _OPEN_SHARE >= busiest and not closed.holds(business_day(at, zone)):
                open_for += until - at
            at = until
        return open_for

    def is_usual(self, now: Millis) -> bool:
        """Whether enough is known to tell what is usual."""
        return self.sales >= _ENOUGH and now - self.first >= _ENOUGH_TIME

    @property
    def usual_gap(self) -> Millis:
        """The 99th percentile of its gaps in opening time."""
        rest = math.ceil(sum(self.gaps) * 0.99)
        for number, count in enumerate(self.gaps):
            rest -= count
            if rest <= 0:
                return int(_STEP ** (number + 1) * 1_000)
        return _LONGEST

    def health(self, now: Millis, zone: str, *, closed: ClosedDays = NEVER_CLOSED, failing_since: Millis = 0) -> Health:
        """How the feed is. `closed`: days on which the shop is; `failing_since`: when polling began to fail, or 0."""
        if failing_since and now - failing_since >= FAILING:
            return Health.STALE
        if not self.last or not self.is_usual(now):
            return Health.HEALTHY
        gap, usual = self.open_between(self.last, now, zone, closed), self.usual_gap
        if gap > STALE_AT * usual:
            return Health.STALE
        return Health.QUIET if gap > usual else Health.HEALTHY


def _bucket(gap: Millis) -> int:
    seconds = gap / 1_000
    return 0 if seconds <= 1 else min(_BUCKETS - 1, int(math.log(seconds) / math.log(_STEP)))


def _hour(at: Millis, zone: str) -> int:
    """Hours since the week began, by the clock on the wall."""
    return (local_millis(at, zone) // HOUR + _FIRST_WEEKDAY * 24) % HOURS_A_WEEK

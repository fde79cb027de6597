"""How sure it was that somebody who was called lapsing had left, and how long that took: by the shop's own past.

A call is judged once as much time again has passed as until the customer counts as lapsed. Whoever came back meanwhile,
or later, had not left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec import Struct, field

from stamgast.domain.counters import BETWEEN, Counter, counter
from stamgast.domain.program import LapseModel
from stamgast.domain.units import DAY, Day, Millis

_CALLED: Final = "called"
_JUDGED: Final = "judged"
_RIGHT: Final = "right"
FEWEST: Final = 20
"""Calls without which a share means nothing."""


class Lapses(Struct):
    """Calls of customers as lapsing."""

    called: int = 0
    judged: int = 0
    right: dict[int, int] = field(default_factory=dict)
    """Days since the last visit -> how many of that age had left."""

    def add(self, calls: Iterable[tuple[Millis, Day]], last_day: Day, end: Millis, lapse: LapseModel) -> None:
        """Count one customer's, who came for the last time on a day."""
        for at, day in calls:
            self.called += 1
            quiet = at - day * DAY
            if at + quiet * (lapse.lapsed_after - 1) > end:
                continue
            self.judged += 1
            if last_day <= day:
                days = round(quiet / DAY)
                self.right[days] = self.right.get(days, 0) + 1

    def merge(self, other: Lapses) -> None:
        """Add what was counted of others."""
        self.called += other.called
        self.judged += other.judged
        for days, times in other.right.items():
            self.right[days] = self.right.get(days, 0) + times

    @classmethod
    def of(cls, totals: Mapping[str, int]) -> Lapses:
        """Those that `counted` wrote, of all customers."""
        found = cls()
        for name, times in totals.items():
            words = name.split(BETWEEN)
            if words[0] != Counter.LAPSING or len(words) == 1:
                continue
            if words[1] == _CALLED:
                found.called += times
            elif words[1] == _JUDGED:
                found.judged += times
            else:
                found.right[int(words[2])] = times
        return found

    def counted(self) -> Iterator[tuple[str, int]]:
        """Counters that add up over customers, and what they are here."""
        yield counter(Counter.LAPSING, _CALLED), self.called
        yield counter(Counter.LAPSING, _JUDGED), self.judged
        for days, times in self.right.items():
            yield counter(Counter.LAPSING, _RIGHT, str(days)), times

    def document(self) -> dict[str, Any]:
        """As it stands in the answer; what too few say is null."""
        right = sum(self.right.values())
        return {
            "called": self.called,
            "judged": self.judged,
            "did_not_come_back": right,
            "precision": round(right / self.judged, 3) if self.judged >= FEWEST else None,
            "median_days": _median(self.right) if right else None,
        }


def lapses_in_words(found: Mapping[str, Any]) -> str:
    """The same as a sentence; empty where nobody was called lapsing."""
    if not found["called"]:
        return ""
    told = f"{found['called']:,} times somebody was called lapsing"
    if not found["judged"]:
        return f"{told}; none is long enough ago to say whether they came back"
    share = "" if found["precision"] is None else f" ({found['precision']:.0%})"
    told += f"; of {found['judged']:,} that are long enough ago {found['did_not_come_back']:,}{share} did not come back"
    days = found["median_days"]
    return told if days is None else f"{told}, and were told {days:,} days after their last visit (median)"


def _median(counts: Mapping[int, int]) -> int:
    half = (sum(counts.values()) + 1) // 2
    for days, times in sorted(counts.items()):
        half -= times
        if half <= 0:
            return days
    raise AssertionError

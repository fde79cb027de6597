"""Figures that hold from a day on: prices, rates."""

from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from stamgast.domain.units import Day

Dated = Sequence[tuple[Day, int]]
"""From which day on, and what; ascending."""


_SINCE: Final = itemgetter(0)


def on_day(figures: Dated, day: Day) -> int | None:
    """Return what holds on a day; None before the first."""
    before = bisect_right(figures, day, key=_SINCE)
    return figures[before - 1][1] if before else None


def is_within(day: Day, first: Day | None, last: Day | None) -> bool:
    """Whether a day is one of those, both ends included; None: there is no such end."""
    return (first is None or first <= day) and (last is None or day <= last)

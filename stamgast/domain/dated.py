"""Figures that hold from a day on: prices, rates."""

from collections.abc import Sequence

from stamgast.domain.units import Day

Dated = Sequence[tuple[Day, int]]
"""From which day on, and what; ascending."""


def on_day(figures: Dated, day: Day) -> int | None:
    """Return what holds on a day; None before the first."""
    found = None
    for since, figure in figures:
        if since <= day:
            found = figure
    return found


def is_within(day: Day, first: Day | None, last: Day | None) -> bool:
    """Whether a day is one of those, both ends included; None: there is no such end."""
    return (first is None or first <= day) and (last is None or day <= last)

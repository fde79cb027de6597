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

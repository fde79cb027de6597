"""Spans of whole days on a shop's clock."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from stamgast.domain.calendar import at_local, business_day
from stamgast.domain.units import Day, Millis

_EPOCH = date(1970, 1, 1).toordinal()


class Days(NamedTuple):
    """From one day to another, both included."""

    first: Day
    last: Day

    def of(self, zone: str) -> Span:
        """The moments that these days are in a time zone."""
        return Span(at_local(self.first, 0, zone), at_local(self.last + 1, 0, zone))

    def as_json(self) -> dict[str, Any]:
        """Its keys in the document."""
        first, last = (date.fromordinal(_EPOCH + each).isoformat() for each in self)
        return {"from": first, "to": last}


class Span(NamedTuple):
    """The moments with since <= moment < until."""

    since: Millis
    until: Millis

    def holds(self, moment: Millis) -> bool:
        """Whether a moment lies in it."""
        return self.since <= moment < self.until


class DayError(ValueError):
    """What was written is no day, or no span."""


class Wanted(NamedTuple):
    """What was asked for: from a day to another, or to today (None)."""

    first: Day
    last: Day | None
    now: Millis

    def days(self, zone: str) -> Days:
        """The days that these are in a time zone."""
        last = max(self.first, business_day(self.now, zone)) if self.last is None else self.last
        return Days(self.first, last)


def wanted(first: str, last: str, now: Millis) -> Wanted:
    """Read a span as people write it (`2026-09-30`); `last` may be empty.

    Raises:
        DayError: says what is wrong and how to write it.
    """
    begin, end = day_of(first, "from"), day_of(last, "to") if last else None
    if end is not None and begin > end:
        raise DayError(f"the span ends ({last}) before it begins ({first})")
    return Wanted(begin, end, now)


def day_of(text: str, name: str) -> Day:
    """A day as people write it to programs. Raises `DayError`."""
    try:
        if len(text) != 10:
            raise ValueError  # noqa: TRY301 - `20260930` is a date by ISO 8601, and nobody means it
        return date.fromisoformat(text).toordinal() - _EPOCH
    except ValueError:
        raise DayError(f'"{text}" is not a day; write `{name}` as 2026-09-30') from None

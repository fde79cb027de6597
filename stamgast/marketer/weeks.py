"""This week against the last one: what was sold, sent and used, day by day and store by store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from stamgast.domain.calendar import date_of
from stamgast.domain.day_sums import Kept, Sums
from stamgast.domain.units import Day

WEEK: Final = 7
DAYS_DRAWN: Final = 28


class DaySums(Struct, frozen=True):
    """One business day."""

    date: str
    sums: Sums


class StoreWeek(Struct, frozen=True):
    """What one store sold (empty: stores that the programme does not name)."""

    store: str
    this: Sums
    last: Sums


class Weeks(Struct, frozen=True):
    """From Monday to today, against the same days of the week before, and against all of that week.

    Days are business days on the shop's clock. Today is not over, so on most days `this` holds less than a whole day.
    """

    since: str
    until: str
    this: Sums
    last: Sums
    """Of the same days of the week before."""
    whole_last: Sums
    stores: list[StoreWeek]
    days: list[DaySums]
    """The newest four weeks, the oldest first."""


def weeks(kept: Kept, today: Day, stores: Sequence[str]) -> Weeks:
    """Compare them; `stores` are those of the programme."""
    monday = today - (today + 3) % WEEK  # day 0 was a Thursday
    this = range(monday, today + 1)
    last = range(monday - WEEK, today + 1 - WEEK)
    found = [StoreWeek(each, kept.days_of(this, each), kept.days_of(last, each)) for each in (*stores, "")]
    sold_nothing = Sums()
    return Weeks(
        since=date_of(monday).isoformat(),
        until=date_of(today).isoformat(),
        this=kept.days_of(this),
        last=kept.days_of(last),
        whole_last=kept.days_of(range(monday - WEEK, monday)),
        stores=[each for each in found if each.store or (each.this, each.last) != (sold_nothing, sold_nothing)],
        days=[
            DaySums(date_of(day).isoformat(), kept.days_of([day])) for day in range(today - DAYS_DRAWN + 1, today + 1)
        ],
    )

"""From moments to a store's own days and hours.

A business day begins at the store's day-start hour, so that a bar's sale at 01:30 belongs to the evening
before. Offsets of time zones change on quarter hours only, and on two days a year: so they are looked up once a day,
and once a quarter on those.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from stamgast.domain.units import DAY, HOUR, MINUTE, Day, Millis

_QUARTER: Final = 15 * MINUTE
_MILLISECOND = timedelta(milliseconds=1)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class LocalTime(Struct, frozen=True, gc=False):
    """A moment on a wall clock: business day, minutes since local midnight, weekday name of that day."""

    day: Day
    minute: int
    weekday: str


@lru_cache(maxsize=4096)
def _offset_of_quarter(quarter: int, zone: str) -> Millis:
    return _offset_at(quarter * _QUARTER, zone)


@lru_cache(maxsize=4096)
def offset_of_day(day: Day, zone: str) -> Millis | None:
    """The offset from midnight UTC to midnight UTC; None where it changes in between, as twice a year."""
    offset = _offset_at(day * DAY, zone)
    return offset if offset == _offset_at((day + 1) * DAY, zone) else None


def _offset_at(at: Millis, zone: str) -> Millis:
    offset = datetime.fromtimestamp(at // 1000, ZoneInfo(zone)).utcoffset()
    return 0 if offset is None else offset // _MILLISECOND


def local_millis(at: Millis, zone: str) -> Millis:
    """The wall clock's reading as if it were UTC. Raises `ZoneInfoNotFoundError` for an unknown zone."""
    offset = offset_of_day(at // DAY, zone)
    return at + (_offset_of_quarter(at // _QUARTER, zone) if offset is None else offset)


def business_day(at: Millis, zone: str, day_start: int = 0) -> Day:
    """The business day of a moment: days since 1970-01-01; `day_start` is an hour (0-23)."""
    offset = offset_of_day(at // DAY, zone)
    if offset is None:
        offset = _offset_of_quarter(at // _QUARTER, zone)
    return (at + offset - day_start * HOUR) // DAY


def local_time(at: Millis, zone: str, day_start: int = 0) -> LocalTime:
    """Where the hands of a clock in `zone` stand, on which business day (as in `business_day`)."""
    offset = offset_of_day(at // DAY, zone)
    local = at + (_offset_of_quarter(at // _QUARTER, zone) if offset is None else offset)
    day = (local - day_start * HOUR) // DAY
    return LocalTime(day, local % DAY // MINUTE, WEEKDAYS[(day + 3) % 7])


def weekday(day: Day) -> str:
    """`monday` ... `sunday`; day 0 was a Thursday."""
    return WEEKDAYS[(day + 3) % 7]


@lru_cache(maxsize=4096)
def at_local(day: Day, minute: int, zone: str) -> Millis:
    """The moment at which a clock in `zone` shows that day and minute.

    In the hour that a clock skips in spring it is the moment after the jump; in the hour shown twice in
    autumn the first of the two.
    """
    wall = date.fromordinal(date(1970, 1, 1).toordinal() + day)
    local = datetime(wall.year, wall.month, wall.day, tzinfo=ZoneInfo(zone)) + timedelta(minutes=minute)
    return round(local.timestamp() * 1000)


def date_of(day: Day) -> date:
    """Business day -> calendar date."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + day)


def day_of_date(when: date) -> Day:
    """Calendar date -> business day."""
    return when.toordinal() - date(1970, 1, 1).toordinal()

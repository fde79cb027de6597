"""How long a voucher can be used: to the end of the business day that its message names, in the store's own zone.

A reward of 30 days that is earned at 10:12 does not end at 10:12 thirty days later: it is good for all of that day, to
the hour at which the store's next business day begins. Messages, the till, the API and timers go by the same moment.
"""

from typing import NamedTuple

from stamgast.domain.calendar import at_local, business_day
from stamgast.domain.program import Program
from stamgast.domain.units import Day, Millis


class _Days(NamedTuple):
    """By which clock business days are counted, and at which hour they begin."""

    time_zone: str
    day_start: int


def end_of_day(program: Program, store: str, at: Millis) -> Millis:
    """The last millisecond of the business day of that moment, in the store; `store` may be none or unknown."""
    days = _days_of(program, store)
    day = business_day(at, days.time_zone, days.day_start)
    return at_local(day + 1, days.day_start * 60, days.time_zone) - 1


def last_day(program: Program, expires_at: Millis) -> Day:
    """The business day on which a voucher ends, as people are told it.

    A voucher does not say whose day it is: it is that of the store whose day ends just then. One that ends at another
    moment was given before vouchers ended with days, and ends on the merchant's own calendar.
    """
    for days in dict.fromkeys(_Days(each.time_zone, each.day_start) for each in program.stores.values()):
        day = business_day(expires_at, days.time_zone, days.day_start)
        if expires_at + 1 == at_local(day + 1, days.day_start * 60, days.time_zone):
            return day
    return business_day(expires_at, program.time_zone)


def _days_of(program: Program, store: str) -> _Days:
    """Those of the store; where none is at hand, the latest of the stores on the merchant's own clock."""
    known = program.stores.get(store)
    if known is not None:
        return _Days(known.time_zone, known.day_start)
    starts = [each.day_start for each in program.stores.values() if each.time_zone == program.time_zone]
    if starts:
        return _Days(program.time_zone, max(starts))
    abroad = (_Days(each.time_zone, each.day_start) for each in program.stores.values())
    return next(abroad, _Days(program.time_zone, 0))

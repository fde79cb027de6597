"""Moments that rules wait for: a birthday, a day of silence, the end of a voucher or of stamps. Each is a timer of the
customer's.

When it is due follows from the state, the programme and the rules in force, so that whoever plans it comes to the
same: an event of the customer's, the review after a publication (`streams.customers.replan`), a rebuild. What lies in
the past when it is planned is not waited for: who has been away for a year when a rule on thirty days of silence is
published has not just come to be away for thirty days. A timer that is due and was not run yet stays. Of stamps alone
it is asked again, for they run out only once somebody was warned (`stamgast.domain.card_expiry`).
"""

import calendar
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from stamgast.domain.calendar import at_local, business_day, date_of, day_of_date
from stamgast.domain.card_expiry import warning_at
from stamgast.domain.customer import Customer, Voucher
from stamgast.domain.program import Program
from stamgast.domain.units import DAY, Day, Millis
from stamgast.domain.vocabulary import TimerKind, VoucherState

JOINED: Final = "joined"
FIRST_VISIT: Final = "first_visit"
BEGINNINGS: Final = (JOINED, FIRST_VISIT)
"""What an anniversary may be of."""


class Awaited(NamedTuple):
    """What a rule waits for. `by`: days of silence, days before the date or before stamps may run out, or milliseconds
    before a voucher ends.
    """

    kind: TimerKind
    by: int
    of: str = ""
    """Of an anniversary: one of `BEGINNINGS`. Of stamps: their card."""

    @property
    def name(self) -> str:
        """How its timer is called."""
        return f"{self.kind}:{self.of}:{self.by}" if self.of else f"{self.kind}:{self.by}"


class Occurrence(NamedTuple):
    """One time that a yearly date comes. `years` is how many have passed by then; of a birthday, which year it is."""

    moment: Millis
    years: int


KINDS: Final = (TimerKind.UNSEEN, TimerKind.BIRTHDAY, TimerKind.ANNIVERSARY, TimerKind.ENDING, TimerKind.EXPIRING)


def due_of(awaited: Awaited, customer: Customer, program: Program, at: Millis, held: Millis | None) -> Millis | None:
    """When it comes next, as seen at a moment at which the timer stands at `held`; None: it does not."""
    if awaited.kind is TimerKind.UNSEEN:
        moment = unseen_at(awaited, customer, program)
        return moment if moment is None or moment > at else held
    if awaited.kind is TimerKind.EXPIRING:
        moment = _warning_at(awaited, customer, program, at)
        return moment if moment is None or held is None or held > at + DAY else min(held, moment)
    if awaited.kind is TimerKind.ENDING:
        moments = [voucher.expires_at - awaited.by for voucher in open_vouchers(customer)]
    else:
        moments = [each.moment for each in occurrences(awaited, customer, program, at)]
    if held is not None and held <= at and held in moments:
        return held
    return min((moment for moment in moments if moment > at), default=None)


def unseen_at(awaited: Awaited, customer: Customer, program: Program) -> Millis | None:
    """The beginning of the day on which nobody has seen the customer for so many days; None for who never came."""
    if not customer.visits:
        return None
    return at_local(customer.last_day + awaited.by, 0, program.time_zone)


def _warning_at(awaited: Awaited, customer: Customer, program: Program, at: Millis) -> Millis | None:
    definition, card = program.cards.get(awaited.of), customer.cards.get(awaited.of)
    if definition is None or definition.expires is None or card is None:
        return None
    return warning_at(card, definition.expires, awaited.by, program.time_zone, at)


def open_vouchers(customer: Customer) -> Iterable[Voucher]:
    """Those at hand that can be used."""
    return (voucher for voucher in customer.vouchers if voucher.state == VoucherState.OPEN)


def occurrences(awaited: Awaited, customer: Customer, program: Program, at: Millis) -> Sequence[Occurrence]:
    """The times around now that a yearly date is so many days away, at the beginning of that day."""
    year = date_of(business_day(at, program.time_zone)).year
    if awaited.kind is TimerKind.BIRTHDAY:
        birthday = program.veil.birthday(customer.birthday) if customer.birthday else ""
        if not birthday:
            return ()
        month, _, day = birthday.partition("-")
        return _around(year, int(month), int(day), awaited.by, program.time_zone)
    since = begins_on(awaited.of, customer, program)
    if since is None:
        return ()
    first = date_of(since)
    around = _around(year, first.month, first.day, awaited.by, program.time_zone)
    return [Occurrence(moment, of - first.year) for moment, of in around if of > first.year]


@lru_cache(maxsize=16_384)
def _around(year: int, month: int, day: int, before: Day, zone: str) -> tuple[Occurrence, ...]:
    """In the year before a year, in it and in the two after it; `years` are these years themselves."""
    years = range(year - 1, year + 3)
    return tuple(Occurrence(at_local(_day_in(each, month, day) - before, 0, zone), each) for each in years)


def begins_on(of: str, customer: Customer, program: Program) -> Day | None:
    """The day that anniversaries count from."""
    if of == JOINED:
        return business_day(customer.joined_at, program.time_zone) if customer.joined_at else None
    return customer.first_day if customer.visits else None


def _day_in(year: int, month: int, day: int) -> Day:
    """29 February is the 28th in years without one."""
    if month == 2 and day == 29 and not calendar.isleap(year):
        day = 28
    return day_of_date(date(year, month, day))

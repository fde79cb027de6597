"""Moments that rules wait for: planned after each event, answered when they are due (`stamgast.domain.awaited`)."""

from collections.abc import Callable
from typing import Final

from stamgast.domain.awaited import KINDS, Awaited, due_of, occurrences, open_vouchers, unseen_at
from stamgast.domain.calendar import business_day
from stamgast.domain.card_expiry import EXPIRES_ON, last_day_told, lies, newest_stamp
from stamgast.domain.counters import Counter
from stamgast.domain.customer import Customer
from stamgast.domain.facts import Fact
from stamgast.domain.heard import knows_who_was_there
from stamgast.domain.occasions import expiring_occasion
from stamgast.domain.rewards import ending_fact
from stamgast.domain.tiers import drops_at, given_ends_at
from stamgast.domain.units import DAY, Millis
from stamgast.domain.vocabulary import FactName, TimerKind
from stamgast.service import expiry
from stamgast.service.case import Bundle, Case


def wanted(customer: Customer, bundle: Bundle, at: Millis) -> dict[str, Millis]:
    """Name of a timer that rules in force, or tiers, ask for -> when it is due."""
    found: dict[str, Millis] = {}
    if customer.erased_at:
        return found
    for awaited in bundle.rules.awaited:
        due = due_of(awaited, customer, bundle.program, at, customer.timers.get(awaited.name))
        if due is not None:
            found[awaited.name] = due
    if bundle.program.expiring_cards:
        found |= expiry.wanted(customer, bundle.program, at)
    if bundle.program.tiers is not None:
        due = drops_at(customer, bundle.program, at, customer.timers.get(_TIER))
        if due is not None:
            found[_TIER] = due
        given = given_ends_at(customer) if customer.given_tiers else None
        if given is not None:
            found[_GIVEN_TIER] = given
    return found


def plan(case: Case) -> None:
    """Move the timers of rules to where the state says they belong."""
    timers = case.customer.timers
    due = wanted(case.customer, case.context.bundle, case.at)
    for name in [name for name in timers if name not in due and name.partition(":")[0] in _PLANNED]:
        del timers[name]
    timers.update(due)


def answer(case: Case, name: str, due: Millis) -> list[Fact]:
    """A timer of rules is due: what became true, if a rule still waits for it."""
    awaited = next((each for each in case.context.bundle.rules.awaited if each.name == name), None)
    return [] if awaited is None else _ANSWERS[awaited.kind](case, awaited, due)


def _unseen(case: Case, awaited: Awaited, _due: Millis) -> list[Fact]:
    if not knows_who_was_there(case.program):
        # Nobody knows who has been there: ask again tomorrow.
        case.customer.timers[awaited.name] = case.at + DAY
        case.count(Counter.FEED_STALE)
        return []
    moment = unseen_at(awaited, case.customer, case.program)
    if moment is None or moment > case.at:
        return []
    return [Fact(FactName.NOT_SEEN, f"quiet:{case.customer.last_day}", awaited.by - 1, awaited.by)]


def _birthday(case: Case, awaited: Awaited, due: Millis) -> list[Fact]:
    for moment, year in occurrences(awaited, case.customer, case.program, case.at):
        if moment == due:
            return [Fact(FactName.BIRTHDAY, f"birthday:{year}", after=awaited.by)]
    return []


def _anniversary(case: Case, awaited: Awaited, due: Millis) -> list[Fact]:
    for moment, years in occurrences(awaited, case.customer, case.program, case.at):
        if moment == due:
            data = {"of": awaited.of, "years": years}
            return [Fact(FactName.ANNIVERSARY, f"anniversary:{awaited.of}:{years}", after=awaited.by, data=data)]
    return []


def _ending(case: Case, awaited: Awaited, due: Millis) -> list[Fact]:
    """All whose moment has come since the timer was set: it stood at the first of them."""
    return [
        ending_fact(voucher, awaited.by)
        for voucher in open_vouchers(case.customer)
        if due <= voucher.expires_at - awaited.by <= case.at < voucher.expires_at
    ]


def _expiring(case: Case, awaited: Awaited, _due: Millis) -> list[Fact]:
    """Who bought while the feed was not heard has stamps that are not known yet: they are asked about tomorrow."""
    card, definition = case.customer.cards.get(awaited.of), case.program.cards.get(awaited.of)
    if definition is None or definition.expires is None or card is None or not lies(card) or card.warned_at:
        return []
    if not knows_who_was_there(case.program):
        case.customer.timers[awaited.name] = case.at + DAY
        case.count(Counter.FEED_STALE)
        return []
    today, newest = business_day(case.at, case.program.time_zone), newest_stamp(card)
    if today < definition.expires.ends(newest) - awaited.by:
        return []
    data = {"card": awaited.of, EXPIRES_ON: last_day_told(card, definition.expires, today)}
    return [Fact(FactName.STAMPS_EXPIRING, expiring_occasion(awaited.of, newest), after=awaited.by, data=data)]


_ANSWERS: Final[dict[TimerKind, Callable[[Case, Awaited, Millis], list[Fact]]]] = {
    TimerKind.UNSEEN: _unseen,
    TimerKind.BIRTHDAY: _birthday,
    TimerKind.ANNIVERSARY: _anniversary,
    TimerKind.ENDING: _ending,
    TimerKind.EXPIRING: _expiring,
}
_TIER: Final = TimerKind.TIER.value
_GIVEN_TIER: Final = TimerKind.GIVEN_TIER.value
_PLANNED: Final = frozenset({*KINDS, TimerKind.TIER, TimerKind.GIVEN_TIER, TimerKind.STAMPS})

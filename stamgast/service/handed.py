"""Stamps that a till gives by hand, for a reason it names, and takes back.

They stand in the ledger by the till's request, as those of rules stand by theirs: a request that comes twice gives
once, and one that was taken back before it came gives nothing.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.counters import BETWEEN, AtTill, Counter, counter
from stamgast.domain.till_events import StampsHanded, StampsHandedBack
from stamgast.domain.told import TAKEN_BACK
from stamgast.service import added_stamps, telling
from stamgast.service.case import Case
from stamgast.service.rules import fire

_encode: Final = msgspec.json.Encoder().encode


class HandAnswer(Struct, frozen=True, omit_defaults=True):
    """The owner's answer: an HTTP status, what to tell the till, and how the card stands now."""

    status: int
    detail: str
    card: str = ""
    stamps: int = 0
    balance: int = 0
    """Stamps on the card."""
    completed: int = 0
    """Cards that are full, ever."""


def give(case: Case, event: StampsHanded) -> None:
    """Put the stamps on the card, or say why not. Raises NotReadError."""
    request = event.id or ""
    case.receipt = request
    cause = _cause(request)
    known = added_stamps.given_for(case, cause)
    case.late = case.at - event.happened_at > case.program.fresh_for
    if known:
        answer = _known(case, known[0])
    elif case.customer.erased_at or event.card not in case.program.cards:
        answer = HandAnswer(404, "There is no such customer." if case.customer.erased_at else "There is no such card.")
    elif not added_stamps.put(case, cause, event.card, event.stamps, week_at_till(case, event.till, event.operator_id)):
        answer = HandAnswer(409, "This card takes no stamps on this day.", event.card)
    else:
        telling.by_hand(case, event, "given", event.stamps)
        count_at_till(case, event.till, event.operator_id, {AtTill.HANDED: 1, AtTill.STAMPS: event.stamps})
        fire(case, [])
        answer = _stands(case, event.card, event.stamps)
    _answer(case, request, answer)


def take_back(case: Case, event: StampsHandedBack) -> None:
    """Take off what a request gave; one that is still to come will give nothing. Raises NotReadError."""
    case.receipt = event.handing
    cause = _cause(event.handing)
    known = added_stamps.given_for(case, cause)
    if not known:
        added_stamps.refuse(case, cause)
        answer = HandAnswer(200, "Taken back: it will give nothing.")
    elif known[0].back:
        answer = HandAnswer(200, "Taken back.", known[0].card, known[0].stamps)
    else:
        added_stamps.take_off(case, (cause,), lambda *_: True)
        telling.by_hand(case, event, TAKEN_BACK, known[0].stamps, known[0].card)
        # Whoever takes it back, and whenever, it leaves its own count. Older ones do not say which: the event does.
        where = known[0].counted or week_at_till(case, event.till, event.operator_id)
        _count(case, where, {AtTill.HANDED: -1, AtTill.STAMPS: -known[0].stamps})
        fire(case, [])
        answer = _stands(case, known[0].card, known[0].stamps)
    _answer(case, event.id or "", answer)
    _answer(case, event.handing, HandAnswer(409, "This request was taken back."))


def count_at_till(case: Case, till: str, operator: str, what: Mapping[AtTill, int]) -> None:
    """Count what was done at a till by somebody in a week (of the merchant's own clock)."""
    _count(case, week_at_till(case, till, operator), what)


def week_at_till(case: Case, till: str, operator: str) -> str:
    """What is counted of a till, of who stands there, and of this week; empty where neither is named."""
    if not till and not operator:
        return ""
    year, week, _ = date_of(business_day(case.at, case.program.time_zone)).isocalendar()
    return counter(Counter.TILL, till, operator, f"{year}-W{week:02}")


def _count(case: Case, where: str, what: Mapping[AtTill, int]) -> None:
    for each, by in what.items() if where else ():
        case.count(f"{where}{BETWEEN}{each}", by)


def _cause(request: str) -> str:
    return f"by_hand:{request}"


def _known(case: Case, added: added_stamps.Added) -> HandAnswer:
    if added.back:
        return HandAnswer(409, "This request was taken back.")
    return _stands(case, added.card, added.stamps)


def _stands(case: Case, card: str, stamps: int) -> HandAnswer:
    now = case.customer.cards.get(card)
    if now is None:
        return HandAnswer(200, "Done.", card, stamps)
    return HandAnswer(200, "Done.", card, stamps, now.balance, now.completed)


def _answer(case: Case, request: str, answer: HandAnswer) -> None:
    if request:
        case.change.answers[request] = _encode(answer)

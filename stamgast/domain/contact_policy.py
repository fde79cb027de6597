"""The one gate every message passes: consent, opt-out, holdout, caps, then quiet hours.

The order matters: a message nobody may send is refused before it is counted anywhere, and a message is
only held for the night once everything else allows it.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from stamgast.domain.activation import Activation, Rank, rank_of
from stamgast.domain.calendar import at_local, local_time
from stamgast.domain.channels import Address, spec_of
from stamgast.domain.contacts import count_of, moments, newest_of, oldest, without_old
from stamgast.domain.conversation import OpenQuestion
from stamgast.domain.customer import Customer
from stamgast.domain.preferences import Fills
from stamgast.domain.program import Program, Window
from stamgast.domain.questions import Question, asked_by
from stamgast.domain.units import DAY, Millis
from stamgast.domain.vocabulary import ActivationState, Purpose, Reason, Verdict

ALL_DAY = Window(0, 24 * 60)
KEEP_CONTACTS = 31 * DAY
MOST_CONTACTS = 1000
"""Messages that anybody gets in that time at most, whatever a programme allows."""
NEVER: Final[Millis] = 1 << 62
_HELD: Final = ActivationState.HELD.value  # asked of every message of a customer
_SUBMITTED: Final = ActivationState.SUBMITTED.value
_SUPPRESS: Final = Verdict.SUPPRESS
_SUBMIT: Final = Verdict.SUBMIT
_NO_CONSENT: Final = Reason.NO_CONSENT
_OPTED_OUT: Final = Reason.OPTED_OUT
_BAD_NUMBER: Final = Reason.BAD_NUMBER
_HOLDOUT: Final = Reason.HOLDOUT


class Terms(Struct, frozen=True):
    """What a rule asks of its message. Durations in milliseconds; `hold_out` in percent."""

    rule: str
    purpose: str
    channels: tuple[str, ...]
    window: Window | None = None
    wait_outside: bool = True
    give_up_at: Millis = 0
    cool_down: Millis = 0
    hold_out: int = 0
    waits_until: Millis = 0
    """A message about what was earned waits for room until its voucher ends; 0: it is about nothing of the kind."""
    had_room: bool = False
    """It waits, and there was room for it when it began to."""
    template: str = ""
    occasion: str = ""
    """What its rule fired for; the same for each attempt at it."""
    rank: Rank | None = None
    """Where it stands among those that wait; None: behind all of them."""


class Full(NamedTuple):
    """There is no room for a message: why, and when there is again as far as anybody can know."""

    reason: str
    until: Millis


class Decision(Struct, frozen=True):
    """What the gate says (`verdict`), and why (`reason`). `until` is when to look again, or when it must have left."""

    verdict: Verdict
    reason: str = ""
    channel: str = ""
    other_channels: tuple[str, ...] = ()
    until: Millis = 0


def stable_percent(*parts: str) -> float:
    """A number in [0, 100) that depends on the words alone: stable samples for holdouts and canaries."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 * 100


def is_held_out(merchant: str, rule: str, customer_id: str, percent: int) -> bool:
    """Whether the customer is in a rule's control group."""
    return percent > 0 and stable_percent("holdout", merchant, rule, customer_id) < percent


def why_not_offered(customer: Customer, customer_id: str, program: Program, terms: Terms, at: Millis) -> str:
    """Why something may not be offered without a message: nobody is given what no message could tell them of.

    Without a purpose nothing is given, and nobody is asked whether they agreed. Caps are about messages alone.
    """
    if terms.purpose:
        agreed = [key.rpartition(":")[2] for key in customer.consents if key.startswith(f"{terms.purpose}:")]
        if not agreed:
            return Reason.NO_CONSENT
        if customer.stopped_at:
            return Reason.OPTED_OUT
        if customer.dead_phone and not _not_by_phone(agreed):
            return Reason.BAD_NUMBER
    if is_held_out(program.merchant, terms.rule, customer_id, terms.hold_out):
        return Reason.HOLDOUT
    return Reason.COOL_DOWN if terms.cool_down and _cools_down(customer, terms, at) else ""


def decide(customer: Customer, customer_id: str, program: Program, terms: Terms, at: Millis) -> Decision:
    """May this message go now, later, or not at all?"""
    allowed = [c for c in terms.channels if f"{terms.purpose}:{c}" in customer.consents]
    refusal = (
        _NO_CONSENT
        if not allowed
        else _OPTED_OUT
        if customer.stopped_at
        else _BAD_NUMBER
        if customer.dead_phone and not (allowed := _not_by_phone(allowed))
        else _HOLDOUT
        if is_held_out(program.merchant, terms.rule, customer_id, terms.hold_out)
        else ""
    )
    if refusal:
        return Decision(_SUPPRESS, refusal)
    channel, others = allowed[0], tuple(allowed[1:])
    if customer.left and any(each in customer.left for each in program.topics_of_templates.get(terms.template, ())):
        return Decision(_SUPPRESS, Reason.TOPIC_LEFT)
    if program.questions and (refusal := _why_not_asked(customer, program, terms, at)):
        return Decision(_SUPPRESS, refusal)
    full = _rests(customer, terms, at) or _no_room(customer, program, terms, at)
    if full is not None:
        return _wait_for_room(terms, full, channel, others)
    if any(activation.state == _SUBMITTED for activation in customer.moving):
        return Decision(Verdict.HOLD, Reason.ONE_IN_FLIGHT, channel, others)
    return _mind_the_hour(program, terms, at, channel, others)


def _why_not_asked(customer: Customer, program: Program, terms: Terms, at: Millis) -> str:
    """One question at a time, and none again too soon; another attempt at the same question is none of these."""
    talk, question = customer.conversation, asked_by(program.questions, terms.template)
    if question is None:
        return ""
    if question.fills is not None and _is_known(customer, question):
        return Reason.ALREADY_KNOWN
    if talk is None:
        return ""
    is_open = talk.question is not None and at < talk.question.closes_at
    if is_open and talk.question is not None and _is_another_attempt(talk.question, question, terms):
        return ""
    if question.again_after and at - talk.asked.get(question.id, -question.again_after) < question.again_after:
        return Reason.ASKED_BEFORE
    return Reason.QUESTION_OPEN if is_open else ""


def _is_another_attempt(asked: OpenQuestion, question: Question, terms: Terms) -> bool:
    """Whether it was asked for the same: over another channel, later, or once more."""
    return (asked.id, asked.rule) == (question.id, terms.rule) and asked.occasion in {"", terms.occasion}


def _is_known(customer: Customer, question: Question) -> bool:
    """Whether a question would fill in what is there; a language is always there, and a name is not known here."""
    if question.fills is Fills.TAGS:
        return any(option in customer.tags for option in question.options)
    return question.fills is Fills.BIRTHDAY and bool(customer.birthday)


def _rests(customer: Customer, terms: Terms, at: Millis) -> Full | None:
    """Marketing after a complaint: nobody wants to hear what else there is to buy."""
    talk = customer.conversation
    if talk is None or terms.purpose != Purpose.MARKETING or at >= talk.rests_until:
        return None
    return Full(Reason.COMPLAINED, talk.rests_until)


def _not_by_phone(channels: list[str]) -> list[str]:
    """Those that do not go to a phone."""
    return [channel for channel in channels if spec_of(channel).address is not Address.PHONE]


def _wait_for_room(terms: Terms, full: Full, channel: str, others: tuple[str, ...]) -> Decision:
    """What was earned waits for any room until its voucher ends, and what lost its room to others for the next."""
    if terms.waits_until and full.until < terms.waits_until:
        return Decision(Verdict.HOLD, full.reason, channel, others, full.until)
    if full.reason == Reason.OUTRANKED and full.until < terms.give_up_at:
        return Decision(Verdict.HOLD, full.reason, channel, others, full.until)
    return Decision(Verdict.SUPPRESS, full.reason)


def _no_room(customer: Customer, program: Program, terms: Terms, at: Millis) -> Full | None:
    """Messages already on their way are in `contacts`; those that wait and go first count as well."""
    contacts = customer.contacts
    if count_of(contacts) >= MOST_CONTACTS and at - moments(contacts)[-MOST_CONTACTS] <= KEEP_CONTACTS:
        return Full(Reason.FREQUENCY_CAP, NEVER)
    if terms.cool_down and _cools_down(customer, terms, at):
        return Full(Reason.COOL_DOWN, _cooled_down_at(customer, terms, at))
    caps = program.messaging.caps.get(terms.purpose, ())
    return _over_caps(customer, caps, terms, at) if caps else None


def _over_caps(customer: Customer, caps: Sequence[tuple[int, int]], terms: Terms, at: Millis) -> Full | None:
    ahead = [
        a for a in customer.moving
        if a.state == _HELD and a.purpose == terms.purpose and not a.waits_for_its_time and _first(a, terms)
    ]  # fmt: skip
    until, behind, lost = 0, False, True
    said = moments(customer.contacts, terms.purpose)
    for most, days in caps:
        sent = len(said) - bisect_right(said, at - days * DAY)
        if sent >= most:
            until = max(until, said[len(said) - most] + days * DAY if most else NEVER)
            lost = lost and bisect_left(said, at) - (len(said) - sent) < most
        elif sent + len(ahead) >= most:
            behind = True
    if until:  # more important ones of this very moment took the room, or of the time in which it waited
        outranked = (lost or terms.had_room) and not terms.waits_until
        return Full(Reason.OUTRANKED if outranked else Reason.FREQUENCY_CAP, until)
    if behind:  # 0: those go when the message that is on its way has ended, and then this one is asked again
        return Full(Reason.OUTRANKED, min((a.release_at for a in ahead if a.release_at), default=0))
    return None


def _first(activation: Activation, terms: Terms) -> bool:
    return terms.rank is None or rank_of(activation) < terms.rank


def _cooled_down_at(customer: Customer, terms: Terms, at: Millis) -> Millis:
    """When the rule may speak again, to those that wait included."""
    spoken = newest_of(customer.contacts, terms.rule)
    held = [a for a in customer.moving if a.state == _HELD and a.rule == terms.rule]
    waiting = [a.decided_at if a.waits_for_its_time else max(a.release_at, at) for a in held]
    return max(waiting if spoken is None else [spoken, *waiting]) + terms.cool_down


def _cools_down(customer: Customer, terms: Terms, at: Millis) -> bool:
    spoken = newest_of(customer.contacts, terms.rule)
    return (spoken is not None and at - spoken < terms.cool_down) or any(
        a.state == _HELD and a.rule == terms.rule and not _spoke_long_ago(a, terms, at) for a in customer.moving
    )


def _spoke_long_ago(activation: Activation, terms: Terms, at: Millis) -> bool:
    """Of what waits for its time it counts when its rule fired."""
    return activation.waits_for_its_time and at - activation.decided_at >= terms.cool_down


def cools_down(customer: Customer, rule: str, cool_down: Millis, at: Millis) -> bool:
    """Whether the rule has fired for the customer within that time."""
    return _cools_down(customer, Terms(rule, "", (), cool_down=cool_down), at)


def _mind_the_hour(program: Program, terms: Terms, at: Millis, channel: str, others: tuple[str, ...]) -> Decision:
    house = program.messaging.windows.get(terms.purpose, ALL_DAY)
    own = terms.window or ALL_DAY
    opens, closes = max(house.opens, own.opens), min(house.closes, own.closes)
    now = local_time(at, program.time_zone)
    if opens <= now.minute < closes:
        shut = at_local(now.day, closes, program.time_zone)
        return Decision(_SUBMIT, "", channel, others, min(shut, terms.give_up_at))
    if not terms.wait_outside or opens >= closes:
        return Decision(Verdict.SUPPRESS, Reason.QUIET_HOURS)
    day = now.day if now.minute < opens else now.day + 1
    morning = at_local(day, opens, program.time_zone)
    if morning >= terms.give_up_at:
        return Decision(Verdict.SUPPRESS, Reason.GAVE_UP)
    return Decision(Verdict.HOLD, Reason.QUIET_HOURS, channel, others, morning)


def forget_old_contacts(customer: Customer, at: Millis, cool_down_of: Callable[[str], Millis]) -> None:
    """Drop contacts that neither a cap nor their rule's cool-down looks back to."""
    contacts, since = customer.contacts, at - KEEP_CONTACTS
    if contacts and oldest(contacts) < since:
        customer.contacts = without_old(contacts, since, lambda rule: at - cool_down_of(rule))

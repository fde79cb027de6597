"""Stamps that run out: when, what a message that arrived does to that, and what is told of it."""

from stamgast.domain.activation import RANKS, TAKEN, Activation
from stamgast.domain.card_expiry import EXPIRES_ON, ends_at, last_day, lies, newest_stamp, run_out, warn
from stamgast.domain.card_funnel import ran_out
from stamgast.domain.channels import channel_named
from stamgast.domain.customer import Card, Customer
from stamgast.domain.events import ActivationOutcome
from stamgast.domain.full_cards import current
from stamgast.domain.heard import knows_who_was_there
from stamgast.domain.message_words import says_when_stamps_end
from stamgast.domain.occasions import spell_of
from stamgast.domain.program import Program
from stamgast.domain.units import DAY, Day, Millis
from stamgast.domain.vocabulary import Status, TimerKind
from stamgast.service import shop_counts, telling
from stamgast.service.case import Case
from stamgast.service.ended import cause_of


def wanted(customer: Customer, program: Program, at: Millis) -> dict[str, Millis]:
    """Name of the timer of each card whose stamps run out -> when. One that is put off by a day stays so."""
    found: dict[str, Millis] = {}
    for definition in program.expiring_cards:
        card = customer.cards.get(definition.id)
        if card is None or not card.warned_at or definition.expires is None:
            continue
        due = ends_at(card, definition.expires, program.time_zone)
        if due is not None:
            name = f"{TimerKind.STAMPS}:{definition.id}"
            held = customer.timers.get(name)
            found[name] = held if due <= at and held is not None and at < held <= at + DAY else due
    return found


def last_days(customer: Customer, program: Program) -> dict[str, Day]:
    """Card -> the last day of its stamps, of those that somebody was warned of."""
    found: dict[str, Day] = {}
    for definition in program.expiring_cards:
        card, expires = customer.cards.get(definition.id), definition.expires
        last = None if card is None or expires is None else last_day(card, expires, program.time_zone)
        if last is not None:
            found[definition.id] = last
    return found


def arrived(case: Case, activation: Activation, event: ActivationOutcome) -> None:
    """A message arrived: if it names the day on which stamps run out that still lie on a card, they are warned."""
    if event.status not in TAKEN or event.rank < RANKS[Status.DELIVERED]:
        return
    name, newest = spell_of(cause_of(activation))
    card, definition = case.customer.cards.get(name), case.program.cards.get(name)
    if card is None or definition is None or definition.expires is None or card.warned_at:
        return
    template = case.program.templates.get(activation.template)
    if template is None or not says_when_stamps_end(template, channel_named(activation.channel)):
        return
    if lies(card) and newest_stamp(card) == newest:
        warn(card, definition.expires, activation.data.get(EXPIRES_ON, 0), case.program.time_zone, case.at)
        telling.stamps_warned_of(case, name, current(card), card.balance)


def still_lies(case: Case, cause: str) -> bool:
    """Whether nobody has stamped, since that occasion, the card of which it warns."""
    name, newest = spell_of(cause)
    card = case.customer.cards.get(name)
    return card is not None and lies(card) and newest_stamp(card) == newest


def due(case: Case, card_id: str) -> None:
    """The time of a card's stamps is over, unless the state says by now that it is not. Full cards stay."""
    card, definition = case.customer.cards.get(card_id), case.program.cards.get(card_id)
    if card is None or definition is None or definition.expires is None:
        return
    moment = ends_at(card, definition.expires, case.program.time_zone)
    if moment is None or moment > case.at:
        return
    if not knows_who_was_there(case.program):
        # A purchase may be on its way that stamps it: look again tomorrow.
        case.customer.timers[f"{TimerKind.STAMPS}:{card_id}"] = case.at + DAY
        return
    _run_out(case, card_id, card)


def _run_out(case: Case, card_id: str, card: Card) -> None:
    lost = run_out(card)
    shop_counts.stamps(case, card_id, 0, -lost)
    case.count(ran_out(card_id), lost)
    telling.stamps_ran_out(case, card_id, current(card), lost)

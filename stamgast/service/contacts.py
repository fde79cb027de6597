"""What contact with a customer leaves in their state: how often, for the caps, and what it cost."""

from typing import Final

from stamgast.domain.activation import RANKS, TAKEN, Activation
from stamgast.domain.channels import pieces_of
from stamgast.domain.contact_policy import forget_old_contacts
from stamgast.domain.contacts import Contact, with_one_more, without_newest
from stamgast.domain.counters import Counter
from stamgast.domain.events import ActivationOutcome
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Status
from stamgast.service import measuring, shop_counts
from stamgast.service.case import Case
from stamgast.service.watched import watch_cost

_ACCEPTED_RANK: Final = RANKS[Status.ACCEPTED]


def book_cost(case: Case, activation: Activation, event: ActivationOutcome) -> int | None:
    """What the carrier has taken costs, once, whatever becomes of it, by the message or by its parts.

    Returns how much, in thousandths of a minor unit: by the price of its country, where there is one. None: it was
    booked before, or costs nothing yet.
    """
    if event.status not in TAKEN or activation.rank >= _ACCEPTED_RANK:
        return None
    shop_counts.sent(case)
    program, channel = case.program, activation.channel
    price = program.costs.contact_costs.get(channel, 0)
    if event.country:
        price = program.prices.get(channel, {}).get(event.country, price)
    cost = price * pieces_of(channel, event.parts)
    if cost:
        book(case, activation.rule, activation.variant, cost)
    return cost


def book(case: Case, rule: str, variant: str, cost: int) -> None:
    """A message to the customer cost so much, or so much more than was booked for it."""
    case.customer.contact_cost += cost
    case.count(Counter.CONTACT_COST, cost)
    shop_counts.cost(case, cost)
    if not rule:
        return  # an answer of the house
    watch_cost(case, rule, cost)
    measuring.message_cost(case, rule, variant, cost)


def note_contact(case: Case, purpose: str, rule: str) -> None:
    """Remember for the caps that a rule has spoken, or has offered something without a message (without a purpose)."""
    customer = case.customer
    forget_old_contacts(customer, case.at, lambda rule_id: _cool_down_of(case, rule_id))
    customer.contacts = with_one_more(customer.contacts, Contact(case.at, purpose, rule))


def _cool_down_of(case: Case, rule_id: str) -> Millis:
    """For how long its newest message is remembered at least: conditions may ask about it as well."""
    rule = case.context.bundle.rules.by_id.get(rule_id)
    return max(0 if rule is None else rule.cool_down, case.program.kept.contacts)


def forget_contact(case: Case, activation: Activation) -> None:
    """What never left does not count against the caps."""
    case.customer.contacts = without_newest(case.customer.contacts, activation.purpose, activation.rule)

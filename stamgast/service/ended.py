"""What is kept of messages that have ended: what became of them, and what they were about."""

from collections.abc import Iterable, Sequence
from typing import Final

from stamgast.domain.activation import Activation
from stamgast.domain.occasions import field_of_generation
from stamgast.domain.past_messages import order_of, settled
from stamgast.domain.recommendations import RECOMMENDED
from stamgast.domain.units import DAY, Millis
from stamgast.domain.vocabulary import ActivationState, Reason, Status
from stamgast.service.case import Case

KEEP_ENDED = 8
"""Ended activations kept in the state at most, newest last. What must be known longer of one that was taken back
stands in the ledger, and everything on `activations.v1`."""
KEEP_SETTLED: Final = 3
"""So many of them whatever their age, for `why`."""
_ENDED: Final = ActivationState.ENDED
SETTLED_AFTER: Final[Millis] = 7 * DAY
"""When nothing is heard of a message any more: no carrier tries for longer."""


def cause_of(activation: Activation) -> str:
    """The occasion of the fact it speaks of; one a rule fires once per may be another."""
    cause: str = activation.data.get("cause", activation.occasion)
    return cause


def first_occasion(occasion: str) -> str:
    """What its rule fired for, of whichever attempt at it: over another channel, or later."""
    return occasion.partition(">")[0]


def shed(activation: Activation) -> None:
    """What has ended is kept for what became of it; what its template was to say would be dead weight."""
    cause = cause_of(activation)
    kept = {RECOMMENDED: activation.data[RECOMMENDED]} if RECOMMENDED in activation.data else {}
    activation.data = kept if cause == activation.occasion else kept | {"cause": cause}
    activation.other_channels = []


def forget_ended(case: Case) -> None:
    """Let go of the oldest, and of those of which nothing is heard any more."""
    customer = case.customer
    if len(customer.moving) + len(customer.past) <= KEEP_SETTLED:
        return
    if _forget_past(case):
        return
    ended = sorted([a for a in customer.activations if a.state == _ENDED], key=order_of)
    going = ended[:-KEEP_ENDED]
    going += [each for each in ended[len(going) : -KEEP_SETTLED] if _is_settled(each, case.at)]
    if going:
        gone = {id(a) for a in going}
        kept = [a for a in case.customer.activations if id(a) not in gone]
        for activation in going:
            _note_generation(case, activation, kept)
            case.customer.charges.pop(activation.id, None)  # in doubt for ever: it counts as sent
        case.customer.activations = kept


def _forget_past(case: Case) -> bool:
    """The same, as a rule, without reading more than the oldest few of those that stand apart.

    Returns whether it is done: not where one still at hand is older than those, or one goes that was taken back.
    """
    customer, past = case.customer, case.customer.past
    beside = [each for each in customer.moving if each.state == _ENDED]
    older = len(past) + len(beside) - KEEP_SETTLED
    if older <= 0:
        return True
    if not past or older > len(past) or (beside and min(map(order_of, beside)) < settled(past[-1])[:2]):
        return False
    too_many, before = older + KEEP_SETTLED - KEEP_ENDED, case.at - SETTLED_AFTER
    kept: list[bytes] = []
    going: list[str] = []
    for place, value in enumerate(past[:older]):
        each = settled(value)
        if place >= too_many and each.changed_at >= before:
            kept.append(value)
        elif each.was_taken_back:
            return False
        else:
            going.append(each.id)
    if going:
        customer.past = [*kept, *past[older:]]
        for gone in going:
            customer.charges.pop(gone, None)
    return True


def _is_settled(activation: Activation, at: Millis) -> bool:
    """Whether its carrier has long said what it says; of one in doubt it is still asked."""
    return activation.changed_at < at - SETTLED_AFTER and activation.status != Status.IN_DOUBT


def of_occasion(activations: Iterable[Activation], rule_id: str, occasion: str) -> list[Activation]:
    """A rule's messages for an occasion, with those that took over on another channel."""
    onwards = f"{occasion}>"
    return [a for a in activations if a.rule == rule_id and (a.occasion == occasion or a.occasion.startswith(onwards))]


def _note_generation(case: Case, activation: Activation, kept: Sequence[Activation]) -> None:
    """What was taken back before it left comes again when its occasion does, however long that takes."""
    occasion = first_occasion(activation.occasion)
    if activation.reason != Reason.TAKEN_BACK or activation.status != Status.SUPPRESSED:
        return
    if not of_occasion(kept, activation.rule, occasion):
        case.store(field_of_generation(activation.rule, occasion), b"%d" % activation.generation)

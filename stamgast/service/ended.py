"""What is kept of messages that have ended: what became of them, and what they were about."""

from collections.abc import Iterable, Sequence
from typing import Final

from stamgast.domain.activation import Activation
from stamgast.domain.occasions import field_of_generation
from stamgast.domain.recommendations import RECOMMENDED
from stamgast.domain.units import DAY, Millis
from stamgast.domain.vocabulary import ActivationState, Reason, Status
from stamgast.service.case import Case

KEEP_ENDED = 8
"""Ended activations kept in the state at most, newest last. What must be known longer of one that was taken back
stands in the ledger, and everything on `activations.v1`."""
KEEP_SETTLED: Final = 3
"""So many of them whatever their age, for `why`."""
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
    if len(case.customer.activations) <= KEEP_SETTLED:
        return
    ended = [a for a in case.customer.activations if a.state == ActivationState.ENDED]
    going = ended[:-KEEP_ENDED]
    going += [each for each in ended[len(going) : -KEEP_SETTLED] if _is_settled(each, case.at)]
    if going:
        gone = {id(a) for a in going}
        kept = [a for a in case.customer.activations if id(a) not in gone]
        for activation in going:
            _note_generation(case, activation, kept)
            case.customer.charges.pop(activation.id, None)  # in doubt for ever: it counts as sent
        case.customer.activations = kept


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

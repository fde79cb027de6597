"""What is kept of messages that have ended: what became of them, and what they were about."""

from collections.abc import Iterable, Sequence

from stamgast.domain.activation import Activation
from stamgast.domain.occasions import field_of_generation
from stamgast.domain.recommendations import RECOMMENDED
from stamgast.domain.vocabulary import ActivationState, Reason, Status
from stamgast.service.case import Case

KEEP_ENDED = 8
"""Ended activations kept in the state, newest last: for `why` and attribution. What must be known longer of one that
was taken back stands in the ledger."""


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
    """Let go of the oldest."""
    if len(case.customer.activations) <= KEEP_ENDED:
        return
    ended = [a for a in case.customer.activations if a.state == ActivationState.ENDED]
    if len(ended) > KEEP_ENDED:
        gone = {id(a) for a in ended[:-KEEP_ENDED]}
        kept = [a for a in case.customer.activations if id(a) not in gone]
        for activation in ended[:-KEEP_ENDED]:
            _note_generation(case, activation, kept)
            case.customer.charges.pop(activation.id, None)  # in doubt for ever: it counts as sent
        case.customer.activations = kept


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

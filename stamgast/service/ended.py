"""What is kept of messages that have ended: what became of them, and what they were about."""

from stamgast.domain.activation import Activation
from stamgast.domain.vocabulary import ActivationState
from stamgast.service.case import Case

KEEP_ENDED = 8
"""Ended activations kept in the state, newest last: for `why`, attribution and refunds that come late."""


def cause_of(activation: Activation) -> str:
    """The occasion of the fact it speaks of; one a rule fires once per may be another."""
    cause: str = activation.data.get("cause", activation.occasion)
    return cause


def shed(activation: Activation) -> None:
    """What has ended is kept for what became of it; what its template was to say would be dead weight."""
    cause = cause_of(activation)
    activation.data = {} if cause == activation.occasion else {"cause": cause}
    activation.other_channels = []


def forget_ended(case: Case) -> None:
    """Let go of the oldest."""
    if len(case.customer.activations) <= KEEP_ENDED:
        return
    ended = [a for a in case.customer.activations if a.state == ActivationState.ENDED]
    if len(ended) > KEEP_ENDED:
        gone = {id(a) for a in ended[:-KEEP_ENDED]}
        case.customer.activations = [a for a in case.customer.activations if id(a) not in gone]

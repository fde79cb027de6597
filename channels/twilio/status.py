"""From a provider's status words to ours, and the order in which they follow one another.

Callbacks come late, twice and in any order; the order of ranks (`stamgast.domain.activation.RANKS`) makes the
outcome the same in every order: a status only moves to a higher rank, and proof of delivery outranks a failure.
"""

from collections.abc import Mapping
from typing import Final

from stamgast.domain.activation import RANKS
from stamgast.domain.vocabulary import Status

_OURS: Final[Mapping[str, Status]] = {
    "accepted": Status.ACCEPTED,
    "scheduled": Status.ACCEPTED,
    "queued": Status.ACCEPTED,
    "sending": Status.SENDING,
    "sent": Status.SENT,
    "partially_delivered": Status.SENT,
    "canceled": Status.FAILED,
    "failed": Status.FAILED,
    "undelivered": Status.UNDELIVERED,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
}


def our_status(provider_status: str) -> str:
    """Our word for a provider's status; empty for one that says nothing about a message we sent."""
    return _OURS.get(provider_status.lower(), "")


def rank_of(status: str) -> int:
    """The order of one of our statuses; -1 for a word we do not know, which so never replaces anything."""
    return RANKS.get(status, -1)

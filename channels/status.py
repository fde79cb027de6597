"""From a provider's status words to ours, and which of two is further.

Callbacks come late, twice and in any order; the order of ranks (`stamgast.domain.activation.RANKS`) makes the
outcome the same in every order: a status only moves to a higher rank, and proof of delivery outranks a failure.
"""

from typing import Final

from stamgast.domain.activation import RANKS

_OURS: Final = {
    "accepted": "accepted",
    "scheduled": "accepted",
    "queued": "accepted",
    "sending": "sending",
    "sent": "sent",
    "partially_delivered": "sent",
    "canceled": "failed",
    "failed": "failed",
    "undelivered": "undelivered",
    "delivered": "delivered",
    "read": "read",
}


def our_status(provider_status: str) -> str:
    """Our word for a provider's status; empty for one that says nothing about a message we sent."""
    return _OURS.get(provider_status.lower(), "")


def rank_of(status: str) -> int:
    """The order of one of our statuses; -1 for a word we do not know, which so never replaces anything."""
    return RANKS.get(status, -1)


def further(known: str, reported: str) -> str:
    """The status after a report: the reported one if it is further, else the one known before."""
    return reported if rank_of(reported) > rank_of(known) else known

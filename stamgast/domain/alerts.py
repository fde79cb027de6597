"""What staff are told about the shop itself, and not about one of its customers.

Somebody has to hold what waits for their hours, or is on its way. That is an entry among the merchant's states, under a
name that no customer has: it is written, kept and rebuilt as they are, and counts nowhere as one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

STAFF_ROOM: Final = "staff"
"""Stands where a customer's id stands. Those have 25 characters (`stamgast.identity.ids`)."""


LONGEST: Final = 200
"""How much of the name of what an alert is about it carries."""


class AlertKind(StrEnum):
    """What happened."""

    RULE_PAUSED = "rule_paused"
    """By a trip wire, or because it does not work (`Broken`)."""
    BUDGET_SPENT = "budget_spent"
    SEGMENT_FELL = "segment_fell"
    """The customers of a tag or a source are worth less than three times what winning them cost, and were not."""
    FEED_STALE = "feed_stale"
    """No purchase came in for longer than the shop's `feed: stale_after`, or than is usual for a store."""
    SENDER_REFUSED = "sender_refused"
    """The carrier takes nothing of whoever sends for the shop on a channel: credentials, or a sender that is none."""

    CONNECTION_FAILS = "connection_fails"
    """A system of tills calls us no more, or answers none of our questions (`Fails`)."""
    FEED_DOWN = "feed_down"
    """Another system takes nothing of what is sent to it (`Stopped`)."""
    CODES_LOW = "codes_low"
    """Of a reward few of the shop's own codes are left, or none (`Codes`)."""


class Codes(StrEnum):
    """How many of a shop's own codes are left."""

    ENOUGH = "codes_enough"
    LOW = "codes_low"
    OUT = "codes_out"


class Fails(StrEnum):
    """What is the matter with a connection to a system of tills."""

    LOST = "webhooks_lost"
    """Its webhooks are gone, and could not be made again for an hour."""
    RENEWED = "webhooks_renewed"
    """They were gone, and were made again."""
    UNPOLLED = "unpolled"
    """Its API could not be polled for an hour."""


class Stopped(StrEnum):
    """Why nothing is sent to another system."""

    DOWN = "down"
    """It takes nothing."""
    GONE = "gone"
    """It said that it wants nothing more."""
    UNUSABLE = "unusable"
    """Its address or its secret cannot be used."""


class Broken(StrEnum):
    """What pauses a rule until the next bundle, beside trip wires."""

    RAISED = "raised"
    COSTLY = "costly"
    """One of its messages takes too long to fill in."""


STALE: Final = "stale"
"""How a feed is of which staff hear."""
STORE_STALE: Final = "store_stale"
"""The same of one store, by what is usual for it."""
REFUSED: Final = "refused"
"""What became of a sender of which they hear."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Who of the staff hears of it, and by which template; empty: in words of our own (`alert_words`)."""

    to: tuple[str, ...]
    template: str = ""
    only: frozenset[str] = frozenset()
    """What it is about, as far as anybody wants to hear of it; empty: all of it."""

    def concerns(self, what: str) -> bool:
        """Whether anybody wants to hear of that rule, budget or segment."""
        return not self.only or what in self.only


def subject_of(kind: str, how: str, what: str) -> str:
    """What alerts of a kind are told about one after another: `budget_spent:stop:rule:win-back/month`."""
    return f"{kind}:{how}:{what}"

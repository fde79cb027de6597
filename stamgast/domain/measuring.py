"""What a customer's state keeps so that what rules earn is known: windows in which they are watched, and messages.

A window begins at the decision, for those held out as for the others, and counts what is bought after that.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from stamgast.domain.counters import BETWEEN
from stamgast.domain.units import DAY, Millis
from stamgast.domain.vocabulary import Reason

MOST_WATCHED = 16
"""Rules for which one customer is watched; of more, the one whose window ends first is let go."""
MOST_WINDOWS = 8
"""Windows of one rule that are remembered, the newest: a refund of what was bought before them changes no sum."""
MOST_DELIVERED = 4
"""Messages that a purchase may be attributed to, the newest."""
MEMORY = 35 * DAY
"""So long after its window a message is remembered for refunds."""
TREATED = "t"
"""Of several messages that are compared each has a side of its own: `t:<variant>`."""
HELD_OUT = "h"


BEFORE_THE_DRAW: Final[frozenset[str]] = frozenset(
    {Reason.LATE, Reason.TOO_MANY, Reason.NO_CONSENT, Reason.OPTED_OUT, Reason.BAD_NUMBER}
)
"""Why something is withheld before anybody asks who is held out: such a customer is on neither side."""


class Sum(StrEnum):
    """What is summed of a rule (`stamgast.service.measuring`)."""

    # Of one side of its comparison.
    PEOPLE = "people"
    CONVERTED = "converted"
    NET = "net"
    """Profit less costs, in thousandths of a minor unit."""
    SQUARES = "squares"
    """The same of each customer, squared."""
    # Of its messages and rewards.
    REACHED = "reached"
    """Customers for whom it has fired, those held out included."""
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    REPLIED = "replied"
    OPTED_OUT = "opted_out"
    REDEEMED = "redeemed"
    MESSAGES = "messages"
    """What they cost, in thousandths of a minor unit."""
    REWARDS = "rewards"
    BASKETS = "baskets"
    """What the receipts came to on which its rewards were used, as far as tills say."""
    # Of a card.
    STAMPS = "stamps"
    """Those that stand on it now, all customers together."""
    # Attributed to its messages.
    PURCHASES = "purchases"
    REVENUE = "revenue"
    PROFIT = "profit"


class Watched(Struct, array_like=True, gc=False):
    """One customer in one rule's comparison."""

    arm: str
    windows: list[Millis]
    """Beginning and end of each, one behind the other, in the order of time."""
    net: int = 0
    """Profit within them, less what messages and rewards cost, in thousandths of a minor unit."""
    purchases: int = 0


class Delivered(Struct, array_like=True, frozen=True, gc=False):
    """A message that reached the customer."""

    at: Millis
    until: Millis
    rule: str
    """With the variant behind it, if it is one of several messages that are compared (`told_apart`)."""


def arm_of(variant: str) -> str:
    """The side of those who are not held out, each variant for itself."""
    return f"{TREATED}:{variant}" if variant else TREATED


def told_apart(rule: str, variant: str) -> str:
    """A rule as its messages are counted: each variant for itself."""
    return f"{rule}{BETWEEN}{arm_of(variant)}" if variant else rule


def watch(watched: Watched, begin: Millis, window: Millis) -> None:
    """Look on from then, which may be to come: windows that meet become one."""
    windows, end = watched.windows, begin + window
    if not windows or begin > windows[-1]:
        watched.windows = [*windows, begin, end][-2 * MOST_WINDOWS :]
        return
    merged: list[Millis] = []
    for since, until in sorted([*zip(windows[::2], windows[1::2], strict=True), (begin, end)]):
        if merged and since <= merged[-1]:
            merged[-1] = max(merged[-1], until)
        else:
            merged += since, until
    watched.windows = merged[-2 * MOST_WINDOWS :]


def is_watched(watched: Watched, moment: Millis) -> bool:
    """Whether what is bought then counts."""
    windows = watched.windows
    if not windows or moment > windows[-1]:  # most purchases come after all of them
        return False
    for at in range(0, len(windows), 2):  # noqa: SIM110  asked of every purchase: `any` would take twice as long
        if windows[at] < moment <= windows[at + 1]:
            return True
    return False


def with_one_more(delivered: Sequence[Delivered], new: Delivered) -> list[Delivered]:
    """Remember one more, and let go of the oldest."""
    return [*(each for each in delivered if each.until + MEMORY > new.at), new][-MOST_DELIVERED:]


def rule_of(delivered: Sequence[Delivered], moment: Millis) -> str:
    """The rule whose message was the last one to arrive before that moment, if its window lasts; empty: none."""
    for each in reversed(delivered):
        if each.at < moment:
            return each.rule if moment <= each.until else ""
    return ""

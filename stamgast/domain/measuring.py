"""What a customer's state keeps so that what rules earn is known: windows in which they are watched, and messages.

A window begins at the decision, for those held out as for the others, and counts what is bought after that.
"""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from stamgast.domain.units import DAY, Millis

MOST_WATCHED = 16
"""Rules for which one customer is watched; of more, the one whose window ends first is let go."""
MOST_WINDOWS = 8
"""Windows of one rule that are remembered, the newest: a refund of what was bought before them changes no sum."""
MOST_DELIVERED = 4
"""Messages that a purchase may be attributed to, the newest."""
MEMORY = 35 * DAY
"""So long after its window a message is remembered for refunds."""
TREATED = "t"
HELD_OUT = "h"


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
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    OPTED_OUT = "opted_out"
    REDEEMED = "redeemed"
    MESSAGES = "messages"
    """What they cost, in thousandths of a minor unit."""
    REWARDS = "rewards"
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
    """Beginning and end of each, one behind the other."""
    net: int = 0
    """Profit within them, less what messages and rewards cost, in thousandths of a minor unit."""
    purchases: int = 0


class Delivered(Struct, array_like=True, frozen=True, gc=False):
    """A message that reached the customer."""

    at: Millis
    until: Millis
    rule: str


def watch(watched: Watched, at: Millis, window: Millis) -> None:
    """Look on from now: windows that meet become one."""
    windows = watched.windows
    if windows and at <= windows[-1]:
        watched.windows = [*windows[:-1], max(windows[-1], at + window)]
    else:
        watched.windows = [*windows, at, at + window][-2 * MOST_WINDOWS :]


def is_watched(watched: Watched, moment: Millis) -> bool:
    """Whether what is bought then counts."""
    windows = watched.windows
    return any(windows[at] < moment <= windows[at + 1] for at in range(0, len(windows), 2))


def with_one_more(delivered: Sequence[Delivered], new: Delivered) -> list[Delivered]:
    """Remember one more, and let go of the oldest."""
    return [*(each for each in delivered if each.until + MEMORY > new.at), new][-MOST_DELIVERED:]


def rule_of(delivered: Sequence[Delivered], moment: Millis) -> str:
    """The rule whose message was the last one to arrive before that moment, if its window lasts; empty: none."""
    last = next((each for each in reversed(delivered) if each.at < moment), None)
    return last.rule if last is not None and moment <= last.until else ""

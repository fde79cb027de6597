"""Events by which one customer's stream tells another's: a friend bought, and what the friend is given for it.

They are told again whenever a step is, so each says which one it is: `number` counts what this friend told of
themselves, and whoever has heard a number hears nothing new in it or in a lower one (docs/adr/0190).
"""

from typing import Annotated

from msgspec import Meta

from stamgast.domain.event import Count, Event, Millis

Who = Annotated[str, Meta(max_length=64)]


class FriendBought(Event, frozen=True, kw_only=True, tag="friend_bought", gc=False):
    """A friend whom this customer invited made a purchase that counts, or it counts no more."""

    friend: Who
    number: Count
    counts: bool
    happened_at: Millis = 0
    """When the friend bought, or gave it back; tells late news from new."""


class FriendGiven(Event, frozen=True, kw_only=True, tag="friend_given", gc=False):
    """A rule of whoever invited this customer gives them a reward for their purchase."""

    by: Who
    """Who invited them."""
    rule: Annotated[str, Meta(max_length=64)]
    reward: Annotated[str, Meta(max_length=64)]
    valid_for: Millis = 0
    """0: as long as the reward says."""

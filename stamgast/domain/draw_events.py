"""What happens to a draw, as it stands on `customer.events.v1`: published, asked for, drawn, told to who took part."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from stamgast.domain.draws import MOST_ENTRIES, MOST_PLACES, Winner
from stamgast.domain.event import EXACT, Count, Event

_DRAW = Annotated[str, Meta(max_length=64)]
_HASH = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
_WINNERS = Annotated[tuple[Winner, ...], Meta(max_length=MOST_PLACES)]


class DrawOpened(Event, frozen=True, kw_only=True, tag="draw_opened", gc=False):
    """A draw came into force in this partition: the hash of its seed, before any entry of it is told."""

    draw: _DRAW
    commitment: _HASH
    about: ClassVar[str] = "merchant"


class DrawWished(Event, frozen=True, kw_only=True, tag="draw_wished", gc=False):
    """It is time, says a partition of customers (`by`, of `of`) to the first one: how many places are there?"""

    draw: _DRAW
    by: Count
    of: Count
    about: ClassVar[str] = "merchant"


class DrawCalled(Event, frozen=True, kw_only=True, tag="draw_called", gc=False):
    """The first partition answers. From this record on nothing of the draw changes in the partition that it is to."""

    draw: _DRAW
    places: Count
    """Winners and reserves."""
    about: ClassVar[str] = "merchant"


class DrawTicketed(Event, frozen=True, kw_only=True, tag="draw_ticketed", gc=False):
    """A partition tells the first one of its lowest tickets: as many as there are places."""

    draw: _DRAW
    by: Count
    of: Count
    entrants: Count
    entries: Count
    lowest: _WINNERS = ()
    about: ClassVar[str] = "merchant"


class DrawDrawn(Event, frozen=True, kw_only=True, tag="draw_drawn", gc=False):
    """All partitions have told: who won, and the seed by which anybody can recheck it. It is the same in all of them.

    `number` grows each time that a prize goes on to a reserve.
    """

    draw: _DRAW
    seed: _HASH
    entrants: Count
    entries: Count
    winners: _WINNERS = ()
    """And reserves, in the order of their tickets."""
    number: Count = 0
    about: ClassVar[str] = "merchant"


class PrizePassed(Event, frozen=True, kw_only=True, tag="prize_passed", gc=False):
    """A partition tells the first one that the prize of a place (from 1) was not claimed, or is not wanted."""

    draw: _DRAW
    by: Count
    place: Count
    about: ClassVar[str] = "merchant"


class DrawnFor(Event, frozen=True, kw_only=True, tag="drawn", gc=False):
    """A draw that the customer took part in was drawn; `reward` is what they won, empty for nothing.

    It was made from the `DrawDrawn` at an offset of the same partition.
    """

    draw: _DRAW
    reward: Annotated[str, Meta(max_length=64)] = ""
    place: Count = 0
    drawn_at_offset: Annotated[int, EXACT] = -1


class MovedEntry(Struct, frozen=True, array_like=True, gc=False):
    """An entry as it stood in the state of whoever made it (`stamgast.domain.draws.Entry`)."""

    id: Annotated[str, Meta(max_length=64)]
    rule: Annotated[str, Meta(max_length=64)]
    cause: Annotated[str, Meta(max_length=400)]
    day: Annotated[int, EXACT]
    occasion: Annotated[str, Meta(max_length=400)] = ""
    receipt: Annotated[str, Meta(max_length=400)] = ""


class EntriesMoved(Event, frozen=True, kw_only=True, tag="entries_moved", gc=False):
    """Somebody has become this customer, and brings along the entries that they had in a draw.

    It is told again whenever a step is: an entry that is known is not made again.
    """

    draw: _DRAW
    entries: Annotated[tuple[MovedEntry, ...], Meta(max_length=MOST_ENTRIES)]


class PrizeDeclined(Event, frozen=True, kw_only=True, tag="prize_declined", gc=False):
    """Somebody says that a winner will not have the prize, or did not claim it: it goes to the next reserve.

    One that was used stays with them. The answer is written under the event's `id`.
    """

    draw: _DRAW

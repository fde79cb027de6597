"""How far a draw is: in each partition of customers, and with the first one, which hears of the others' tickets.

Both follow from the log alone, as purses and chests do. A partition wishes, is called, tells its lowest tickets, and is
told who won; whatever is lost on the way it says again, and what comes twice changes nothing.
"""

from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from stamgast.domain.draw_events import DrawCalled, DrawDrawn, DrawTicketed, DrawWished, PrizePassed
from stamgast.domain.draws import Draw, Ticketed, Winner, awarded, commitment_of, seed_of, with_next
from stamgast.domain.units import Millis

Name = tuple[str, str]
"""Merchant and draw."""

URN: Final = 0
"""The partition of customers that the urns stand with."""
MOST_KEPT: Final = 200
"""Draws of a merchant that are remembered when they are over: four times as many as a programme may have."""


class Drawn(Struct, frozen=True, array_like=True):
    """What came of a draw. `number` grows with each prize that goes on."""

    seed: str
    entrants: int = 0
    entries: int = 0
    winners: tuple[Winner, ...] = ()
    number: int = 0
    at: Millis = 0
    offset: int = -1
    """Of the record that said so in the partition."""


class DrawMark(Struct, frozen=True, array_like=True):
    """How far a partition is: known, called (`places` is no longer below zero), drawn."""

    commitment: str
    places: int = -1
    drawn: Drawn | None = None

    @property
    def is_called(self) -> bool:
        """Whether nothing of the draw changes here any more."""
        return self.places >= 0


class Urn(Struct, frozen=True, array_like=True):
    """What the first partition knows: what there is to win, as it was when somebody asked first, and who has told."""

    prizes: tuple[tuple[str, int], ...]
    reserves: int
    told: dict[int, Ticketed] = {}
    drawn: Drawn | None = None
    homes: tuple[int, ...] = ()
    """Of each winner and reserve: which partition they are of."""

    @property
    def places(self) -> int:
        """Winners and reserves."""
        return sum(stock for _, stock in self.prizes) + self.reserves


Kept = TypeVar("Kept", DrawMark, Urn)


def mark_for(key: bytes, merchant: str, draw: str) -> DrawMark:
    """That of a draw which has just come into force."""
    return DrawMark(commitment_of(seed_of(key, merchant, draw)))


def urn_for(draw: Draw) -> Urn:
    """That of a draw whose time has come."""
    prizes = () if draw.instant else tuple((prize.reward, prize.stock) for prize in draw.prizes)
    return Urn(prizes, 0 if draw.instant else draw.reserves)


def called(known: Urn | None, draw: Draw | None, event: DrawWished) -> Urn | None:
    """The urn once somebody wished; None: it is not time, or nobody knows the draw here."""
    if known is not None:
        return known
    return None if draw is None or event.at < draw.drawn_at else urn_for(draw)


def told(urn: Urn, event: DrawTicketed, key: bytes) -> Urn:
    """The urn once a partition told; with the last of them it is drawn."""
    if urn.drawn is not None or event.by in urn.told or event.by >= event.of:
        return urn
    heard = {**urn.told, event.by: Ticketed(event.entrants, event.entries, event.lowest[: urn.places])}
    if len(heard) < event.of:
        return replace(urn, told=heard)
    home = {each.customer: by for by, its in heard.items() for each in its.lowest}
    winners = awarded((each for its in heard.values() for each in its.lowest), urn.prizes, urn.reserves)
    drawn = Drawn(
        seed_of(key, event.merchant, event.draw).hex(),
        sum(its.entrants for its in heard.values()),
        sum(its.entries for its in heard.values()),
        winners,
        at=event.at,
    )
    return replace(urn, told={}, drawn=drawn, homes=tuple(home[each.customer] for each in winners))


def passed(urn: Urn, event: PrizePassed) -> tuple[Urn, int]:
    """The urn once the prize of a place went on; with it the place (from 0) that has it now, -1 for none."""
    place = event.place - 1
    if urn.drawn is None or not 0 <= place < len(urn.drawn.winners) or urn.homes[place] != event.by:
        return urn, -1
    before = urn.drawn.winners
    after = with_next(before, place)
    if after == before:
        return urn, -1
    drawn = replace(urn.drawn, winners=after, number=urn.drawn.number + 1, at=event.at)
    next_one = next((n for n, each in enumerate(after) if each.reward and not before[n].reward), -1)
    return replace(urn, drawn=drawn), next_one


def marked(mark: DrawMark, event: DrawCalled | DrawDrawn, offset: int) -> DrawMark:
    """How far a partition is once that was said there, at that offset."""
    if isinstance(event, DrawCalled):
        return mark if mark.is_called else replace(mark, places=event.places)
    if mark.drawn is not None and mark.drawn.number >= event.number:
        return mark
    drawn = Drawn(event.seed, event.entrants, event.entries, event.winners, event.number, event.at, offset)
    return replace(mark, places=max(mark.places, 0), drawn=drawn)


def drawn_of(merchant: str, draw: str, drawn: Drawn) -> DrawDrawn:
    """What is said of it in every partition."""
    return DrawDrawn(
        merchant=merchant, customer="", at=drawn.at, draw=draw, seed=drawn.seed, entrants=drawn.entrants,
        entries=drawn.entries, winners=drawn.winners, number=drawn.number,
    )  # fmt: skip


def bounded(marks: dict[Name, Kept], merchant: str) -> None:
    """Forget the oldest of those that are over, where they are too many."""
    over = sorted((mark.drawn.at, name) for name, mark in marks.items() if name[0] == merchant and mark.drawn)
    for _, name in over[: max(0, len(over) - MOST_KEPT)]:
        del marks[name]

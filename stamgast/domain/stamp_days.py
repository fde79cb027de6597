"""What was earned on a capped card on each business day, before the cap: asked when news of an older day comes.

The newest day stands in the card (`day`, `day_raw`). Of the days before it, those of the newest day's block of 32
days and of the block before stand in the card as well (`by_day`), so what an offline till tells days later needs no
more than the state. What falls out goes to the customer's ledger, a field a block, when the newest day moves on to
another block: nothing is read for that, since the card holds all of a block until then. Days on which nothing was
earned stand nowhere, so what is stored follows from the purchases alone, in whatever order they came.

Of a card from before this was kept, or one that had no cap for a while, nothing is known (`by_day` is None): the first
older day that is asked for has it counted once from the whole ledger. A worker of before leaves the field out when it
writes a state, so what it changed is counted anew, too.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from stamgast.domain.customer import Card
from stamgast.domain.units import Day

BLOCK: Final[Day] = 32
"""Days of which one field of the ledger tells."""


class Memory(Protocol):
    """What the ledger knows of a card's days. All of it raises `NotReadError` where more is to be read first."""

    def block(self, card: str, number: int) -> bytes:
        """What stands there of a block of days; empty: nothing was earned."""

    def keep_block(self, card: str, number: int, value: bytes) -> None:
        """Have that stand there from now on."""

    def blocks(self, card: str) -> Iterable[int]:
        """Of which blocks something stands there."""

    def stamps_by_day(self, card: str) -> Mapping[Day, int]:
        """What all purchases of each day earned, counted from their entries."""


def field_of_block(place: int, number: int) -> bytes:
    """The ledger field of a block of days; `place` is the card's among the customer's cards."""
    return b"d" + place.to_bytes(2, "big") + number.to_bytes(2, "big")


def block_of(field: bytes, place: int) -> int | None:
    """Of which of that card's blocks a ledger field tells; None: of none."""
    is_its = len(field) == 5 and field[:1] == b"d" and int.from_bytes(field[1:3], "big") == place
    return int.from_bytes(field[3:], "big") if is_its else None


def block_needed(card: Card, day: Day) -> int | None:
    """Which block of the ledger is to be read if something of a day changes; None: none. The card's days are known."""
    return None if day >= _begin(card.day) else day // BLOCK


def move_on(card: Card, card_id: str, day: Day, memory: Memory) -> None:
    """A newer day than the card's newest one begins: what that earned is known, and joins the older ones."""
    if not card.day:
        card.by_day = b""  # its first: there are no others
    if not card.day or card.by_day is None:
        return
    begin = _begin(card.day)
    if card.day_raw > 0:
        card.by_day += _pair(card.day - begin, card.day_raw)
    if _begin(day) != begin:
        _keep(card, card_id, _decoded(card.by_day, begin), _begin(day), memory)


def change(card: Card, card_id: str, day: Day, by: int, memory: Memory) -> int:
    """Change what a day before the newest earned; returns what it was before. Raises NotReadError."""
    if card.by_day is None:
        _fill(card, card_id, memory)
    begin = _begin(card.day)
    if day >= begin:
        earned = _decoded(card.by_day or b"", begin)
        before = earned.get(day, 0)
        card.by_day = _encoded(earned | {day: before + by}, begin)
        return before
    number = day // BLOCK
    earned = _decoded(memory.block(card_id, number), number * BLOCK)
    before = earned.get(day, 0)
    memory.keep_block(card_id, number, _encoded(earned | {day: before + by}, number * BLOCK))
    return before


def forget(card: Card) -> None:
    """Something changes that is not counted: nobody knows the card's older days from now on."""
    card.by_day = None


def _fill(card: Card, card_id: str, memory: Memory) -> None:
    earned = {day: stamps for day, stamps in memory.stamps_by_day(card_id).items() if day < card.day}
    kept = {day // BLOCK for day in earned if day < _begin(card.day)}
    for number in set(memory.blocks(card_id)) - kept:  # what a worker of before left as it was
        memory.keep_block(card_id, number, b"")
    _keep(card, card_id, earned, _begin(card.day), memory)


def _keep(card: Card, card_id: str, earned: Mapping[Day, int], begin: Day, memory: Memory) -> None:
    """Days from `begin` on stay in the card, and those before it go to the ledger."""
    blocks: dict[int, dict[Day, int]] = {}
    for day, stamps in earned.items():
        if day < begin:
            blocks.setdefault(day // BLOCK, {})[day] = stamps
    for number, days in blocks.items():
        memory.keep_block(card_id, number, _encoded(days, number * BLOCK))
    card.by_day = _encoded({day: stamps for day, stamps in earned.items() if day >= begin}, begin)


def _begin(newest: Day) -> Day:
    """The first day that a card itself remembers."""
    return (newest // BLOCK - 1) * BLOCK


def _encoded(earned: Mapping[Day, int], begin: Day) -> bytes:
    """Ascending; a byte for the day's distance to `begin`, and what it earned as a varint."""
    return b"".join([_pair(day - begin, earned[day]) for day in sorted(earned) if earned[day] > 0])


def _pair(distance: int, stamps: int) -> bytes:
    if stamps < 0x80:
        return bytes((distance, stamps))
    out = bytearray((distance,))
    while stamps >= 0x80:
        out.append(stamps & 0x7F | 0x80)
        stamps >>= 7
    out.append(stamps)
    return bytes(out)


def _decoded(value: bytes, begin: Day) -> dict[Day, int]:
    earned: dict[Day, int] = {}
    at = 0
    while at < len(value):
        day, stamps, shift = begin + value[at], 0, 0
        at += 1
        while value[at] & 0x80:
            stamps |= (value[at] & 0x7F) << shift
            shift += 7
            at += 1
        earned[day] = stamps | value[at] << shift
        at += 1
    return earned

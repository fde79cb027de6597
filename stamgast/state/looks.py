"""What Redis holds of one customer or transaction, together with how far its partition was at that moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from stamgast.state.backlogs import Backlog
from stamgast.state.boxes import UnreadableBoxError, value_in
from stamgast.state.keys import PartitionKeys
from stamgast.state.meta_values import Goal
from stamgast.state.partition_meta import ASIDE, CLOCK, GOAL, HALF, WAITS, WATERMARK
from stamgast.state.scripts import Script
from stamgast.state.session import Session

_LOOK: Final = Script.named("look", "boxes")


class Look(NamedTuple):
    """See the module."""

    watermark: int
    backlogs: dict[str, Backlog]
    aside: frozenset[int]
    """Offsets of records that were laid aside because they end workers."""
    clocks: str
    """From which offset on which kind of clock was believed (`stamgast.state.clock_marks`)."""
    spoilt: str
    """Why nothing of the partition is to be believed; empty if all is."""
    goal: Goal | None
    """From where on it may be shown."""
    value: bytes | None
    entries: dict[bytes, bytes]
    score: int | None
    other: bytes | None
    length: int = 0
    """Of the list."""
    first: bytes | None = None
    last: bytes | None = None


async def look(
    session: Session, keys: PartitionKeys, *,
    value: str = "", entries: str = "", member: str = "", among: str = "", field: str = "", other: str = "",
    listed: str = "", digest: bytes = b"",
) -> Look:  # fmt: skip
    """Look at a value, a hash and a member of a sorted set (the timers), each if it is named, all at one moment.

    With a `field`: at that field of the hash, and of another one. Of a list its length and both ends. With the `digest`
    of a transaction: at what its box holds of it where it has no key; at the whole of a box that cannot be read.
    """
    names = [keys.meta, value or keys.none, entries or keys.none, among or keys.timers, other or keys.none]
    names.append(listed or keys.none)
    meta, found, flat, score, beside, ends = await session.run(
        _LOOK, names, [member, field, *([digest] if digest else ())]
    )
    watermark, backlogs, aside, clocks, spoilt, goal = meta
    return Look(
        watermark=WATERMARK.read(watermark),
        backlogs=WAITS.read(backlogs),
        aside=frozenset(ASIDE.read(aside)),
        clocks=CLOCK.read(clocks),
        spoilt=HALF.read(spoilt),
        goal=GOAL.read(goal),
        value=_value(found, digest),
        entries=_pairs(flat),
        score=None if score is None else int(float(score)),
        other=beside,
        length=ends[0],
        first=next(iter(ends[1:]), None),
        last=next(iter(ends[2:]), None),
    )


def _value(found: Any, digest: bytes) -> bytes | None:
    try:
        return value_in(found, digest)
    except UnreadableBoxError:
        return bytes(found[0])


def _pairs(flat: Sequence[Any]) -> dict[bytes, bytes]:
    words = iter(flat)
    return dict(zip(words, words, strict=True))

"""What the logs tell of a merchant's customers, a partition at a time: purchases as they stand, consents, messages.

What customers wrote and the pictures that they sent stand on topics of one partition: those are read first, and set
apart by the partition of their customer.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from stamgast.domain.activation import Note
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import (
    AnyEvent,
    ConsentChanged,
    Enrolled,
    OptedIn,
    OptedOut,
    OwnEvent,
    Purchase,
    PurchaseChanged,
    Replied,
    decode_event,
)
from stamgast.domain.till_events import StampsHanded, StampsHandedBack, VoucherRedeemed
from stamgast.domain.told import Line, decode_line
from stamgast.lists.spool import Spool, Spooled
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.media.record import Record, Wanted, read_record
from stamgast.state.outbox import decode_note

_AT_ONCE: Final = 10_000
"""Records that are held at once."""
_MOST_GROUPS: Final = 500
"""Files that are open at once; with more records than these hold, more of them are held at once."""
_KEPT: Final = (Enrolled, OptedIn, OptedOut, OwnEvent, Replied, VoucherRedeemed, StampsHanded, StampsHandedBack)
_REPLY: Final = 3
_PICTURE_ID: Final = re.compile(r"[0-9a-f]{24}")


@dataclass(slots=True)
class Life:
    """What is told of one customer, each kind in the order of its log."""

    purchases: dict[str, Purchase] = field(default_factory=dict)
    """Transaction -> its net state by now."""
    consents: list[ConsentChanged] = field(default_factory=list)
    events: list[AnyEvent] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    replies: list[Spooled] = field(default_factory=list)
    """Sealed, as they stand on their topic."""
    pictures: dict[str, Record] = field(default_factory=dict)
    """Id -> what is known of it: that it is wanted, or what became of it."""

    def add(self, event: AnyEvent) -> None:
        """Take in an event of their stream."""
        if isinstance(event, PurchaseChanged):
            if event.after is None:
                self.purchases.pop(event.transaction, None)
            else:
                self.purchases[event.transaction] = event.after
        elif isinstance(event, ConsentChanged):
            self.consents.append(event)
        elif isinstance(event, _KEPT):
            self.events.append(event)


async def read_life(reader: LogReader, topics: Topics, merchant: str, partition: int, customer: str) -> Life:
    """What the logs tell of one customer. A line that stands in a log once more is told once."""
    life, whole = Life(), f"{merchant}:{customer}".encode()
    logs = [*((topic, partition) for topic in _topics(topics)), *((topic, 0) for topic in _of_all(topics))]
    for kind, log in enumerate(logs):
        async for records in reader.read_all_of(*log, whole):
            for record in records:
                _take(life, Spooled(kind, record.key, record.value or b""))
    return _told_once(life)


async def set_apart(reader: LogReader, topics: Topics, merchant: str, spool: Spool) -> None:
    """Read what customers wrote and sent into a spool with a group for each partition (`spool_of_partitions`)."""
    prefix = f"{merchant}:".encode()
    for kind, topic in enumerate(_of_all(topics), _REPLY):
        async for records in reader.read_all(topic, 0):
            for record in records:
                if (record.key or b"").startswith(prefix):
                    spool.add(kind, record.key, record.value or b"")


def spool_of_partitions(folder: Path, topics: Topics) -> Spool:
    """A spool with a group for each partition of customers."""
    return Spool(folder, topics.partitions, lambda key: partition_for(key, topics.partitions))


async def read_lives(
    reader: LogReader,
    topics: Topics,
    merchant: str,
    partition: int,
    *,
    folder: Path,
    beside: Iterable[Spooled] = (),
) -> AsyncIterator[dict[str, Life]]:
    """The customers of a merchant in one partition, some at a time; `beside`: what they wrote and sent.

    Their logs are read once and set apart in `folder`: memory is what some `_AT_ONCE` records take, however long they
    are.
    """
    prefix, logs = f"{merchant}:".encode(), [(topic, partition) for topic in _topics(topics)]
    begins, ends = await reader.begins(logs), await reader.ends(logs)
    count = sum(end - begins[pair] for pair, end in ends.items())
    with Spool(folder, min(max(1, -(-count // _AT_ONCE)), _MOST_GROUPS)) as spool:
        for kind, (topic, _) in enumerate(logs):
            async for records in reader.read_all(topic, partition):
                for record in records:
                    if (record.key or b"").startswith(prefix):
                        spool.add(kind, record.key, record.value or b"")
        for each in beside:
            spool.add(*each)
        for group in spool.groups():
            found: dict[str, Life] = {}
            for each in group:
                _take(found.setdefault(each.key.decode().partition(":")[2], Life()), each)
            yield {customer: _told_once(life) for customer, life in sorted(found.items())}


def _topics(topics: Topics) -> tuple[str, str, str]:
    return topics.customer_events, topics.activations, topics.facts


def _of_all(topics: Topics) -> tuple[str, str]:
    """Topics of one partition."""
    return topics.replies, topics.media


def _take(life: Life, record: Spooled) -> None:
    """Take in a record of one of the topics."""
    if record.kind == _REPLY:  # it is opened with its customer's key
        life.replies.append(record)
        return
    decode, put = _READ[record.kind]
    try:
        told = decode(record.value)
    except UNREADABLE:  # not of our making
        return
    put(life, told)


def _picture(life: Life, said: Record) -> None:
    if not _PICTURE_ID.fullmatch(said.id):  # a file is called so
        return
    if isinstance(said, Wanted):
        life.pictures.setdefault(said.id, said)
    else:
        life.pictures[said.id] = said


_READ: Final[Mapping[int, tuple[Callable[[bytes], Any], Callable[[Life, Any], None]]]] = {
    0: (decode_event, Life.add),
    1: (decode_note, lambda life, note: life.notes.append(note)),
    2: (decode_line, lambda life, line: life.lines.append(line)),
    4: (read_record, _picture),
}


def _told_once(life: Life) -> Life:
    life.notes, life.lines = _once(life.notes), _once(life.lines)
    return life


def _once(told: list[Any]) -> list[Any]:
    return list({msgspec.json.encode(each): each for each in told}.values())

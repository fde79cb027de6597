"""What the logs tell of a merchant's customers, a partition at a time: purchases as they stand, consents, messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
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
from stamgast.lists.spool import Spool
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.state.outbox import decode_note

_AT_ONCE: Final = 50_000
"""Records that are held at once."""
_MOST_GROUPS: Final = 500
"""Files that are open at once; with more records than these hold, more of them are held at once."""
_KEPT: Final = (Enrolled, OptedIn, OptedOut, OwnEvent, Replied, VoucherRedeemed, StampsHanded, StampsHandedBack)


@dataclass(slots=True)
class Life:
    """What is told of one customer, each kind in the order of its log."""

    purchases: dict[str, Purchase] = field(default_factory=dict)
    """Transaction -> its net state by now."""
    consents: list[ConsentChanged] = field(default_factory=list)
    events: list[AnyEvent] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

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
    for kind, topic in enumerate(_topics(topics)):
        async for records in reader.read_all(topic, partition):
            for record in records:
                if record.key == whole:
                    _take(life, kind, record.value or b"")
    return _told_once(life)


async def read_lives(
    reader: LogReader, topics: Topics, merchant: str, partition: int, folder: Path
) -> AsyncIterator[dict[str, Life]]:
    """The customers of a merchant in one partition, some at a time.

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
        for group in spool.groups():
            found: dict[str, Life] = {}
            for each in group:
                _take(found.setdefault(each.key.decode().partition(":")[2], Life()), each.kind, each.value)
            yield {customer: _told_once(life) for customer, life in sorted(found.items())}


def _topics(topics: Topics) -> tuple[str, str, str]:
    return topics.customer_events, topics.activations, topics.facts


def _take(life: Life, kind: int, value: bytes) -> None:
    """Take in a record of one of the `_topics`."""
    decode, put = _READ[kind]
    try:
        told = decode(value)
    except UNREADABLE:  # not of our making
        return
    put(life, told)


_READ: Final[tuple[tuple[Callable[[bytes], Any], Callable[[Life, Any], None]], ...]] = (
    (decode_event, Life.add),
    (decode_note, lambda life, note: life.notes.append(note)),
    (decode_line, lambda life, line: life.lines.append(line)),
)


def _told_once(life: Life) -> Life:
    life.notes, life.lines = _once(life.notes), _once(life.lines)
    return life


def _once(told: list[Any]) -> list[Any]:
    return list({msgspec.json.encode(each): each for each in told}.values())

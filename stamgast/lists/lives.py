"""What the logs tell of a merchant's customers, a partition at a time: purchases as they stand, consents, messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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
    VoucherRedeemed,
    decode_event,
)
from stamgast.domain.told import Line, decode_line
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.state.outbox import decode_note

_KEPT: Final = (Enrolled, OptedIn, OptedOut, OwnEvent, Replied, VoucherRedeemed)


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


async def read_lives(
    reader: LogReader, topics: Topics, merchant: str, partition: int, customer: str = ""
) -> dict[str, Life]:
    """The customers of a merchant in one partition, or one of them.

    A line that stands in a log once more is told once. Memory: all that the partition tells of them.
    """
    found: dict[str, Life] = {}
    prefix = f"{merchant}:{customer}".encode()
    whole = bool(customer)

    async def gather(topic: str, decode: Callable[[bytes], Any], put: Callable[[Life, Any], None]) -> None:
        async for records in reader.read_all(topic, partition):
            for record in records:
                key = record.key or b""
                if not (key == prefix if whole else key.startswith(prefix)):
                    continue
                try:
                    told = decode(record.value or b"")
                except UNREADABLE:  # not of our making
                    continue
                put(found.setdefault(key.decode().partition(":")[2], Life()), told)

    await gather(topics.customer_events, decode_event, Life.add)
    await gather(topics.activations, decode_note, lambda life, note: life.notes.append(note))
    await gather(topics.facts, decode_line, lambda life, line: life.lines.append(line))
    for life in found.values():
        life.notes, life.lines = _once(life.notes), _once(life.lines)
    return found


def _once(told: list[Any]) -> list[Any]:
    return list({msgspec.json.encode(each): each for each in told}.values())

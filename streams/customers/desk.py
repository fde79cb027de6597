"""What waits beside a partition's states for its owner's word, and that word on the log.

Owners answer what nothing within a step may decide (ADR 106): whether a budget pays, which of a shop's codes is next.
They read what waits in parts, say on the log what they have for it, and read on once that was applied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import AnyEvent, encode_event, key_of
from streams.runtime.emission import append
from streams.runtime.job import OwnedPartition

_AT_ONCE: Final = 500
"""Answers that are appended before they are applied."""

Waiting = TypeVar("Waiting")


class Desk(Generic[Waiting]):
    """Reads what waits in one hash of an owned partition, and tells partitions of `topic`."""

    def __init__(
        self,
        owned: OwnedPartition,
        topic: str,
        where: str,
        decode: Callable[[bytes], Waiting],
        order: Callable[[Waiting], tuple[object, ...]],
    ) -> None:
        self._owned = owned
        self._topic = topic
        self._where = where
        self._decode = decode
        self._order = order
        self._told_at = -1
        """Offset of the last answer."""
        self._may_wait = True
        """Something may stand there from before."""
        self._cursor = b"0"

    def is_idle(self, *, comes: bool) -> bool:
        """Whether nothing is to be read: what was said last is not applied yet, or nothing waits and none `comes`."""
        return self._told_at > self._owned.lease.watermark or not (self._may_wait or comes)

    async def waiting(self) -> list[Waiting]:
        """Some of what waits, the next look has others; in order. Raises StateError."""
        lease = self._owned.lease
        found: list[Waiting] = []
        while len(found) < _AT_ONCE:
            self._cursor, words = await lease.call("HSCAN", self._where, self._cursor, "COUNT", _AT_ONCE)
            found += [each for value in words[1::2] if (each := self._readable(value)) is not None]
            if self._cursor == b"0":
                break
        self._may_wait = bool(found) or self._cursor != b"0"
        return sorted(found, key=self._order)

    async def answer(self, events: Sequence[AnyEvent]) -> None:
        """Say it on the partition's own log: nothing is read until that was applied. Raises EmitError."""
        if events:
            self._told_at = await self.tell(self._owned.number, events)

    async def tell(self, partition: int, events: Sequence[AnyEvent]) -> int:
        """Say it on a partition's log; the offset of the last. Raises EmitError."""
        records = [(key_of(event.merchant, event.customer), encode_event(event)) for event in events]
        return (await append(self._owned.emitters, self._topic, partition, records))[-1]

    def _readable(self, value: bytes) -> Waiting | None:
        try:
            return self._decode(value)
        except UNREADABLE:  # `verify` tells of it
            return None

"""What a wrong clock did before stamps were held to the log's time, and what mends it.

A worker whose clock ran ahead moved the time of its partitions, and everything of their customers with it. The log's
own times tell which records those were; applied anew, they do no harm. So whoever owns such a partition is asked to
fill it from Kafka. What cannot be taken back is what was sent meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.purchase_record import decode_record
from stamgast.domain.recorded import is_ahead
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import NoteKind
from stamgast.log.reading import ConsumerRecord, LogReader
from stamgast.log.topics import Topics
from stamgast.state.clock_marks import is_bounded_at, is_real_at
from stamgast.state.keys import PartitionKeys, customers, transactions
from stamgast.state.nodes import Redis
from stamgast.state.outbox import decode_note
from stamgast.state.partition_meta import CLOCK, HALF, TIME, WATERMARK
from stamgast.state.partitions import ask_for_rebuild


class _Stamp(msgspec.Struct, gc=False):
    at: int


_decode_stamp: Final = msgspec.json.Decoder(_Stamp).decode


@dataclass
class Aged:
    """A partition whose time was moved ahead by a wrong clock."""

    service: str
    partition: int
    keys: PartitionKeys
    time: Millis
    """Its time now: nothing of it is recorded before that."""
    asked: bool = False
    """Whether it is to be filled anew already."""
    records: int = 0
    whose: set[bytes] = field(default_factory=set)
    """Keys of those records: customers, or transactions."""
    most: Millis = 0
    """How far the furthest of their stamps is ahead of when the log had it."""
    first: Millis = 0
    last: Millis = 0
    """When the log had the first and the last of them."""

    def take(self, record: ConsumerRecord, stamp: Millis) -> None:
        """Count a record whose stamp is ahead."""
        self.records += 1
        self.whose.add(record.key or b"")
        self.most = max(self.most, stamp - record.timestamp)
        self.first = self.first or record.timestamp
        self.last = record.timestamp


@dataclass(frozen=True)
class Sent:
    """A message that went out while the clock was wrong."""

    merchant: str
    customer: str
    activation: str
    rule: str
    template: str
    at: Millis
    """When it really was."""


async def find_aged(bootstrap: str, redis: Redis, topics: Topics, now: Millis) -> list[Aged]:
    """Every partition of transactions and customers that a wrong clock has moved. Raises StateError or KafkaError."""
    services = (
        ("intake", topics.purchases, transactions, _taken_over_at),
        ("customers", topics.customer_events, customers, _recorded_at),
    )
    found = []
    async with LogReader(bootstrap) as reader:
        for service, topic, keys_of, stamp_of in services:
            for number in range(topics.partitions):
                keys = keys_of(number)
                session = await redis.session(keys.meta)
                names = (field.name for field in (WATERMARK, CLOCK, TIME, HALF))
                wm, clocks, time, half = await session.call("HMGET", keys.meta, *names)
                aged = Aged(service, number, keys, TIME.read(time), asked=half is not None)
                watermark, marks = WATERMARK.read(wm), CLOCK.read(clocks)
                async for record in _unbounded(reader, topic, number, watermark + 1, marks):
                    stamp = stamp_of(record.value)
                    if is_ahead(stamp, record.timestamp):
                        aged.take(record, stamp)
                if aged.records or (is_ahead(aged.time, now) and is_real_at(marks, watermark, otherwise=True)):
                    found.append(aged)
    return found


async def find_sent(bootstrap: str, topics: Topics, partitions: list[int]) -> list[Sent]:
    """What was submitted for customers of these partitions at a time that had not come. Raises KafkaError."""
    sent: dict[str, Sent] = {}
    if not partitions:
        return []
    async with LogReader(bootstrap) as reader:
        for number in partitions:
            async for records in reader.read_all(topics.activations, number):
                for record in records:
                    _note_sent(record, sent)
    return list(sent.values())


async def ask_for_all(redis: Redis, aged: list[Aged]) -> int:
    """Let each of them be filled anew; return how many were not going to be yet. Raises StateError."""
    new = [each for each in aged if not each.asked]
    for each in new:
        await ask_for_rebuild(redis, each.keys, "a wrong clock had moved its time")
    return len(new)


async def _unbounded(reader: LogReader, topic: str, number: int, end: int, marks: str) -> AsyncIterator[ConsumerRecord]:
    """What was applied in real time with its stamp as it is."""
    start = next(iter((await reader.begins([(topic, number)])).values()))
    async for records in reader.read(topic, number, start, end):
        for record in records:
            at = record.offset
            if is_real_at(marks, at, otherwise=True) and not is_bounded_at(marks, at):
                yield record


def _note_sent(record: ConsumerRecord, sent: dict[str, Sent]) -> None:
    try:
        note = decode_note(record.value or b"")
    except UNREADABLE:
        return
    if note.kind == NoteKind.CLAIMED and is_ahead(note.at, record.timestamp):
        sent[note.activation] = Sent(
            note.merchant, note.customer, note.activation, note.rule, note.template, record.timestamp
        )
    elif note.kind == NoteKind.CLOSED:  # certainly not submitted
        sent.pop(note.activation, None)


def _recorded_at(value: bytes | None) -> Millis:
    return _stamp_of(value, lambda text: _decode_stamp(text).at)


def _taken_over_at(value: bytes | None) -> Millis:
    """The stamp of a purchase that a worker took over; others' are judged when they are read."""

    def stamp(text: bytes) -> Millis:
        purchase = decode_record(text)
        return (purchase.stamgastrecordedat or 0) if purchase.stamgastsource is not None else 0

    return _stamp_of(value, stamp)


def _stamp_of(value: bytes | None, decode: Callable[[bytes], Any]) -> Millis:
    try:
        return int(decode(value or b""))
    except UNREADABLE:
        return 0

"""What could not be digested: kept sealed with its reason and its place, to be looked at, mended and played again.

The record's key says where it came from (`purchases.v1-3-1207`); the raw key and value are sealed, since nobody knows
what stands in them. A second record under the same key notes that it was played again.
"""

from __future__ import annotations

import base64
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.units import Millis
from stamgast.identity.sealing import WrappingKeys
from stamgast.log.address import kafka_python_at, signatures_at
from stamgast.log.partitioning import partition_for
from stamgast.log.producers import Record
from stamgast.log.topics import Topics
from stamgast.logs import mask_phones

_PURPOSE = "dead-letters"
_REASON_CHARS = 500


class DeadLetterError(RuntimeError):
    """There is no such dead letter, or it cannot be opened or played again."""


@dataclass(frozen=True)
class DeadLetter:
    """One record that could not be digested, as its reader got it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    reason: str
    at: Millis

    @property
    def id(self) -> str:
        """Where it came from; the same record cannot become two dead letters."""
        return f"{self.topic}-{self.partition}-{self.offset}"


class Stored(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A dead letter on its topic: everything but the contents can be read without a key."""

    version: Literal[1] = 1
    topic: str
    partition: int
    offset: int
    reason: str
    at: Millis
    sealed: str
    replayed_at: Millis = 0
    """Set in the note that it was played again; then `sealed` is empty."""

    @property
    def id(self) -> str:
        """Where it came from."""
        return f"{self.topic}-{self.partition}-{self.offset}"


class DeadLetterSeal:
    """Seals and opens dead letters under a key of their own, derived from the deployment's wrapping keys."""

    def __init__(self, keys: WrappingKeys) -> None:
        self._keys = keys.derived(_PURPOSE)

    def encode(self, letter: DeadLetter) -> Record:
        """Return the record to emit to the dead letters' topic, partition 0."""
        raw = msgspec.msgpack.encode((letter.key, letter.value))
        stored = Stored(
            topic=letter.topic,
            partition=letter.partition,
            offset=letter.offset,
            reason=mask_phones(letter.reason)[:_REASON_CHARS],
            at=letter.at,
            sealed=self._keys.seal(raw, letter.id),
        )
        return letter.id.encode(), msgspec.json.encode(stored)

    def open(self, stored: Stored) -> tuple[bytes | None, bytes | None]:
        """Return the raw key and value. Raises `SealError` without the right wrapping key."""
        raw = self._keys.open(stored.sealed, stored.id)
        key, value = msgspec.msgpack.decode(raw, type=tuple[bytes | None, bytes | None])
        return key, value


class DeadLetters:
    """The commands' side: list, show and play again (blocking, with kafka-python)."""

    def __init__(self, bootstrap: str, topics: Topics, seal: DeadLetterSeal) -> None:
        self._at = kafka_python_at(bootstrap)
        self._signatures = signatures_at(bootstrap)
        self._topics = topics
        self._seal = seal

    def all(self) -> list[Stored]:
        """Return every dead letter that is kept, oldest first, without what is sealed in it.

        `replayed_at` tells its last replay.
        """
        found: dict[str, Stored] = {}
        for stored in self._stored():
            known = found.get(stored.id)
            if stored.replayed_at and known is not None:
                found[stored.id] = msgspec.structs.replace(known, replayed_at=stored.replayed_at)
            elif stored.sealed and known is None:
                found[stored.id] = msgspec.structs.replace(stored, sealed="")
        return list(found.values())

    def one(self, letter_id: str) -> DeadLetter:
        """Open one dead letter.

        Raises:
            DeadLetterError: there is none with this id.
            SealError: its wrapping key is not configured here.
        """
        for stored in self._stored():
            if stored.id == letter_id and stored.sealed:
                key, value = self._seal.open(stored)
                where = (stored.topic, stored.partition, stored.offset)
                return DeadLetter(*where, key, value, stored.reason, stored.at)
        raise DeadLetterError(f"there is no dead letter {letter_id!r}")

    def replay(self, letter_id: str, *, mended: bytes | None = None, now: Millis) -> tuple[str, int, int]:
        """Append a dead letter's record to its topic again and note it; return topic, partition and new offset.

        `mended` takes the place of the value. A record with a key goes to that key's partition, whichever it was in.
        It comes as news: what it says of its source is left out, or it would be skipped as the repeat of itself.
        """
        letter = self.one(letter_id)
        if letter.topic not in {name for name, _topic in self._topics}:
            how = "`stamgast pos replay` does it" if letter.topic.startswith("pos.") else "send it again at its source"
            raise DeadLetterError(f"{letter_id} did not come from a topic of ours; {how}")
        with self._producer() as producer:
            partition = letter.partition
            if letter.key is not None:
                partition = partition_for(letter.key, len(producer.partitions_for(letter.topic)))
            value = as_news(self._topics, letter.topic, letter.value if mended is None else mended)
            headers = list(self._signatures.headers(letter.topic, letter.key, value))
            sent = producer.send(letter.topic, value, letter.key, headers, partition).get(30)
            self._note(producer, letter, now)
        return letter.topic, partition, int(sent.offset)

    def note_replayed(self, letter: DeadLetter, now: Millis) -> None:
        """Note that a letter was played again by other means: a delivery of a till goes through its adapter."""
        with self._producer() as producer:
            self._note(producer, letter, now)

    def _note(self, producer: Any, letter: DeadLetter, now: Millis) -> None:
        (key, value), topic = note_of(letter, now), self._topics.dead_letters
        producer.send(topic, value, key, list(self._signatures.headers(topic, key, value)), 0).get(30)

    def _stored(self) -> Iterator[Stored]:
        pair = TopicPartition(self._topics.dead_letters, 0)
        consumer = KafkaConsumer(**self._at, group_id=None, enable_auto_commit=False, fetch_max_wait_ms=50)
        with contextlib.closing(consumer):
            consumer.assign([pair])
            consumer.seek_to_beginning(pair)
            checks, believes = self._signatures.checks(pair.topic), self._signatures.believes
            for record in _up_to_the_end(consumer, pair):
                if checks and not believes(pair.topic, record):
                    continue
                with contextlib.suppress(*UNREADABLE):  # nothing of ours: whoever wrote it, the others are letters
                    yield msgspec.json.decode(record.value or b"", type=Stored)

    @contextlib.contextmanager
    def _producer(self) -> Iterator[Any]:
        # Not idempotent: the embedded broker could not, and a repeated replay is told by its contents.
        producer = KafkaProducer(**self._at, acks="all", enable_idempotence=False, max_request_size=4_000_000)
        with contextlib.closing(producer):
            yield producer


def note_of(letter: DeadLetter, now: Millis) -> tuple[bytes, bytes]:
    """The record which notes that a letter was played again."""
    note = Stored(
        topic=letter.topic,
        partition=letter.partition,
        offset=letter.offset,
        reason=letter.reason,
        at=letter.at,
        sealed="",
        replayed_at=now,
    )
    return note.id.encode(), msgspec.json.encode(note)


def as_news(topics: Topics, topic: str, value: bytes | None) -> bytes | None:
    """The same record without what tells where we took it from; anything else stays as it is."""
    told = {topics.purchases: {"stamgastsource", "stamgastproof"}, topics.customer_events: {"source"}}
    try:
        document = msgspec.json.decode(value or b"")
    except UNREADABLE:
        return value
    if not isinstance(document, dict) or not document.keys() & told.get(topic, set()):
        return value
    return msgspec.json.encode({name: each for name, each in document.items() if name not in told[topic]})


def _up_to_the_end(consumer: Any, pair: TopicPartition) -> Iterator[Any]:
    """Yield what the partition holds now; the high watermark tells the end (see `reading.LogReader.ends`)."""
    if consumer.end_offsets([pair])[pair] == consumer.beginning_offsets([pair])[pair]:
        return
    end = None
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for record in consumer.poll(timeout_ms=200, max_records=500).get(pair, ()):
            deadline = time.monotonic() + 30
            yield record
        if end is None:
            end = consumer.highwater(pair)
        if end is not None and consumer.position(pair) >= end:
            return
    raise DeadLetterError(f"{pair.topic} could not be read to its end")


def as_text(raw: bytes | None) -> dict[str, str | None]:
    """Return raw bytes for a person: as text where they are UTF-8, else in base64."""
    if raw is None:
        return {"text": None}
    with contextlib.suppress(UnicodeDecodeError):
        return {"text": raw.decode()}
    return {"base64": base64.b64encode(raw).decode()}

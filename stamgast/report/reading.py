"""Reads the topics for a report, partition by partition, and of a large one a part of its customers at a time.

What is kept in memory is what a part's customers need, however long the logs are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from zlib import crc32

from stamgast.domain.answers import UNHEARD_BY_RULES
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import (
    ActivationOutcome,
    AnyEvent,
    Barrier,
    OptedIn,
    OptedOut,
    PurchaseChanged,
    PurchaseReviewed,
    RateKnown,
    Replied,
    decode_event,
)
from stamgast.domain.recorded import bounded_event
from stamgast.domain.told import decode_line
from stamgast.domain.units import DAY, Millis
from stamgast.domain.vocabulary import Reason
from stamgast.log.reading import ConsumerRecord, LogReader, TopicPartition
from stamgast.log.topics import Topics
from stamgast.programs.history import BundleShelf
from stamgast.report.lives import Life
from stamgast.report.reckoning import InForce, Sums, reckon
from stamgast.report.spans import Span
from stamgast.service import Bundle
from stamgast.state.outbox import decode_note

Tell = Callable[[int, int], None]
"""(records that were read, records there are) -> tells a person."""

AT_ONCE: Final = 250_000
"""Records of a partition whose customers are reckoned together."""
SLACK: Final = 35 * DAY
"""So long before a span its reading begins: messages that its purchases came after, firings that waited."""


class Readings:
    """The topics, and which bundles there were."""

    def __init__(self, bootstrap: str, topics: Topics, shelf: BundleShelf, *, is_real: bool) -> None:
        """`is_real`: the shop's clock is the broker's, so that the log says from where on to read."""
        self._bootstrap, self._topics, self._shelf, self._is_real = bootstrap, topics, shelf, is_real
        self._read = self._all = 0
        self._tell: Tell = lambda _read, _all: None

    async def sums(
        self, spans: Mapping[str, Span], tell: Tell | None = None, at_once: int = AT_ONCE
    ) -> dict[str, Sums]:
        """Return of each merchant what their counters would have counted.

        Raises:
            KafkaError, LogTruncatedError: the logs cannot be read.
        """
        self._tell = tell or self._tell
        self._read = self._all = 0
        found: dict[str, Sums] = {merchant: {} for merchant in spans}
        topics = (self._topics.facts, self._topics.activations, self._topics.customer_events)
        begin = min((span.since for span in spans.values()), default=0) - SLACK
        async with LogReader(self._bootstrap, client_id="stamgast-report") as reader:
            pairs = [(topic, number) for topic in topics for number in range(self._topics.partitions)]
            ends = await reader.ends(pairs)
            starts = await (reader.since(pairs, begin) if self._is_real else reader.begins(pairs))
            parts = {
                number: 1 + sum(ends[topic, number] - starts[topic, number] for topic in topics) // at_once
                for number in range(self._topics.partitions)
            }
            self._all = sum((ends[topic, at] - starts[topic, at]) * parts[at] for topic, at in pairs)
            for number, count in parts.items():
                for part in range(count):
                    ranges = [
                        (TopicPartition(topic, number), starts[topic, number], ends[topic, number]) for topic in topics
                    ]
                    await _Part(self, reader, spans, begin if self._is_real else None, (part, count)).add(ranges, found)
        self._tell(self._all, self._all)
        return found

    def passed(self, records: int) -> None:
        """So many more were read."""
        self._read += records
        self._tell(self._read, self._all)

    def bundle(self, merchant: str, number: int, content: str) -> Bundle | None:
        """One that came into force; None for one that nobody published, or that cannot be used."""
        try:
            return self._shelf.find(merchant, content, number)
        except LookupError:
            return None

    def before(self, merchant: str, moment: Millis | None) -> tuple[Millis, Bundle] | None:
        """The newest one that was published before a moment, else the first of all."""
        versions = self._shelf.published.get(merchant, ())
        earlier = [each for each in versions if moment is not None and each[0] <= moment]
        for published_at, number, content in (*reversed(earlier), *versions):
            if (found := self.bundle(merchant, number, content)) is not None:
                return published_at, found
        return None

    def appended_at(self, record: ConsumerRecord) -> Millis:
        """The log's time of a record; 0 where the shop's clock is another."""
        return record.timestamp if self._is_real else 0


class _Part:
    """A part of a partition's customers."""

    def __init__(
        self,
        readings: Readings,
        reader: LogReader,
        spans: Mapping[str, Span],
        since: Millis | None,
        part: tuple[int, int],
    ) -> None:
        self._readings, self._reader, self._spans = readings, reader, spans
        self._part, self._of = part
        self._lives: dict[bytes, Life] = {}
        self._in_force: dict[str, InForce] = {}
        self._newest: dict[str, Bundle] = {}
        for merchant in spans:
            if (first := readings.before(merchant, since)) is not None:
                self._in_force[merchant] = InForce()
                self._in_force[merchant].come(*first)
                self._newest[merchant] = first[1]

    async def add(self, ranges: list[tuple[TopicPartition, int, int]], sums: Mapping[str, Sums]) -> None:
        """Read it, and add what it comes to."""
        for take, (pair, start, end) in zip((self._fact, self._note, self._event), ranges, strict=True):
            async for records in self._reader.read(pair.topic, pair.partition, start, end):
                for record in records:
                    take(record)
                self._readings.passed(len(records))
        for key, life in self._lives.items():
            merchant = _merchant_of(key)
            if merchant in self._in_force:
                reckon(life, self._spans[merchant], self._in_force[merchant], sums[merchant])

    def _is_ours(self, key: bytes) -> bool:
        return (self._of == 1 or crc32(key) % self._of == self._part) and _merchant_of(key) in self._spans

    def _life(self, key: bytes | None) -> Life | None:
        if key is None:
            return None
        life = self._lives.get(key)
        if life is None and self._is_ours(key):
            life = self._lives[key] = Life()
        return life

    def _fact(self, record: ConsumerRecord) -> None:
        life = self._life(record.key)
        if life is not None and record.value is not None:
            try:
                life.tell(decode_line(record.value))
            except UNREADABLE:
                return  # nobody of us wrote it

    def _note(self, record: ConsumerRecord) -> None:
        life = self._life(record.key)
        if life is not None and record.value is not None:
            try:
                life.note(decode_note(record.value))
            except UNREADABLE:
                return

    def _event(self, record: ConsumerRecord) -> None:
        key: bytes = record.key or b""
        life = self._lives.get(key)  # of whom the facts tell nothing a report has nothing to say
        if life is None and not key.endswith(b":"):
            return
        try:
            event = bounded_event(decode_event(record.value or b""), self._readings.appended_at(record))
        except UNREADABLE:
            return
        if isinstance(event, Barrier):
            self._come_into_force(event)
        elif life is not None and event.merchant in self._newest:
            _hear(life, event, self._newest[event.merchant])

    def _come_into_force(self, barrier: Barrier) -> None:
        if barrier.merchant not in self._spans:
            return
        known = self._newest.get(barrier.merchant)
        bundle = self._readings.bundle(barrier.merchant, barrier.number, barrier.hash)
        if bundle is None or (known is not None and barrier.number < known.number):
            return
        self._newest[barrier.merchant] = bundle
        self._in_force.setdefault(barrier.merchant, InForce()).come(barrier.at, bundle)


def _merchant_of(key: bytes) -> str:
    return key.partition(b":")[0].decode(errors="replace")


def _hear(life: Life, event: AnyEvent, bundle: Bundle) -> None:
    program = bundle.program
    if isinstance(event, PurchaseChanged):
        life.buy(event, program)
    elif isinstance(event, PurchaseReviewed | RateKnown):
        life.hear(event, program)
    elif isinstance(event, Replied):
        if event.keyword not in UNHEARD_BY_RULES:
            life.replies.append(event.at)
    elif isinstance(event, OptedOut | OptedIn):
        life.stops.append((event.at, isinstance(event, OptedOut)))
    elif isinstance(event, ActivationOutcome) and event.reason == Reason.OPTED_OUT:
        life.stops.append((event.at, True))

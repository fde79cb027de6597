"""A group's consumer whose records are fetched by requests of our own, over its connections.

aiokafka's own fetching costs about half a worker's time while the events come one by one: each of its requests and
answers is taken apart field by field in Python, and passes through half a dozen tasks. Here the group, positions to
commit and connections stay aiokafka's; its partitions are paused in it for good, and a fetch is one request packed at
once, and one answer of which only what holds records is taken apart (by aiokafka's own parser in C).

What is read is committed: of a transaction that a shop's own producer aborted nothing is, of an open one not yet.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    IncompatibleBrokerVersion,
    KafkaError,
    OffsetOutOfRangeError,
    for_code,
)
from aiokafka.record.memory_records import MemoryRecords

from stamgast.log.stopping import stop_client
from stamgast.logs import get_logger
from streams.runtime.job import Record

log = get_logger(__name__)

_API, _VERSION = 1, 4
"""Fetch, in the version that every broker since 0.11 answers."""
_READ_COMMITTED: Final = 1
_ABORT: Final = b"\0\0\0\0"
"""The key of a control record that aborts: version, and what it is."""
_MOST_STRETCHES: Final = 10_000
_WAIT_MS: Final = 100
"""How long the broker holds a request while there is nothing: then what was resumed meanwhile is asked for too."""
_SHORT_WAIT_MS: Final = 20
_QUIET_WAIT_MS: Final = 500
"""The same once nothing has come for `_QUIET_S`: in the night nobody minds if a partition is resumed so much later."""
_QUIET_S: Final = 5.0
_MOST_BYTES: Final = 50 << 20
_MOST_OF_ONE: Final = 1 << 20
_RETRY_S: Final = 0.1
_GREET_S: Final = 1.0
_TURN_S: Final = 0.004
_SELDOM_S: Final = 5.0

Asked = dict[TopicPartition, int]
"""Where each partition was to be read from."""


Aborted = Sequence[tuple[int, int]]
"""Producer and first offset of transactions of which nothing counts."""


class Piece(NamedTuple):
    """What an answer says of a partition of which there is something to say."""

    pair: TopicPartition
    error: int
    end: int
    """Up to where it can be read: before the first transaction that is still open."""
    aborted: Aborted
    data: bytes


class Found(NamedTuple):
    """What was fetched of a partition."""

    records: list[Record]
    following: int
    """Where to read on."""
    without: list[tuple[int, int]]
    """From where to where there is nothing to apply: control records, and what was aborted."""


class LeanConsumer:
    """See the module. `consumer` is an AIOKafkaConsumer; what is not here is asked of it."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self._client = consumer._client  # noqa: SLF001  no public way; contract tests hold it to real brokers
        self._at: Asked = {}
        self._resting: set[TopicPartition] = set()
        self._ends: dict[TopicPartition, int] = {}
        self._without: dict[TopicPartition, dict[int, int]] = {}
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._answers: deque[tuple[Asked, Sequence[Piece]]] = deque()
        self._news = asyncio.Event()
        self._beyond: Asked = {}
        self._broken: Exception | None = None
        self._greeted = 0.0
        self._busy_at = time.monotonic()
        """When something came, or was to be read from elsewhere (monotonic seconds)."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    async def start(self) -> None:
        """Join the group. Its own fetching, which has nothing to fetch, need not look five times a second for that."""
        await self._consumer.start()
        self._consumer._fetcher._fetcher_timeout = _SELDOM_S  # noqa: SLF001  an assignment wakes it; contract tests

    async def stop(self) -> None:
        """Leave the group, and close the connections."""
        for task in self._under_way.values():
            task.cancel()
        await stop_client(self._consumer)

    # -- where to read

    def seek(self, pair: TopicPartition, offset: int) -> None:
        """Read on from there. Raises IllegalStateError if the partition is not ours."""
        self._consumer.seek(pair, offset)
        self._consumer.pause(pair)
        self._at[pair] = offset
        self._busy_at = time.monotonic()
        self._without.pop(pair, None)
        self._news.set()

    def pause(self, pair: TopicPartition) -> None:
        """Ask for none of its records until `resume`."""
        self._resting.add(pair)

    def resume(self, pair: TopicPartition) -> None:
        """Ask for its records again."""
        self._resting.discard(pair)
        self._news.set()

    def highwater(self, pair: TopicPartition) -> int | None:
        """Where the partition ended when something of it was last fetched."""
        return self._ends.get(pair)

    def passing(self, pair: TopicPartition, position: int) -> int:
        """Where the first record from `position` on stands at the earliest: behind what is known to hold none."""
        without = self._without.get(pair, {})
        while position in without:
            position = without[position]
        return position

    # -- reading

    async def getmany(self, *pairs: TopicPartition, timeout_ms: int) -> dict[TopicPartition, list[Record]]:
        """Return what has come for these partitions (default: all), waiting so long at most for anything.

        Raises:
            OffsetOutOfRangeError: the log does not reach from where some partitions are to be read.
            KafkaError: the group is in trouble.
        """
        now = time.monotonic()
        if now - self._greeted > _GREET_S:
            self._greeted = now
            await self._consumer.getmany(timeout_ms=0)  # the group's troubles, and a sign that somebody still polls
        if self._beyond:
            beyond, self._beyond = self._beyond, {}
            raise OffsetOutOfRangeError(beyond)
        if self._broken is not None:
            raise self._broken
        if not self._answers:
            self._news.clear()
            self._ask(pairs or self._at.keys())
            enough = asyncio.get_running_loop().call_later(timeout_ms / 1000, self._news.set)
            await self._news.wait()
            enough.cancel()
        found: dict[TopicPartition, list[Record]] = {}
        while self._answers:
            await self._take_in(*self._answers.popleft(), found)
        if found:
            self._busy_at = now
        return found

    def _ask(self, pairs: Iterable[TopicPartition]) -> None:
        """Ask each broker, unless it is being asked, for the partitions that it leads."""
        ours, cluster = self._consumer.assignment(), self._client.cluster
        led: dict[int, Asked] = {}
        for pair in pairs:
            if pair in self._resting or pair not in ours or (start := self._at.get(pair)) is None:
                continue
            leader = cluster.leader_for_partition(pair)
            led.setdefault(-1 if leader is None else leader, {})[pair] = start
        wait_ms = patience_ms(time.monotonic() - self._busy_at, of_all=sum(map(len, led.values())) == len(ours))
        for node, asked in led.items():
            if node not in self._under_way:
                self._under_way[node] = asyncio.create_task(self._fetch(node, asked, wait_ms), name="fetch")

    async def _fetch(self, node: int, asked: Asked, wait_ms: int) -> None:
        try:
            if node < 0:  # nobody leads them at the moment
                await self._look_for_leaders()
            else:
                self._answers.append((asked, await self._client.send(node, FetchRequest(asked, wait_ms))))
        except KafkaError as error:
            log.warning("fetch failed", node=node, why=repr(error))
            await self._look_for_leaders()
        except Exception as error:  # noqa: BLE001  a fault of ours: whoever waits for records gets it
            self._broken = error
        finally:
            del self._under_way[node]
            self._news.set()

    async def _look_for_leaders(self) -> None:
        self._client.force_metadata_update()
        await asyncio.sleep(_RETRY_S)

    async def _take_in(self, asked: Asked, pieces: Sequence[Piece], found: dict[TopicPartition, list[Record]]) -> None:
        turn = time.perf_counter()
        refused = False
        for pair, code, end, aborted, data in pieces:
            start = asked[pair]
            if code:
                refused = self._refused(pair, start, for_code(code)) or refused
                continue
            self._ends[pair] = end
            if time.perf_counter() - turn > _TURN_S:
                await asyncio.sleep(0)
                turn = time.perf_counter()
            if self._at.get(pair) == start and pair not in self._resting:  # else it was sought anew meanwhile
                records, self._at[pair], without = records_of(data, start, aborted)
                if records:
                    found[pair] = records
                if without:
                    known = self._without.setdefault(pair, {})
                    known |= without
                    for old in list(known)[:-_MOST_STRETCHES]:
                        del known[old]
        if refused:
            await self._look_for_leaders()

    def _refused(self, pair: TopicPartition, start: int, error: type[KafkaError]) -> bool:
        """Note what a broker says instead of records; say whether another one may know better."""
        if error is not OffsetOutOfRangeError:
            log.warning("fetch refused", partition=pair.partition, why=error.__name__)
            return True
        if self._at.get(pair) == start and pair not in self._resting:
            self._beyond[pair] = start
            self._resting.add(pair)  # until it is told from where to read on
        return False


def patience_ms(quiet_s: float, *, of_all: bool) -> int:
    """How long a broker may hold a request, after so long without news. `of_all`: no partition of ours is left out."""
    if not of_all:
        return _SHORT_WAIT_MS
    return _WAIT_MS if quiet_s < _QUIET_S else _QUIET_WAIT_MS


def records_of(data: bytes, start: int, aborted: Aborted = ()) -> Found:
    """Return the records from `start` on, and where to read on; an unfinished batch at the end is left for then.

    `aborted` are the transactions in it that were, by their first offset.

    Raises:
        CorruptRecordException: what came is not what was appended.
    """
    records: list[Record] = []
    without: list[tuple[int, int]] = []
    batches = MemoryRecords(data)
    following = start
    ahead, aborting = deque(sorted(aborted, key=lambda each: each[1])), set[int]()
    while batches.has_next():
        batch = batches.next_batch()
        if not batch.validate_crc():
            raise CorruptRecordException
        while ahead and ahead[0][1] < (batch.next_offset or 0):
            aborting.add(ahead.popleft()[0])
        if batch.is_control_batch or (aborting and batch.is_transactional and batch.producer_id in aborting):
            if batch.is_control_batch and next(iter(batch)).key == _ABORT:
                aborting.discard(batch.producer_id)
            without.append((max(start, batch.base_offset), batch.next_offset))
        else:
            records += [record for record in batch if record.offset >= start]
            following = max(following, records[-1].offset + 1 if records else start)
        following = max(following, batch.next_offset or 0)  # whatever compaction or a transaction left out
    return Found(records, following, without)


class _Header(NamedTuple):
    correlation_id: int


class FetchRequest:
    """A request as aiokafka's connections take it, with its way to read the answer."""

    RESPONSE_TYPE: Any

    def __init__(self, asked: Asked, wait_ms: int) -> None:
        self._asked = asked
        self._wait_ms = wait_ms
        self._header = b""
        self.RESPONSE_TYPE = self

    def prepare(self, versions: dict[int, tuple[int, int]]) -> FetchRequest:
        """See that the broker knows this version of the request."""
        low, high = versions.get(_API, (_VERSION, _VERSION))
        if not low <= _VERSION <= high:
            raise IncompatibleBrokerVersion(f"the broker answers fetches {low} to {high}, and this is {_VERSION}")
        return self

    def build_request_header(self, *, correlation_id: int, client_id: str) -> FetchRequest:
        """Put what says whose request it is in front."""
        name = client_id.encode()
        self._header = struct.pack(f">hhih{len(name)}s", _API, _VERSION, correlation_id, len(name), name)
        return self

    def encode(self) -> bytes:
        """Return the header when asked first, and then the request (the connection takes them for two things)."""
        if self._header:
            header, self._header = self._header, b""
            return header
        topics = self._by_topic()
        parts = [struct.pack(">iiiibi", -1, self._wait_ms, 1, _MOST_BYTES, _READ_COMMITTED, len(topics))]
        for topic, pairs in topics.items():
            name = topic.encode()
            parts.append(struct.pack(f">h{len(name)}si", len(name), name, len(pairs)))
            parts += [struct.pack(">iqi", pair.partition, self._asked[pair], _MOST_OF_ONE) for pair in pairs]
        return b"".join(parts)

    def parse_response_header(self, answer: Any) -> _Header:
        """Read whose answer it is."""
        return _Header(struct.unpack(">i", answer.read(4))[0])

    def decode(self, answer: Any) -> list[Piece]:
        """Take the answer apart: `answer` is a file of bytes that stands behind the header."""
        view, place, pieces = answer.getvalue(), answer.tell() + 4, []
        (topics,) = struct.unpack_from(">i", view, place)
        place += 4
        for _ in range(topics):
            (length,) = struct.unpack_from(">h", view, place)
            topic = view[place + 2 : place + 2 + length].decode()
            place += 2 + length
            (partitions,) = struct.unpack_from(">i", view, place)
            place += 4
            for _ in range(partitions):
                partition, error, end, stable, count = struct.unpack_from(">ihqqi", view, place)
                place += 26
                aborted = [struct.unpack_from(">qq", view, place + 16 * number) for number in range(count)]
                place += 16 * len(aborted)
                (size,) = struct.unpack_from(">i", view, place)
                place += 4
                following = place + max(0, size)
                if error or size > 0:  # most of the partitions have nothing new
                    readable = end if stable < 0 else stable
                    piece = Piece(TopicPartition(topic, partition), error, readable, aborted, view[place:following])
                    pieces.append(piece)
                place = following
        return pieces

    def _by_topic(self) -> dict[str, list[TopicPartition]]:
        topics: dict[str, list[TopicPartition]] = {}
        for pair in self._asked:
            topics.setdefault(pair.topic, []).append(pair)
        return topics

"""How records are appended: by an idempotent producer, to a partition that the caller has chosen, in order.

After any failure the producer is thrown away. What it had still under way may or may not be in the log; a reader that
skips sources it has seen is right in both cases, as long as each source's records went out in order, each piece only
after the one before it was acknowledged (invariant 4).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed, UnknownError

from stamgast.local.embedded import CLUSTER_PREFIX
from stamgast.log.address import aiokafka_at, signatures_at
from stamgast.log.signatures import UNSIGNED, Signatures
from stamgast.log.topics import MAX_RECORD_BYTES, TopicsError, admin, largest_record
from stamgast.logs import get_logger

log = get_logger(__name__)

Record = tuple[bytes | None, bytes | None]
"""A key and a value; a value of None is a tombstone."""

_BATCH_BYTES = 500_000
_REQUEST_BYTES = 4 * MAX_RECORD_BYTES
_FAILED = "this emitter failed before; open another one"
_NOWHERE = "acknowledged without an offset"


class EmitError(RuntimeError):
    """Records were perhaps not appended; the emitter is closed."""


class RecordTooLargeError(ValueError):
    """A record is larger than topics take; nothing was appended and the emitter is still good."""


async def start_producer(bootstrap: str, *, client_id: str = "stamgast", request_timeout_s: float = 30) -> Any:
    """Start an idempotent aiokafka producer; on the embedded broker, which has none, a plain one that waits for all."""
    options: dict[str, Any] = {
        **aiokafka_at(bootstrap),
        "client_id": client_id,
        "acks": "all",
        "max_batch_size": _BATCH_BYTES,
        "max_request_size": _REQUEST_BYTES,
        "request_timeout_ms": int(request_timeout_s * 1_000),
    }
    producer = AIOKafkaProducer(enable_idempotence=True, **options)
    try:
        await producer.start()
    except UnknownError:
        await _discard(producer)
        if not await asyncio.to_thread(_is_embedded, bootstrap):
            raise
        log.warning("this broker has no idempotent producer; a retried request may append twice", broker=bootstrap)
        producer = AIOKafkaProducer(**options)
        await producer.start()
    except BaseException:  # cancelled or refused: leave no half-started client behind
        await _discard(producer)
        raise
    return producer


class _Piece:
    """Records of one `emit`, and the offsets of those that are acknowledged."""

    __slots__ = ("done", "offsets", "records")

    def __init__(self, records: Sequence[Record], done: asyncio.Future[None]) -> None:
        self.records = records
        self.done = done
        self.offsets: list[int] = []


class Emitter:
    """Appends records and tells their offsets; useless after its first failure.

    One source's records for one partition go out in one `emit`, or in several that are awaited one after the other.
    Different sources and different partitions may emit at the same time.
    """

    def __init__(self, producer: Any, signatures: Signatures = UNSIGNED) -> None:
        self._producer = producer
        self._signatures = signatures
        self._waiting: dict[tuple[str, int], deque[_Piece]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.closed = False
        """Whether it must be thrown away: something failed, or `close` was called."""

    @classmethod
    async def open(cls, bootstrap: str, *, client_id: str = "stamgast", request_timeout_s: float = 30) -> Emitter:
        """Start a producer of its own."""
        producer = await start_producer(bootstrap, client_id=client_id, request_timeout_s=request_timeout_s)
        return cls(producer, signatures_at(bootstrap))

    @property
    def waiting(self) -> int:
        """How many `emit`s are not yet acknowledged."""
        return sum(map(len, self._waiting.values()))

    async def emit(self, topic: str, partition: int, records: Sequence[Record]) -> list[int]:
        """Append records to one partition, in order, and return the offset of each once all are acknowledged.

        Raises:
            EmitError: from now on the emitter is closed; some first part of the records may be in the log.
            RecordTooLargeError: nothing was appended.
        """
        _refuse_large(topic, records)
        if not records:
            return []
        piece = _Piece(records, asyncio.get_running_loop().create_future())
        waiting = self._waiting.setdefault((topic, partition), deque())
        waiting.append(piece)
        if len(waiting) == 1:  # else the one who empties it is at work
            task = asyncio.create_task(self._empty(topic, partition, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await piece.done
        return piece.offsets

    async def send(self, topic: str, partition: int, key: bytes, value: bytes | None) -> int:
        """Append one record, together with what others send at the same time, and return its offset.

        Raises:
            EmitError: from now on the emitter is closed; the record may be in the log.
            RecordTooLargeError: nothing was appended.
        """
        _refuse_large(topic, [(key, value)])
        headers = self._signatures.headers(topic, key, value)
        return await self._acknowledged(self._producer.send, topic, value, key, partition, headers=headers)

    async def send_each(self, topic: str, records: Sequence[tuple[int, bytes, bytes | None]]) -> list[int]:
        """Append records, each to a partition of its own (partition, key, value), and return their offsets.

        As `send` of each side by side, without a task for each.

        Raises:
            EmitError: from now on the emitter is closed; some of the records may be in the log.
            RecordTooLargeError: nothing was appended.
        """
        _refuse_large(topic, [(key, value) for _, key, value in records])
        if self.closed:
            raise EmitError(_FAILED)
        begun: list[asyncio.Future[Any]] = []
        try:
            for partition, key, value in records:
                headers = self._signatures.headers(topic, key, value)
                begun.append(await self._producer.send(topic, value, key, partition, headers=headers))
        except BaseException as error:
            for each in begun:
                each.add_done_callback(_heed)
            if not isinstance(error, KafkaError | AssertionError):
                raise  # it took too long, most likely
            self.closed = True
            raise EmitError(f"not acknowledged: {error!r}") from error
        answers = await asyncio.gather(*begun, return_exceptions=True)
        offsets = [-1 if isinstance(each, BaseException) else int(each.offset) for each in answers]
        if min(offsets, default=0) < 0:
            self.closed = True
            failed = next((each for each in answers if isinstance(each, BaseException)), None)
            raise EmitError(_NOWHERE if failed is None else f"not acknowledged: {failed!r}") from failed
        return offsets

    async def close(self) -> None:
        """Drop what is still waiting and close the connections; the waiting callers get `EmitError`."""
        self.closed = True
        await _discard(self._producer)

    async def _empty(self, topic: str, partition: int, waiting: deque[_Piece]) -> None:
        """Append what waits for a partition: all of it that fits at once, and the rest once that is acknowledged.

        What comes while a batch is under way goes together in the next one, instead of one after the other.
        """
        try:
            while waiting:
                # The next batch only after this one is acknowledged: if it failed, nothing behind it may get in.
                batch, counts = self._batch(topic, waiting)
                if counts:
                    base = await self._acknowledged(self._producer.send_batch, batch, topic, partition=partition)
                    for count in counts:
                        piece = waiting[0]
                        piece.offsets.extend(range(base, base + count))
                        base += count
                        if piece.done.done() or len(piece.offsets) == len(piece.records):
                            waiting.popleft()
                            _answer(piece.done)
        except BaseException as error:
            self.closed = True
            for piece in waiting:
                if not piece.done.done():
                    piece.done.set_exception(error if isinstance(error, EmitError) else EmitError(repr(error)))
            waiting.clear()
            if not isinstance(error, EmitError):
                raise

    def _batch(self, topic: str, waiting: deque[_Piece]) -> tuple[Any, list[int]]:
        """Pack as much as fits; say how many records of each piece, from the first one on."""
        while waiting and waiting[0].done.done():  # whoever waited for it has been cancelled
            waiting.popleft()
        batch, headers = self._producer.create_batch(), self._signatures.headers
        counts: list[int] = []
        for piece in waiting:
            counts.append(0)
            for key, value in piece.records[len(piece.offsets) :] if not piece.done.done() else ():
                signed = headers(topic, key, value)
                if batch.append(key=key, value=value, timestamp=None, headers=signed) is None:
                    return batch, counts if counts[-1] else counts[:-1]
                counts[-1] += 1
        batch.close()
        return batch, counts

    async def _acknowledged(self, send: Callable[..., Awaitable[Any]], *what: Any, **where: Any) -> int:
        if self.closed:
            raise EmitError(_FAILED)
        try:
            metadata = await (await send(*what, **where))
        except (KafkaError, AssertionError) as error:  # aiokafka asserts that the partition exists
            self.closed = True
            raise EmitError(f"not acknowledged: {error!r}") from error
        if metadata.offset < 0:  # appended at a first try whose answer was lost, and the broker forgot where
            self.closed = True
            raise EmitError(_NOWHERE)
        return int(metadata.offset)


class Emitters:
    """Hands out the emitter in use, and a new one once it has failed; shared by all tasks of a process."""

    def __init__(self, bootstrap: str, *, client_id: str = "stamgast") -> None:
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._current: Emitter | None = None
        self._lock = asyncio.Lock()

    async def current(self) -> Emitter:
        """Return an emitter that has not failed, opening one if need be."""
        if self._current is not None and not self._current.closed:
            return self._current
        async with self._lock:
            if self._current is not None and self._current.closed:
                failed, self._current = self._current, None
                await failed.close()
            if self._current is None:
                self._current = await Emitter.open(self._bootstrap, client_id=self._client_id)
            return self._current

    async def close(self) -> None:
        """Close the emitter in use, if there is one."""
        async with self._lock:
            if self._current is not None:
                await self._current.close()
                self._current = None


def _heed(answer: asyncio.Future[Any]) -> None:
    """Look at the error of what nobody waits for, or asyncio would complain that nobody did."""
    if not answer.cancelled():
        answer.exception()


def _answer(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _refuse_large(topic: str, records: Sequence[Record]) -> None:
    # The broker would refuse it too, but then it could not be told from a failure and would be tried for ever.
    limit = largest_record(topic)
    for key, value in records:
        size = len(key or b"") + len(value or b"")
        if size > limit:
            raise RecordTooLargeError(f"a record of {size} bytes; {topic} takes {limit}")


def _is_embedded(bootstrap: str) -> bool:
    try:
        with admin(bootstrap) as client:
            return str(client.describe_cluster()["cluster_id"]).startswith(CLUSTER_PREFIX)
    except TopicsError:
        return False


async def _discard(producer: Any) -> None:
    """Close an aiokafka producer without sending what is still queued, as its own `stop` would."""
    # It has no public way to do this; the contract tests hold the names that are used here to a real broker.
    producer._closed = True  # noqa: SLF001
    sender = producer._sender.sender_task  # noqa: SLF001
    if sender is not None:
        sender.cancel()
    with contextlib.suppress(KafkaError, OSError):
        await producer.client.close()  # first: a request under way ends now, not at its timeout
    if sender is not None:
        await asyncio.wait({sender}, timeout=2)
    queue = producer._message_accumulator  # noqa: SLF001
    waiting = [batch for batches in queue._batches.values() for batch in batches]  # noqa: SLF001
    waiting += queue._pending_batches  # noqa: SLF001
    queue.fail_all(ProducerClosed("the producer was thrown away"))
    for batch in waiting:
        for future in (batch.future, batch._drain_waiter):  # noqa: SLF001
            if future.done() and not future.cancelled():
                future.exception()  # nobody may be left to look at it, and asyncio would complain

"""How a log is read up to its end, as it is when a partition is taken, a view is loaded or a figure is recomputed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaTimeoutError, OffsetOutOfRangeError

from stamgast.domain.units import Millis
from stamgast.log.address import aiokafka_at, signatures_at
from stamgast.log.stopping import stop_client

__all__ = ["ConsumerRecord", "LogReader", "LogTruncatedError", "TopicPartition", "end_of"]


_FURTHER_BACK: Final = 16


class LogTruncatedError(RuntimeError):
    """Retention removed records that were asked for, or the offset lies beyond the log's end."""


class LogReader:
    """Reads logs without any consumer group. One question at a time; open a second one to read side by side."""

    def __init__(self, bootstrap: str, *, client_id: str = "stamgast-reader") -> None:
        self._signatures = signatures_at(bootstrap)
        self._consumer: Any = AIOKafkaConsumer(
            **aiokafka_at(bootstrap),
            client_id=client_id,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=20,
        )

    async def __aenter__(self) -> Self:
        """Connect."""
        try:
            await self._consumer.start()
        except BaseException:  # cancelled or refused: leave no half-started client behind
            await stop_client(self._consumer)
            raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close the connections."""
        await stop_client(self._consumer)

    async def begins(self, partitions: Iterable[tuple[str, int]]) -> dict[TopicPartition, int]:
        """Return the offset of the oldest record that each partition still has."""
        begins: dict[TopicPartition, int] = await self._consumer.beginning_offsets(_pairs(partitions))
        return begins

    async def ends(self, partitions: Iterable[tuple[str, int]], *, seconds: float = 10) -> dict[TopicPartition, int]:
        """Return up to where each partition can be read: its end, or where the first open transaction of a producer is.

        The embedded broker's answer to "latest" is one past the *first* record of the last batch, so what comes with
        a fetch has the last word, on every broker.
        """
        pairs = _pairs(partitions)
        begins = await self._consumer.beginning_offsets(pairs)
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(pairs)
        unsure = {pair for pair in pairs if ends[pair] > begins[pair]}
        if unsure:
            self._consumer.assign(list(unsure))
            for pair in unsure:
                self._consumer.seek(pair, ends[pair] - 1)
        deadline = time.monotonic() + seconds
        while unsure:
            await self._consumer.getmany(timeout_ms=20, max_records=1)
            for pair in [pair for pair in unsure if self._consumer.highwater(pair) is not None]:
                stable = self._consumer.last_stable_offset(pair)
                ends[pair] = max(ends[pair], self._consumer.highwater(pair) if stable is None or stable < 0 else stable)
                unsure.remove(pair)
            if time.monotonic() > deadline:
                raise KafkaTimeoutError(f"no fetch of {sorted(unsure)} was answered within {seconds} s")
        return ends

    async def since(self, partitions: Iterable[tuple[str, int]], moment: Millis) -> dict[TopicPartition, int]:
        """Return the offset of the first record that the broker has had since then, or of the end."""
        pairs = _pairs(partitions)
        found = await self._consumer.offsets_for_times(dict.fromkeys(pairs, max(0, moment)))
        none = [pair for pair in pairs if found[pair] is None]
        ends = await self.ends(none) if none else {}  # it waits for a fetch
        return {pair: ends[pair] if found[pair] is None else found[pair].offset for pair in pairs}

    async def behind_last(self, partitions: Iterable[tuple[str, int]]) -> dict[TopicPartition, int]:
        """Return the offset behind the last record that can be read of each partition: a log may end in markers."""
        pairs = _pairs(partitions)
        begins, ends = await self.begins(pairs), await self.ends(pairs)
        return {pair: await self._behind_last(pair, begins[pair], ends[pair]) for pair in pairs}

    async def _behind_last(self, pair: TopicPartition, begin: int, end: int) -> int:
        back = 1
        while end - back // _FURTHER_BACK > begin:
            start, last = max(begin, end - back), -1
            async for records in self.read(pair.topic, pair.partition, start, end):
                last = records[-1].offset
            if last >= 0:
                return last + 1
            back *= _FURTHER_BACK
        return begin

    async def read(self, topic: str, partition: int, start: int, end: int) -> AsyncIterator[list[ConsumerRecord]]:
        """Yield the records with start <= offset < end in pieces of up to 1,000; none where control records stand.

        Of topics that are signed only those that we wrote.

        Raises:
            LogTruncatedError: `start` is older than the log, or beyond its end.
        """
        async for found in self._pieces(topic, partition, start, end):
            if records := self._signatures.believed(topic, found):
                yield records

    async def read_of(
        self, topic: str, partition: int, start: int, end: int, key: bytes
    ) -> AsyncIterator[tuple[Millis, list[ConsumerRecord]]]:
        """Yield of the same pieces the records of a key, none in many, behind the time of the piece's first record.

        No signature of the others is checked beside that first one's: they are most of what is read, and of no use.

        Raises:
            LogTruncatedError: as `read`.
        """
        async for found in self._pieces(topic, partition, start, end):
            first = next((each for each in found if self._signatures.believed(topic, [each])), None)
            if first is not None:
                yield first.timestamp, self._signatures.believed(topic, (each for each in found if each.key == key))

    async def _pieces(self, topic: str, partition: int, start: int, end: int) -> AsyncIterator[list[ConsumerRecord]]:
        """Whoever wrote them."""
        if start >= end:
            return
        pair = TopicPartition(topic, partition)
        self._consumer.assign([pair])
        self._consumer.seek(pair, start)
        position = start
        while position < end:
            try:
                found = await self._consumer.getmany(timeout_ms=200, max_records=1_000)
            except OffsetOutOfRangeError as error:
                raise LogTruncatedError(f"{topic}[{partition}] has no offset {position}") from error
            if records := [each for each in found.get(pair, ()) if each.offset < end]:
                yield records
            position = await self._consumer.position(pair)

    async def read_all(self, topic: str, partition: int) -> AsyncIterator[list[ConsumerRecord]]:
        """Yield everything that a partition holds now."""
        pair = TopicPartition(topic, partition)
        begins, ends = await self.begins([pair]), await self.ends([pair])
        async for records in self.read(topic, partition, begins[pair], ends[pair]):
            yield records

    async def read_all_of(self, topic: str, partition: int, key: bytes) -> AsyncIterator[list[ConsumerRecord]]:
        """Yield everything of a key that a partition holds now."""
        pair = TopicPartition(topic, partition)
        begins, ends = await self.begins([pair]), await self.ends([pair])
        async for _, records in self.read_of(topic, partition, begins[pair], ends[pair], key):
            yield records


async def end_of(bootstrap: str, topic: str) -> int:
    """Return the offset that the next record of a topic of one partition will get."""
    async with LogReader(bootstrap) as reader:
        return next(iter((await reader.ends([(topic, 0)])).values()))


def _pairs(partitions: Iterable[tuple[str, int]]) -> list[TopicPartition]:
    return [TopicPartition(topic, partition) for topic, partition in partitions]

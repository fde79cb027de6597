"""Pieces of the topics that feeds are made of, read by one reader; the newest of each partition is kept for others.

Feeds that are abreast read each record once between them. One that is far behind has its piece to itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, NamedTuple

from stamgast.log.reading import LogReader, LogTruncatedError, TopicPartition
from streams.runtime.job import TROUBLE


class Piece(NamedTuple):
    """Records of a partition from an offset on, and where the next piece begins."""

    start: int
    next: int
    records: list[Any]


class Pieces:
    """See the module. It holds one piece (1,000 records at most) of each partition."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._reader: LogReader | None = None
        self._one_at_a_time = asyncio.Lock()
        self._kept: dict[tuple[str, int], Piece] = {}

    async def close(self) -> None:
        """Close the connections; the next question opens them again."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.__aexit__()

    async def ends(self, pairs: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Up to where partitions can be read. Raises `TROUBLE`."""
        if not pairs:
            return {}
        async with self._one_at_a_time:
            found = await self._ask("ends", pairs)
        return {(pair.topic, pair.partition): end for pair, end in found.items()}

    async def begin(self, topic: str, partition: int) -> int:
        """The oldest offset that a partition still has. Raises `TROUBLE`."""
        async with self._one_at_a_time:
            found: dict[TopicPartition, int] = await self._ask("begins", [(topic, partition)])
        return next(iter(found.values()))

    async def read(self, topic: str, partition: int, start: int, end: int) -> Piece:
        """Some records from `start` on. Raises `LogTruncatedError`, `TROUBLE`."""
        pair = (topic, partition)
        async with self._one_at_a_time:
            kept = self._kept.get(pair)
            if kept is None or not kept.start <= start < kept.next:
                kept = self._kept[pair] = await self._read(topic, partition, start, end)
        return kept._replace(start=start, records=[each for each in kept.records if each.offset >= start])

    def forget(self, pairs: Collection[tuple[str, int]]) -> None:
        """Keep pieces of these partitions only."""
        self._kept = {pair: piece for pair, piece in self._kept.items() if pair in pairs}

    async def _read(self, topic: str, partition: int, start: int, end: int) -> Piece:
        reader = await self._open()
        try:
            async for records in reader.read(topic, partition, start, end):
                return Piece(start, records[-1].offset + 1, records)
        except LogTruncatedError:
            raise
        except TROUBLE:
            await self.close()
            raise
        return Piece(start, end, [])

    async def _ask(self, what: str, pairs: Collection[tuple[str, int]]) -> Any:
        reader = await self._open()
        try:
            return await getattr(reader, what)(pairs)
        except TROUBLE:
            await self.close()
            raise

    async def _open(self) -> LogReader:
        if self._reader is None:
            reader = LogReader(self._bootstrap, client_id="stamgast-feeds")
            await reader.__aenter__()
            self._reader = reader
        return self._reader

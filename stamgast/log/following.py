"""Reads what is appended to topics from now on, for whoever looks on: no position is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from stamgast.log.reading import ConsumerRecord, LogReader, TopicPartition

_PAUSE_S: Final = 0.2


async def follow(
    bootstrap: str, partitions: Iterable[tuple[str, int]], begun: Callable[[], None]
) -> AsyncIterator[ConsumerRecord]:
    """Yield each new record, those of a partition in their order; `begun` is called once none can be missed any more.

    Raises:
        KafkaError: Kafka does not answer.
    """
    pairs = [TopicPartition(*each) for each in partitions]
    async with LogReader(bootstrap, client_id="stamgast-listen") as reader:
        reached = await reader.ends(pairs)
        begun()
        while True:
            ends = await reader.ends(pairs)
            for pair in pairs:
                async for records in reader.read(pair.topic, pair.partition, reached[pair], ends[pair]):
                    for record in records:
                        yield record
                reached[pair] = max(reached[pair], ends[pair])
            await asyncio.sleep(_PAUSE_S)

"""Where the page on health is read: the workers' own words, what waits in Redis, and Kafka where no worker tells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from aiokafka.errors import KafkaError

from stamgast.domain.activation import Submission
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Channel
from stamgast.filling import Filling
from stamgast.log.reading import LogReader, TopicPartition
from stamgast.log.topics import Topics
from stamgast.marketer.health import Looked, Unsent, untold
from stamgast.state.keys import PartitionKeys, customers, transactions
from stamgast.state.nodes import Redis
from stamgast.state.partition_meta import WATERMARK
from stamgast.state.workers import Part, workers_seen

_ANSWER_SERVES_S: Final = 3.0
"""So long Kafka's answer is shown to whoever looks, before it is asked again."""
_PATIENCE_S: Final = 3.0
_decode: Final = msgspec.msgpack.Decoder(Submission).decode


@dataclass(slots=True)
class HealthReading:
    """See the module."""

    redis: Redis
    topics: Topics
    filling: Filling
    bootstrap: str
    _ends: Mapping[tuple[Part, int], int] = field(default_factory=dict)
    _asked_at: float = float("-inf")
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self, program: Program, now: Millis) -> Looked:
        """Look at it. Raises StateError."""
        workers, unsent, filling = await asyncio.gather(
            workers_seen(self.redis), self._unsent(program.merchant), self.filling.unfilled()
        )
        return Looked(
            program=program,
            now=now,
            partitions=self.topics.partitions,
            topics=self._topics(),
            workers=workers,
            waiting=await self._waiting(untold(workers, self.topics.partitions)),
            unsent=unsent,
            filling=[each.partition for each in filling],
        )

    def _topics(self) -> dict[Part, str]:
        return {Part.INTAKE: self.topics.purchases, Part.CUSTOMERS: self.topics.customer_events}

    async def _unsent(self, merchant: str) -> list[Unsent]:
        found = await asyncio.gather(*(self._of_channel(merchant, channel) for channel in Channel))
        return [each for each in found if each.waiting]

    async def _of_channel(self, merchant: str, channel: Channel) -> Unsent:
        each = (self._of_lane(customers(number), merchant, channel) for number in range(self.topics.partitions))
        lanes = await asyncio.gather(*each)
        oldest = min((at for _, at in lanes if at is not None), default=None)
        return Unsent(channel, sum(waiting for waiting, _ in lanes), oldest)

    async def _of_lane(self, keys: PartitionKeys, merchant: str, channel: Channel) -> tuple[int, Millis | None]:
        lane = keys.lane(merchant, channel)
        waiting, head = await asyncio.gather(
            self.redis.call("ZCARD", lane), self.redis.call("ZRANGE", lane, 0, 0)
        )  # fmt: skip
        value = await self.redis.call("HGET", keys.outbox, head[0]) if head else None
        return int(waiting), None if value is None else _decode(value).decided_at

    async def _waiting(self, wanted: Sequence[tuple[Part, int]]) -> dict[tuple[Part, int], int]:
        if not wanted:
            return {}
        ends, marks = await asyncio.gather(self._log_ends(), asyncio.gather(*(self._mark(*each) for each in wanted)))
        return {
            each: max(0, ends[each] - 1 - mark)
            for each, mark in zip(wanted, marks, strict=True)
            if each in ends
        }  # fmt: skip

    async def _mark(self, part: Part, number: int) -> int:
        keys = customers(number) if part is Part.CUSTOMERS else transactions(number)
        return WATERMARK.read(await self.redis.call("HGET", keys.meta, WATERMARK.name))

    async def _log_ends(self) -> Mapping[tuple[Part, int], int]:
        """Where the logs end; nothing of what Kafka does not say."""
        async with self._asking:
            if time.monotonic() - self._asked_at >= _ANSWER_SERVES_S:
                parts = {topic: part for part, topic in self._topics().items()}
                pairs = [TopicPartition(topic, number) for topic in parts for number in range(self.topics.partitions)]
                try:
                    async with (
                        asyncio.timeout(_PATIENCE_S),
                        LogReader(self.bootstrap, client_id="stamgast-health") as reader,
                    ):
                        ends = await reader.ends(pairs)
                    self._ends = {(parts[pair.topic], pair.partition): end for pair, end in ends.items()}
                except (KafkaError, TimeoutError, OSError):
                    self._ends = {}
                self._asked_at = time.monotonic()
        return self._ends

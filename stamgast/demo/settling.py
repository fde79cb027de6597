"""Has the engine caught up with everything that was sent and with every timer due? Then shop time may move.

Redis is read first and the logs' ends after it. Watermarks only grow: if one read earlier reaches an end read later,
nothing was waiting at that later moment; and as nothing was committed in between, the timers and the outbox that were
read with it are still as they were. So "nothing left" is a fact, not a hope.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from stamgast.domain.units import Millis
from stamgast.log.reading import LogReader, TopicPartition
from stamgast.log.topics import Topics
from stamgast.state.keys import IDLE, customers, transactions
from stamgast.state.partition_meta import WAITS, WATERMARK

_LOOK_EVERY_S: Final = 0.005
PATIENCE_S: Final = 60.0


class NotSettledError(Exception):
    """The engine did not catch up in time; the text says with what."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is left to do. `waits_for` is empty if nothing is; `next_due` is the earliest timer there is."""

    waits_for: str
    next_due: Millis | None


@dataclass(frozen=True, slots=True)
class _Partition:
    """What Redis says of one partition's two services."""

    taken: int
    """Watermark of intake; -1 before the first purchase."""
    applied: int
    """Watermark of the customers service."""
    outbox: int
    notes: int
    due: Millis | None
    waiting: int
    """Merchants of which events wait that are being taken up."""


class Engine:
    """Looks at the engine from outside: Redis, the logs' ends, nothing else."""

    def __init__(self, redis: Redis, reader: LogReader, topics: Topics) -> None:
        self._redis = redis
        self._reader = reader
        self._topics = topics
        self._numbers = range(topics.partitions)

    async def settle(self, now: Millis, *, patience_s: float = PATIENCE_S) -> Look:
        """Wait until nothing is left to do at this shop time, and return what comes next.

        Raises:
            NotSettledError: something was still left after `patience_s` seconds.
        """
        deadline = time.monotonic() + patience_s
        while (look := await self.look(now)).waits_for:
            if time.monotonic() > deadline:
                raise NotSettledError(f"after {patience_s:.0f} s the engine still had {look.waits_for}")
            await asyncio.sleep(_LOOK_EVERY_S)
        return look

    async def look(self, now: Millis) -> Look:
        """Read once what the engine still has before it."""
        partitions = await self._read_redis()
        next_due = min((each.due for each in partitions if each.due is not None), default=None)
        waits_for = _left_in_redis(partitions, now, next_due)
        return Look(waits_for or await self._left_in_logs(partitions), next_due)

    async def _read_redis(self) -> list[_Partition]:
        pipeline = self._redis.pipeline(transaction=False)
        for number in self._numbers:
            mine = customers(number)
            pipeline.hget(transactions(number).meta, WATERMARK.name)
            pipeline.hget(mine.meta, WATERMARK.name)
            pipeline.hlen(mine.outbox)
            pipeline.xlen(mine.notes)
            pipeline.zrange(mine.timers, 0, 0, withscores=True)
            pipeline.hget(mine.meta, WAITS.name)
        answers: list[Any] = await pipeline.execute()
        found = []
        for start in range(0, len(answers), 6):
            taken, applied, outbox, notes, timers, backlogs = answers[start : start + 6]
            due = int(timers[0][1]) if timers and timers[0][1] < IDLE else None
            waiting = sum(each.begun for each in WAITS.read(backlogs).values())
            found.append(_Partition(WATERMARK.read(taken), WATERMARK.read(applied), outbox, notes, due, waiting))
        return found

    async def _left_in_logs(self, partitions: list[_Partition]) -> str:
        topics = (self._topics.purchases, self._topics.customer_events)
        ends = await self._reader.ends([(topic, number) for topic in topics for number in self._numbers])
        behind = {
            "purchases to take in": sum(
                ends[TopicPartition(topics[0], number)] - each.taken - 1 for number, each in enumerate(partitions)
            ),
            "events to apply": sum(
                ends[TopicPartition(topics[1], number)] - each.applied - 1 for number, each in enumerate(partitions)
            ),
        }
        return ", ".join(f"{count:,} {what}" for what, count in behind.items() if count > 0)


def _left_in_redis(partitions: list[_Partition], now: Millis, next_due: Millis | None) -> str:
    outbox, notes = sum(each.outbox for each in partitions), sum(each.notes for each in partitions)
    left = []
    if any(each.waiting for each in partitions):
        left.append("events that waited for a bundle")
    if outbox:
        left.append(f"{outbox:,} messages to submit")
    if notes:
        left.append(f"{notes:,} notes to write")
    if next_due is not None and next_due <= now:
        left.append("timers that are due")
    return ", ".join(left)

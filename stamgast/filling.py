"""Which partitions of customers are being filled: Redis holds less of them than it held before it forgot.

Their owner notes in `meta` up to where the log has to be applied before anybody may be shown what stands there, and
which run of Redis was told so (`state.partition_meta.GOAL`). Where that is missing, or another run's, nobody has taken
the partition since Redis may have forgotten, and the log itself is asked how much there is. So a Redis that is new is
as good as filled where the log is empty, and one that was emptied is not, whether a worker runs or none.

What is asked for and how far the partition was come from one moment, so that "there is none" is never said of what was
merely not there yet.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from aiokafka.errors import KafkaError

from stamgast.log.reading import LogReader, TopicPartition
from stamgast.log.topics import Topics
from stamgast.state.errors import StateError
from stamgast.state.keys import PartitionKeys, customers
from stamgast.state.looks import Look, look
from stamgast.state.nodes import Redis
from stamgast.state.partition_meta import NOTHING_APPLIED
from stamgast.state.session import Session

_ASKED_FOR_S: Final = 1.0
"""So long an answer of Kafka's serves that says that something is missing."""
_PATIENCE_S: Final = 5.0


class Reach(NamedTuple):
    """How far a partition is."""

    partition: int
    applied: int
    """Records."""
    held: int | None
    """So many there have to be; None while Kafka does not say."""

    @property
    def whole(self) -> bool:
        """Say whether what stands in Redis may be shown."""
        return self.held is not None and self.applied >= self.held

    @property
    def missing(self) -> int:
        """How many records are still to be applied, as far as that is known."""
        return max(0, (self.held or 0) - self.applied)

    def __str__(self) -> str:
        held = "an unknown number" if self.held is None else f"{self.held:,}"
        return f"partition {self.partition} of the customers is being filled: {self.applied:,} of {held} records"


class NotFilledError(StateError):
    """What was asked for stands in a partition that is being filled; its text says how far it is."""

    def __init__(self, reach: Reach) -> None:
        super().__init__(str(reach))
        self.reach = reach


class Filling:
    """Reads from partitions of customers what may be shown, and says how far the others are."""

    def __init__(self, redis: Redis, topics: Topics, bootstrap: str) -> None:
        self._redis = redis
        self._topics = topics
        self._bootstrap = bootstrap
        self._noted: dict[int, tuple[str, int]] = {}
        """Partition -> where its log ended when it was first seen under this run of Redis, with no goal of its own."""
        self._ends: dict[TopicPartition, int] = {}
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def value(self, keys: PartitionKeys, key: str) -> bytes | None:
        """Return the value of one of a partition's keys.

        Raises:
            NotFilledError: it may not be shown yet.
            StateError: Redis does not answer.
        """
        began = time.monotonic()
        found, run = await self._look(keys, key)
        reach = await self._reach(keys.number, found, run, began)
        if not reach.whole:
            raise NotFilledError(reach)
        return found.value

    async def values(self, keys: PartitionKeys, names: Sequence[str]) -> list[bytes | None]:
        """Return the values of many of a partition's keys; it is whole before and after they are read.

        Raises NotFilledError and StateError as `value` does.
        """
        await self._check(keys.number)
        found: list[bytes | None] = await self._redis.call("MGET", *names)
        await self._check(keys.number)
        return found

    async def _check(self, number: int) -> None:
        reach = await self._reach_of(number)
        if not reach.whole:
            raise NotFilledError(reach)

    async def check(self) -> None:
        """Raise NotFilledError if any partition is being filled: for figures of all customers. Raises StateError."""
        for reach in await self.unfilled():
            raise NotFilledError(reach)

    async def unfilled(self) -> list[Reach]:
        """Return the partitions that are being filled. Raises StateError."""
        found = await asyncio.gather(*(self._reach_of(number) for number in range(self._topics.partitions)))
        return [reach for reach in found if not reach.whole]

    async def _reach_of(self, number: int) -> Reach:
        began = time.monotonic()
        return await self._reach(number, *await self._look(customers(number)), began)

    async def _look(self, keys: PartitionKeys, key: str = "") -> tuple[Look, str]:
        async def ask(session: Session) -> tuple[Look, str]:
            run = await session.incarnation()
            return await look(session, keys, value=key), run

        return await self._redis.attempt(keys.meta, ask)

    async def _reach(self, number: int, found: Look, run: str, began: float) -> Reach:
        """`began` is when it was begun to ask Redis (monotonic seconds)."""
        applied = 0 if found.spoilt else found.watermark + 1
        if found.goal is not None and found.goal.run == run and not found.spoilt:
            self._noted.pop(number, None)
            return Reach(number, _taken_up(found, applied, found.goal.end), found.goal.end)
        lost = found.watermark == NOTHING_APPLIED
        held = await self._held(number, run, applied, began, lost=lost)
        return Reach(number, _taken_up(found, applied, held), held)

    async def _held(self, number: int, run: str, applied: int, began: float, *, lost: bool) -> int | None:
        """Say how much there has to be where no owner does: all that there is, until all of that was there once."""
        if lost:
            self._noted.pop(number, None)
        known = self._noted.get(number)
        if known is not None and known[0] == run:
            return known[1]
        end = await self._end(number, applied, None if lost else began)
        if end is not None and not lost:
            self._noted[number] = (run, end)
        return end

    async def _end(self, number: int, applied: int, began: float | None) -> int | None:
        """Where the log ends. That nothing is missing is said only by an answer from after Redis was asked.

        What Redis lost in a restart was appended before that, and perhaps after an earlier answer. Where nothing was
        ever applied (None), any answer will do: it finds nothing missing in an empty log alone.
        """
        topic = self._topics.customer_events
        async with self._asking:
            known = self._ends.get(TopicPartition(topic, number))
            is_missing = known is None or applied < known
            if self._asked_at < (time.monotonic() - _ASKED_FOR_S if is_missing or began is None else began):
                asked_at = time.monotonic()
                try:
                    async with asyncio.timeout(_PATIENCE_S), LogReader(self._bootstrap) as reader:
                        self._ends = await reader.ends([(topic, each) for each in range(self._topics.partitions)])
                except (KafkaError, TimeoutError, OSError):
                    self._ends = {}
                self._asked_at = asked_at
        return self._ends.get(TopicPartition(topic, number))


def _taken_up(found: Look, applied: int, held: int | None) -> int:
    """How far everybody's events are applied: those that wait for their merchant's bundle are so only behind it.

    A bundle that came later than what has to be there holds up nobody, nor does one that never comes.
    """
    being_taken_up = (each.barrier for each in found.backlogs.values() if each.begun)
    return min([applied, *(barrier for barrier in being_taken_up if held is None or barrier < held)])

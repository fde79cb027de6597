"""One step of an owned partition: thought through, told to Kafka, written to Redis.

What stands in the way of a step ends at it: a record that ends processes is laid aside (`streams.runtime.suspects`),
and what Redis takes no writes for is not told to Kafka again.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from typing import Final, Generic

from stamgast.clock.pauses import pause_after
from stamgast.logs import get_logger
from stamgast.state.errors import NoWritesError
from stamgast.state.partition_meta import ASIDE, NOTHING_APPLIED, TRIAL
from stamgast.state.partitions import Writes
from streams.runtime.emission import emit_all
from streams.runtime.job import Effects, Job, Kept, Own, Owned, Record, Waiting
from streams.runtime.step_size import thought_through
from streams.runtime.suspects import Suspects, Turns

log = get_logger(__name__)

ENDED_TWICE: Final = "the worker ended twice while applying this"
FIRST_PAUSE_S: Final = 0.05


class Steps(Generic[Own, Kept]):
    """Takes the steps of one owned partition."""

    def __init__(self, owned: Owned[Own], job: Job[Own, Kept], turns: Turns) -> None:
        self.suspects = Suspects(turns.process)
        self.failures = 0
        """Takings and steps that failed since one was written."""
        self.stalled = ""
        self._owned = owned
        self._job = job
        self._turns = turns
        self._tallies = owned.metrics.of_steps(job.name)
        self._under_way = (NOTHING_APPLIED, NOTHING_APPLIED)

    async def apply(self, records: Sequence[Record]) -> None:
        """Take one step. Raises what `streams.runtime.job.TROUBLE` names; then nothing of it was applied, or all."""
        owned, began = self._owned, time.perf_counter()
        self._under_way = (records[0].offset, records[-1].offset)
        effects, records = await self._think(records)
        if effects.emissions:
            await emit_all(owned.emitters, effects.emissions)
        # What had to wait stands below the watermark, and does not move it.
        cancelled = await self._write(max(records[-1].offset, owned.lease.watermark), effects.writes)
        self._under_way = (NOTHING_APPLIED, NOTHING_APPLIED)
        self.failures = 0
        self._job.committed(owned, effects, cancelled)
        self._tallies.step.observe(time.perf_counter() - began)
        self._tallies.records.inc(len(records))
        self._tallies.commits.inc()

    async def take_up(self, waiting: Waiting) -> None:
        """Take one step of what the job could not apply when it came."""
        if records := await waiting.next():
            await self.apply(records[: self.suspects.among(records)])

    def blame(self) -> None:
        """The step under way cannot be written for a reason of its own: its records are tried one by one."""
        if self._under_way[0] > NOTHING_APPLIED:
            self.suspects.blame(*self._under_way)

    async def _think(self, records: Sequence[Record]) -> tuple[Effects[Kept], Sequence[Record]]:
        """Think as many of the records through as make one step.

        Should the process end meanwhile, the next owner knows at which of them.
        """
        owned, suspects, first = self._owned, self.suspects, records[0].offset
        if not suspects.holds(first):
            owned.lease.note(TRIAL, suspects.trial_of(records, alone=False))
            await asyncio.sleep(0)  # now it is on its way, and thinking may begin
            async with self._turns.beside_others():
                return await thought_through(self._job, owned, records)
        if suspects.is_guilty(first):
            return self._pass_over(records[0]), records
        async with self._turns.alone():
            await owned.lease.note(TRIAL, suspects.trial_of(records, alone=True))
            try:
                return await self._job.step(owned, records), records
            finally:  # whatever came of it, the process lives
                owned.lease.note(TRIAL, suspects.trial_of(records, alone=False))

    def _pass_over(self, record: Record) -> Effects[Kept]:
        owned, name = self._owned, self._job.name
        log.error("laid aside", service=name, partition=owned.number, offset=record.offset, why=ENDED_TWICE)
        owned.metrics.ended_twice.labels(name).inc()
        effects = self._job.passing_over(owned, record, ENDED_TWICE)
        effects.writes.meta |= ASIDE.written(self.suspects.lay_aside(record.offset))
        return effects

    async def _write(self, watermark: int, writes: Writes) -> list[str]:
        """Commit. What Redis takes no writes for is not thought and told anew: only the commit is tried again."""
        owned, name = self._owned, self._job.name
        for failures in itertools.count(1):
            try:
                cancelled = await owned.lease.commit(watermark, writes)
            except NoWritesError as error:
                if owned.is_to_be_taken_again:
                    raise
                if not self.stalled:
                    log.error("Redis takes no writes", service=name, partition=owned.number, why=str(error))
                self.stalled = f"Redis takes no writes: {error}"
                owned.metrics.refused.labels(name, type(error).__name__).inc()
                await asyncio.sleep(pause_after(failures, first_s=FIRST_PAUSE_S))
            else:
                self.stalled = ""
                return cancelled
        raise AssertionError("counting ended")

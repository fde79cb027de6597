"""One partition in this worker's hands: take it, apply its records step by step, take it again after any trouble.

There is one way to begin (invariant 3), at an assignment, after Redis was away and after a refused script alike:
`_take`. Whatever goes wrong in a step ends there, with nothing applied or everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Sequence
from typing import Any, Generic

from aiokafka import TopicPartition

from stamgast.clock.pauses import pause_after
from stamgast.lifecycle.cancellation import heed_cancellation
from stamgast.log.reading import LogReader
from stamgast.logs import get_logger
from stamgast.state.errors import FencedError, SpoiltError, StateError, UnfitError
from stamgast.state.partition_meta import ASIDE, CLUSTER, NOTHING_APPLIED, TOPIC, TRIAL
from stamgast.state.partitions import Lease, ask_for_rebuild
from streams.runtime.inbox import Inbox
from streams.runtime.job import PASSING, TROUBLE, Job, Kept, Own, Record, Waiting
from streams.runtime.step import FIRST_PAUSE_S, Steps
from streams.runtime.surroundings import Surroundings

log = get_logger(__name__)

_FENCED_PAUSE_S = 1.0
_LASTED_S = 10.0
_REFUSED_PAUSE_S = 5.0


class DoesNotFitError(Exception):
    """State and log cannot belong together; a person has to decide (`stamgast topics adopt`, or the right broker)."""


class Ownership(Generic[Own, Kept]):
    """The loop of one owned partition: `streams.runtime.job.Owned`."""

    lease: Lease
    topic_id: str

    def __init__(self, number: int, job: Job[Own, Kept], consumer: Any, around: Surroundings) -> None:
        self.number = number
        self.inbox = Inbox()
        self.emitters = around.emitters
        self.metrics = around.metrics
        self.begins = 0
        self.end_at_take = 0
        self.committed_to_kafka = 0
        """Everything below has had all its effects outside Redis once already."""
        self.settled = 0
        """Everything below has had all its effects by now; committed to Kafka from time to time."""
        self.refused_because = ""
        self.trouble = ""
        """Why it does not work just now, although it tries again."""
        self.working = False
        self.waiting: Waiting | None = None
        self.own: Own | None = None
        """What the job keeps for this partition between two steps."""
        self._job = job
        self._consumer = consumer
        self._around = around
        self.pair = TopicPartition(job.topic, number)
        self._steps = Steps(self, job, around.turns)
        self._sought = NOTHING_APPLIED
        self._again = False
        self._gap_at = NOTHING_APPLIED
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    # -- what the service does with it

    def start(self) -> None:
        """Begin to take the partition and to work."""
        self._task = self.spawn(self._run(), "loop")

    def spawn(self, work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[None]:
        """Run something for this partition; if it breaks, so does the worker (a supervisor starts it anew)."""

        def ended(task: asyncio.Task[None]) -> None:
            if task.cancelled():
                if not task.cancelling():  # it would stand still and nobody would know
                    self._around.broke(RuntimeError(f"{task.get_name()} was cancelled, and nobody told it to end"))
            elif (error := task.exception()) is not None:
                self._around.broke(error)

        task = asyncio.create_task(work, name=f"{self._job.name}-{self.number}-{what}")
        task.add_done_callback(ended)
        return task

    async def give_up(self, within_s: float) -> None:
        """Drop what waits, let the step in flight end within so many seconds, and stop."""
        self.inbox.clear()
        try:
            async with asyncio.timeout(within_s):
                await self._idle.wait()
        except TimeoutError:
            log.warning("a step did not end in time", service=self._job.name, partition=self.number)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def take_again(self, why: str) -> None:
        """Ask for a new taking; the step in flight ends first."""
        log.warning("taking the partition again", service=self._job.name, partition=self.number, why=why)
        self._again = True
        self.inbox.wake()

    @property
    def job_name(self) -> str:
        """The service that it is a part of."""
        return self._job.name

    @property
    def laid_aside(self) -> Sequence[int]:
        """Offsets of records that end processes: they stand in the dead letters."""
        return self._steps.suspects.aside

    @property
    def stalled(self) -> str:
        """Why a step that was thought through cannot be written just now."""
        return self._steps.stalled

    @property
    def is_to_be_taken_again(self) -> bool:
        """Say whether somebody asked for a new taking."""
        return self._again

    @property
    def position(self) -> int:
        """The offset of the next record to apply, as far as that is known: markers of transactions are passed."""
        position: int = self._consumer.passing(self.pair, max(self.lease.watermark + 1, self._sought))
        return position

    @property
    def caught_up(self) -> bool:
        """Say whether everything that stood in the log at the taking has been applied."""
        return self.working and self.position >= self.end_at_take

    async def _run(self) -> None:
        while True:
            try:
                self._idle.clear()
                await self._take()
                began = time.monotonic()
                await self._work()
                # At once, but not again and again: what made it necessary may be there to stay.
                self._steps.failures = 0 if time.monotonic() - began > _LASTED_S else self._steps.failures + 1
                pause = pause_after(self._steps.failures, first_s=FIRST_PAUSE_S) if self._steps.failures > 1 else 0.0
            except DoesNotFitError as refusal:
                self.refused_because = str(refusal)
                log.error("refused", service=self._job.name, partition=self.number, why=str(refusal))
                pause = _REFUSED_PAUSE_S
            except (*TROUBLE, asyncio.CancelledError) as error:
                heed_cancellation()  # else it was not for us: a client's own came out of it
                self.metrics.refused.labels(self._job.name, type(error).__name__).inc()
                event = "step failed" if isinstance(error, PASSING) else "step refused"
                log.warning(event, service=self._job.name, partition=self.number, why=repr(error))
                self.trouble = str(error) or type(error).__name__
                if isinstance(error, UnfitError | SpoiltError):
                    self._steps.blame()
                if isinstance(error, SpoiltError):
                    await self._ask_for_rebuild(error)
                self._steps.failures += 1
                pause = pause_after(self._steps.failures, first_s=FIRST_PAUSE_S)
                if isinstance(error, FencedError):  # perhaps it was given away, and we are about to hear of it
                    pause = _FENCED_PAUSE_S
            finally:
                self.working = False
                self._steps.stalled = ""
                self._idle.set()
                self._job.released(self)
            heed_cancellation()
            await asyncio.sleep(pause)

    async def _ask_for_rebuild(self, error: SpoiltError) -> None:
        with contextlib.suppress(StateError):  # else the next step finds it again
            await ask_for_rebuild(self._around.redis, self._job.keys(self.number), str(error))

    async def _take(self) -> None:
        job, pair = self._job, self.pair
        self._again = False
        self.waiting = None
        self.inbox.clear()
        cluster = await self._around.cluster.now()
        self.topic_id = cluster.topic_ids[job.topic]
        place = {CLUSTER.name: cluster.id, TOPIC.name: self.topic_id}
        self.lease = await Lease.take(self._around.redis, job.keys(self.number), place)
        async with LogReader(self._around.bootstrap) as reader:
            self.begins = (await reader.begins([pair]))[pair]
            self.end_at_take = (await reader.ends([pair]))[pair]
            self._check(place)
            if self.lease.spoilt:
                await self._begin_anew(place)
            await self.lease.aim(self.end_at_take)
            self._steps.suspects.learn(self.lease.meta)
            self.committed_to_kafka = await self._consumer.committed(pair) or 0
            self.settled = 0
            fresh = self.lease.watermark == NOTHING_APPLIED and job.begins_late
            self._sought = max(self.lease.watermark + 1, self.begins if fresh else 0)
            await job.taken(self, reader)
        self.inbox.clear()
        self._consumer.seek(pair, self._sought)
        self._consumer.resume(pair)
        self.refused_because = self.trouble = ""
        self.working = True
        self.metrics.takes.labels(job.name).inc()
        log.info("took", service=job.name, partition=self.number, at=self._sought, end=self.end_at_take)

    async def _begin_anew(self, place: dict[str, str]) -> None:
        """What stands in Redis is not to be believed: forget it, and fill the partition from Kafka."""
        name, why = self._job.name, self.lease.spoilt
        if self.begins > 0 and not self._job.begins_late:
            raise DoesNotFitError(f"the state cannot be trusted ({why}), and the log begins at {self.begins}")
        log.error("filling the partition anew from Kafka", service=name, partition=self.number, why=why)
        self.metrics.refilled.labels(name).inc()
        await self.lease.wipe(TRIAL.name, ASIDE.name)
        self.lease = await Lease.take(self._around.redis, self._job.keys(self.number), place)

    def _check(self, place: dict[str, str]) -> None:
        wm, meta = self.lease.watermark, self.lease.meta
        if any(meta.get(name) != value for name, value in place.items()):
            known = {name: meta.get(name) for name in place}
            raise DoesNotFitError(f"the state was made from {known}, and this is {place}")
        if wm + 1 > self.end_at_take:
            raise DoesNotFitError(f"the state has applied offset {wm}, and the log ends at {self.end_at_take}")
        if self.begins > wm + 1 and not (wm == NOTHING_APPLIED and self._job.begins_late):
            raise DoesNotFitError(f"the log begins at {self.begins}, and the state has applied only up to {wm}")

    async def _work(self) -> None:
        while not self._again:
            heed_cancellation()
            wanted = self.waiting.wanted if self.waiting else 0
            if self.inbox.empty:
                self._idle.set()
                if not wanted:
                    await self.inbox.wait()
                    continue
                await asyncio.sleep(0)  # `give_up` may end it here
            self._idle.clear()
            if self.waiting and (wanted > 1 or self.inbox.empty):
                await self._steps.take_up(self.waiting)
            elif records := self._in_order(self.inbox.take()):
                await self._steps.apply(records)

    def _in_order(self, records: Sequence[Record]) -> Sequence[Record]:
        """Return what of these may be applied now: from the position on, up to the first gap."""
        name, expected = self._job.name, self.position
        passed = expected - max(self.lease.watermark + 1, self._sought)
        if passed:
            self._sought = expected
            self.metrics.skipped.labels(name, "control").inc(passed)
        if records[0].offset < expected:
            records = [record for record in records if record.offset >= expected]
            self.metrics.skipped.labels(name, "old").inc()
        if not records:
            return records
        if records[0].offset > expected:
            if self._gap_at != expected:
                self._gap_at = expected
                self.metrics.gaps.labels(name).inc()
                log.warning("gap", service=name, partition=self.number, at=expected, found=records[0].offset)
                self.inbox.clear()
                self._consumer.seek(self.pair, expected)
                return []
            # Sought, and there is nothing: a transactional producer's control records stand there.
            self.metrics.skipped.labels(name, "control").inc(records[0].offset - expected)
            self._sought = records[0].offset
        end = self._cut(records)
        if end < len(records):
            self.inbox.put_back(records[end:])
            records = records[:end]
        return records

    def _cut(self, records: Sequence[Record]) -> int:
        """How many of these make one step: no gap among them, and all on one side of what Kafka has as committed."""
        end = len(records)
        if records[-1].offset - records[0].offset >= end:
            end = next(i for i in range(1, end) if records[i].offset != records[i - 1].offset + 1)
        border = self.committed_to_kafka - records[0].offset
        return min(border if 0 < border < end else end, self._steps.suspects.among(records))

    def is_repeated(self, records: Sequence[Record]) -> bool:
        """Say whether the step's effects outside Redis were had once before (Redis went back, or is filled anew)."""
        return records[0].offset < self.committed_to_kafka

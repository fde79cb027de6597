"""Fills an empty Redis from Kafka: a worker that sends nothing and ends once everything in the log is applied.

It is the way every partition is taken (invariant 3), so other workers may run meanwhile; each does its part.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Protocol

from stamgast.bootstrap import WorkerParts, worker_parts
from stamgast.broker import kafka_of
from stamgast.clock.shop_time import is_real
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.settings import Settings
from stamgast.state.clock_marks import was_other
from stamgast.state.errors import StateError
from stamgast.state.fitness import Fitness
from stamgast.state.keys import customers, transactions
from stamgast.state.nodes import Redis
from stamgast.state.partition_meta import CLOCK, WAITS, WATERMARK

_LOOK_EVERY_S = 0.2
_TELL_EVERY = 10
_CLOSE_S = 2.0
_PATIENT_LOOKS = 50
"""So often what waits may stand still until it is left to whoever comes next: its bundle cannot be had any more."""


class Fills(Protocol):
    """A worker that fills Redis (`streams.app.Worker`)."""

    broke: BaseException | None

    @property
    def refusals(self) -> list[str]:
        """Why partitions that it owns cannot be taken, until a person decides."""
        ...

    async def run(self) -> int:
        """Work until it is told to stop."""
        ...

    def stop(self) -> None:
        """Ask it to end."""
        ...


Makes = Callable[[Settings, WorkerParts], Fills]
"""Makes a worker that sends nothing."""
Tell = Callable[[int, int], None]
"""(records applied, records there are)."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many records are applied now."""

    records: int


class NotThereError(RuntimeError):
    """Some partition cannot be filled from the log; the worker's log says why."""


async def empty(redis_url: str) -> None:
    """Forget everything in the Redis database, a node in one step, so that no worker sees half a partition gone."""
    redis = Redis(redis_url)
    try:
        await asyncio.gather(*(node.call("FLUSHDB") for node in await redis.masters()))
    finally:
        redis.close()


async def rebuild(settings: Settings, make: Makes, tell: Tell) -> Rebuilt:
    """Run a worker until every watermark has reached the ends of the log as they are now.

    It may leave tasks behind that never end: `asyncio.run` would wait for them, `watchdog.end_process` does not.

    Raises:
        SettingsError: a key is missing or wrong.
        NotThereError: the worker ended before, or some partition cannot be filled from this log.
    """
    stack = AsyncExitStack()
    try:
        parts = await stack.enter_async_context(worker_parts(settings))
        ends = await _ends(settings, parts.topics)
        # A worker of this deployment may be serving its metrics at the same port.
        worker = make(settings.model_copy(update={"metrics_port": 0}), parts)
        working = asyncio.create_task(worker.run())
        looking = asyncio.create_task(_until(settings.redis_url, ends, tell, worker))
        await asyncio.wait({working, looking}, return_when=asyncio.FIRST_COMPLETED)
        if not looking.done():
            looking.cancel()
            raise NotThereError(f"the worker ended before everything was applied: {_why(working, worker)}")
        worker.stop()
        await working
        return Rebuilt(looking.result())
    finally:
        # Nothing is left to save, and what was stopped while it started may never end: do not wait for that.
        await asyncio.wait({asyncio.create_task(stack.aclose())}, timeout=_CLOSE_S)


async def refuse_untrusted(settings: Settings) -> None:
    """Look whether Redis may throw away what is put into it; to be asked before it is emptied.

    Raises:
        NotThereError: it may; the text says what to set.
    """
    redis = Redis(settings.redis_url)
    try:
        fitness = Fitness(redis, "rebuild")
        await fitness.look()
    finally:
        redis.close()
    if fitness.distrust:
        raise NotThereError(fitness.distrust[0])


async def refuse_other_clocks(settings: Settings) -> None:
    """Look whether what Redis holds was applied under this kind of clock; to be asked before it is emptied.

    Raises:
        NotThereError: it was not; another clock would judge anew which purchases to believe.
    """
    redis, real = Redis(settings.redis_url), is_real(settings.clock)
    try:
        for number in range(settings.partitions):
            meta = transactions(number).meta
            mark = await (await redis.session(meta)).call("HGET", meta, CLOCK.name)
            if was_other(CLOCK.read(mark), real=real):
                other = "an invented clock" if real else "the real clock"
                raise NotThereError(
                    f"this log was applied under {other}, and STAMGAST_CLOCK is {settings.clock!r}: set it as it was, "
                    "or begin with new topics"
                )
    finally:
        redis.close()


def _why(working: asyncio.Task[int], worker: Fills) -> str:
    error = worker.broke or (working.exception() if not working.cancelled() else None)
    return f"{type(error).__name__}: {error}" if error is not None else "it was told to end"


async def _ends(settings: Settings, topics: Topics) -> dict[str, int]:
    """Key of each partition's meta -> end of its log."""
    pairs = [(name, at) for name in (topics.purchases, topics.customer_events) for at in range(topics.partitions)]
    async with LogReader(kafka_of(settings)) as reader:
        ends = await reader.behind_last(pairs)
    keys = {topics.purchases: transactions, topics.customer_events: customers}
    return {keys[pair.topic](pair.partition).meta: end for pair, end in ends.items()}


async def _until(redis_url: str, ends: dict[str, int], tell: Tell, worker: Fills) -> int:
    redis, total, rounds, waiting, waited = Redis(redis_url), sum(ends.values()), 0, "", 0
    try:
        while True:
            done = await _applied(redis, ends)
            if done is not None and done >= total:
                before, waiting = waiting, await _taking_up(redis, ends)
                waited = waited + 1 if waiting == before else 0
                if not waiting or waited > _PATIENT_LOOKS:
                    return done
            if done is not None and rounds % _TELL_EVERY == 0:
                tell(done, total)
            if worker.refusals:
                raise NotThereError(f"{worker.refusals[0]}; `stamgast topics adopt` forgets what does not fit")
            rounds += 1
            await asyncio.sleep(_LOOK_EVERY_S)
    finally:
        redis.close()


async def _taking_up(redis: Redis, ends: dict[str, int]) -> str:
    """What is being taken up of events that waited, and how far; empty if nothing is, or while Redis is away."""
    try:
        told = await asyncio.gather(*(redis.call("HGET", meta, WAITS.name) for meta in ends))
    except StateError:
        return ""
    return "".join(text.decode() for text in told if any(each.begun for each in WAITS.read(text).values()))


async def _applied(redis: Redis, ends: dict[str, int]) -> int | None:
    """Records applied so far, at most as many as there were; None while Redis is away."""
    try:
        marks = await asyncio.gather(*(redis.call("HGET", meta, WATERMARK.name) for meta in ends))
    except StateError:
        return None
    return sum(min(WATERMARK.read(mark) + 1, end) for mark, end in zip(marks, ends.values(), strict=True))

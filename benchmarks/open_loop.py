"""Records appended on a timetable, whatever happens: what is late stays due at its time, so that no stall can hide.

The load must cost little, for it runs beside what is measured: records are made beforehand and only appended here.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks.meter import cpu_seconds, cpu_seconds_of
from stamgast.log.partitioning import partition_for
from stamgast.log.producers import Emitters


class Timed(NamedTuple):
    """A record to append, known by its name: None for its place in the log, empty if nobody waits for it."""

    name: str | None
    topic: str
    key: bytes
    value: bytes


class Fed(NamedTuple):
    """What was appended after the warm-up."""

    due: dict[str, float]
    """What identifies a record -> when it was due (seconds). Its place in the log is "partition offset"."""
    busy: float
    """The share of a core that the measured process took meanwhile."""
    load: float
    """The share of a core that this process took."""
    late: list[float]
    """How long after it was due each record was acknowledged, sorted (seconds)."""


async def feed(
    bootstrap: str, records: Sequence[Timed], partitions: int, *, rate: int, warm_up: int, watched: int,
    enough: Callable[[], bool] = lambda: False,
) -> Fed:  # fmt: skip
    """Append so many a second, until it is enough; what is due in the first `warm_up` seconds is not counted."""
    emitters = Emitters(bootstrap, client_id="open-loop")
    emitter = await emitters.current()
    places = [partition_for(record.key, partitions) for record in records]
    due: dict[str, float] = {}
    late: list[float] = []
    sending: set[asyncio.Task[None]] = set()

    async def append(number: int, when: float) -> None:
        record, partition = records[number], places[number]
        offset = await emitter.send(record.topic, partition, record.key, record.value)
        if number >= counted_from:
            late.append(time.time() - when)
            if record.name != "":
                due[record.name or f"{partition} {offset}"] = when

    counted_from = rate * warm_up
    gc.collect()
    gc.disable()
    begin = time.time() + 0.1
    began = watched_from = used_from = 0.0
    for number in range(len(records)):
        if enough():
            break
        when = begin + number / rate
        pause = when - time.time()
        if pause > 0:
            await asyncio.sleep(pause)
        if number == counted_from:
            began, watched_from, used_from = time.time(), cpu_seconds_of(watched), cpu_seconds()
        task = asyncio.create_task(append(number, when))
        sending.add(task)
        task.add_done_callback(sending.discard)
    seconds = time.time() - began
    busy, load = (cpu_seconds_of(watched) - watched_from) / seconds, (cpu_seconds() - used_from) / seconds
    gc.enable()
    await asyncio.gather(*sending)
    await emitters.close()
    return Fed(due, busy, load, sorted(late))

"""Appending a step's records so that a reader can recognise repeats (invariant 4).

Each target partition gets a step's records in their order, every batch only after the one before it was acknowledged,
and the step commits only when all are. So a step that fails in the middle and runs again leaves a target with the
first few of its records and never a later one without those before it. That holds with and without Kafka's idempotent
producer, for one producer shared by all partitions of a process, and for what a paused process still sends when it
wakes: its records begin where its watermark stood, and everything before that was acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aiokafka.errors import KafkaError

from stamgast.log.producers import EmitError, Emitter, Emitters, Record


class Emission(NamedTuple):
    """A record to append."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes


async def emit_all(emitters: Emitters, emissions: Iterable[Emission]) -> None:
    """Append records, each target's in the order given, and return when all are acknowledged.

    Raises:
        EmitError: some were perhaps not appended.
    """
    targets: dict[tuple[str, int], list[tuple[bytes | None, bytes]]] = {}
    for topic, partition, key, value in emissions:
        targets.setdefault((topic, partition), []).append((key, value))
    if len(targets) == 1:
        ((topic, partition), records) = next(iter(targets.items()))
        await append(emitters, topic, partition, records)
    elif targets:
        emitter = await _current(emitters)
        sending = [emitter.emit(topic, partition, records) for (topic, partition), records in targets.items()]
        results = await asyncio.gather(*sending, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result


async def append(emitters: Emitters, topic: str, partition: int, records: Sequence[Record]) -> list[int]:
    """Append records to one partition and return their offsets.

    Raises:
        EmitError: some were perhaps not appended.
    """
    return await (await _current(emitters)).emit(topic, partition, list(records))


async def _current(emitters: Emitters) -> Emitter:
    try:
        return await emitters.current()
    except KafkaError as error:
        raise EmitError(f"Kafka cannot be reached: {error!r}") from error

"""Appends records to the partition of their key, for those who own no partition: web and commands.

An answer may depend on it: `append` returns only when Kafka has acknowledged every record.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence

from aiokafka.errors import KafkaError

from stamgast.log.partitioning import partition_for
from stamgast.log.producers import EmitError, Emitter, Emitters, Record, RecordTooLargeError

__all__ = ["Appender", "NotAppendedError", "RecordTooLargeError"]


class NotAppendedError(RuntimeError):
    """Kafka did not acknowledge all of the records in time; some of them may be in the log."""


class Appender:
    """Shared by all tasks of a process. `partitions` says how many each topic has."""

    def __init__(self, bootstrap: str, partitions: Mapping[str, int], *, client_id: str, timeout_s: float = 10) -> None:
        self._emitters = Emitters(bootstrap, client_id=client_id)
        self._partitions = dict(partitions)
        self._timeout_s = timeout_s

    def partition_of(self, topic: str, key: bytes) -> int:
        """The partition that a key belongs to."""
        return partition_for(key, self._partitions[topic])

    async def append(self, topic: str, records: Sequence[tuple[bytes, bytes | None]]) -> list[int]:
        """Append records, those of one partition in their order, and return their offsets.

        Raises:
            NotAppendedError: some first part of each partition's records may be in the log.
            RecordTooLargeError: one of them is; others may be in the log.
        """
        by_partition: dict[int, list[int]] = defaultdict(list)
        for index, (key, _value) in enumerate(records):
            by_partition[self.partition_of(topic, key)].append(index)
        offsets = [0] * len(records)

        async def emit(emitter: Emitter, partition: int, indexes: list[int]) -> None:
            found = await _emit(emitter, topic, partition, [records[index] for index in indexes])
            for index, offset in zip(indexes, found, strict=True):
                offsets[index] = offset

        try:
            async with asyncio.timeout(self._timeout_s):
                emitter = await self._emitters.current()
                if len(by_partition) == 1:  # nobody to do it side by side with
                    await emit(emitter, *by_partition.popitem())
                    return offsets
                if len(by_partition) == len(records):
                    each = [(at, *records[index]) for at, (index,) in by_partition.items()]
                    found = await emitter.send_each(topic, each)
                    for (index,), offset in zip(by_partition.values(), found, strict=True):
                        offsets[index] = offset
                    return offsets
                all_of_them = (emit(emitter, *item) for item in by_partition.items())
                done = await asyncio.gather(*all_of_them, return_exceptions=True)
            for outcome in done:
                if isinstance(outcome, BaseException):
                    raise outcome
        except (EmitError, KafkaError, OSError, TimeoutError) as error:
            raise NotAppendedError(f"Kafka did not acknowledge: {type(error).__name__}") from error
        return offsets

    async def close(self) -> None:
        """Close the connections to Kafka; what was acknowledged stands."""
        await self._emitters.close()


async def _emit(emitter: Emitter, topic: str, partition: int, batch: list[Record]) -> list[int]:
    if len(batch) == 1 and batch[0][0] is not None:
        return [await emitter.send(topic, partition, batch[0][0], batch[0][1])]
    return await emitter.emit(topic, partition, batch)

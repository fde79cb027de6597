"""Stands for Kafka where it is appended to: what was appended is a list."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from stamgast.log.producers import Emitter, Emitters, Record


class Appended(NamedTuple):
    """A record, and where it was appended."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None


class MemoryEmitters(Emitters):
    """An emitter that never fails, and whoever hands it out."""

    def __init__(self) -> None:
        super().__init__("nowhere")
        self.log: list[Appended] = []
        """Everything, in the order in which it was appended."""
        self.batches: list[list[Appended]] = []
        """The same, as it was asked for."""
        self._ends: Counter[tuple[str, int]] = Counter()
        self._emitter = _MemoryEmitter(self)

    async def current(self) -> Emitter:
        """As `stamgast.log.producers.Emitters` does."""
        return self._emitter

    def append(self, topic: str, partition: int, records: Sequence[Record]) -> list[int]:
        """Append, and return the offsets."""
        begin = self._ends[topic, partition]
        self._ends[topic, partition] += len(records)
        self.batches.append([Appended(topic, partition, *record) for record in records])
        self.log += self.batches[-1]
        return list(range(begin, begin + len(records)))

    def values(self, topic: str = "") -> list[bytes]:
        """What was appended, to one topic or to all."""
        return [each.value for each in self.log if each.value is not None and each.topic == (topic or each.topic)]


class _MemoryEmitter(Emitter):
    def __init__(self, log: MemoryEmitters) -> None:
        super().__init__(None)
        self._log = log

    async def emit(self, topic: str, partition: int, records: Sequence[Record]) -> list[int]:
        return self._log.append(topic, partition, records)

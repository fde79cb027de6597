"""A compacted topic of one partition as a table in memory: the newest record of each key counts.

Processes follow it (`stamgast.log.tail.Tail`), commands read it once and append to it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from stamgast.log.appender import Appender
from stamgast.log.reading import LogReader


class Table(ABC):
    """What a kind of table has to say is how it takes in a record, and how it forgets them all."""

    def __init__(self) -> None:
        self.loaded = False
        """Whether it answers: everything that stood there at the beginning has been read."""

    @abstractmethod
    def note(self, key: bytes | None, value: bytes | None) -> None:
        """Take in a record; what is nothing of ours, or is taken away, leaves nothing behind."""

    @abstractmethod
    def forget(self) -> None:
        """Begin anew."""

    async def positions(self) -> Mapping[tuple[str, int], int]:
        """From the beginning, always: it is small."""
        self.forget()
        return {}

    async def apply(self, records: Sequence[Any], reached: Mapping[tuple[str, int], int]) -> None:  # noqa: ARG002
        """Take in records."""
        for record in records:
            self.note(record.key, record.value)

    async def open(self) -> None:
        """Answer from now on."""
        self.loaded = True

    def close(self) -> None:
        """Answer no more."""
        self.loaded = False

    async def intact(self) -> bool:
        """Memory forgets nothing."""
        return True


T = TypeVar("T", bound=Table)


async def read_table(table: T, bootstrap: str, topic: str) -> T:
    """The table with everything that is in force now."""
    async with LogReader(bootstrap) as reader:
        async for records in reader.read_all(topic, 0):
            await table.apply(records, {})
    await table.open()
    return table


async def append_records(
    bootstrap: str, topic: str, records: Sequence[tuple[bytes, bytes | None]], client_id: str
) -> None:
    """Append to it; returns once Kafka has them. Raises `NotAppendedError`."""
    appender = Appender(bootstrap, {topic: 1}, client_id=client_id)
    try:
        await appender.append(topic, records)
    finally:
        await appender.close()

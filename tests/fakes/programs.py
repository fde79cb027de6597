"""Stands for `programs.v1`: what was published is a list, and who looks at it reads along."""

from streams.customers.bundles import Bundles
from tests.fakes.records import LogRecord


class ProgramsLog:
    """The topic, in memory: `streams.customers.bundles.Published`. A test can let reading fail."""

    def __init__(self) -> None:
        self.values: list[bytes] = []
        self.reads: list[int] = []
        """Offsets that were asked for."""
        self.fails = 0
        """How many of the next reads fail."""

    async def publish(self, value: bytes, bundles: Bundles) -> int:
        """Append a bundle as it is, let `bundles` read along, and return its number."""
        number = len(self.values)
        self.values.append(value)
        await bundles.apply([LogRecord(number, value)], {("programs.v1", 0): number + 1})
        await bundles.open()
        return number

    async def end(self) -> int:
        """How many were published."""
        return len(self.values)

    async def read(self, number: int) -> list[tuple[int, bytes]]:
        """One of them."""
        self.reads.append(number)
        if self.fails:
            self.fails -= 1
            raise OSError("Kafka is away")
        return [(number, self.values[number])]

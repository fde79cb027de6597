"""`programs.v1` itself, for what is not kept in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from stamgast.log.reading import LogReader, LogTruncatedError, end_of
from stamgast.programs.record import BundleRecord, Chain, decode_bundle


async def all_bundles(bootstrap: str, topic: str) -> AsyncIterator[tuple[int, bytes, BundleRecord]]:
    """Number, packed and unpacked, each bundle that was ever published; what is none is passed over, as workers do."""
    chain = Chain()
    async with LogReader(bootstrap) as reader:
        async for records in reader.read_all(topic, 0):
            for record in records:
                packed = record.value or b""
                try:
                    bundle = decode_bundle(packed)
                except ValueError:
                    continue
                if chain.counts(record.offset, bundle):
                    yield record.offset, packed, bundle


@dataclass(frozen=True)
class ProgramLog:
    """The topic on a broker."""

    bootstrap: str
    topic: str

    async def end(self) -> int:
        """Return the number that the next bundle will get."""
        return await end_of(self.bootstrap, self.topic)

    async def read(self, number: int) -> list[tuple[int, bytes]]:
        """Return a bundle and some of those behind it, which are asked for next where a log is read again.

        Raises:
            LogTruncatedError: it is not there any more.
        """
        async with LogReader(self.bootstrap) as reader:
            ends = await reader.ends([(self.topic, 0)])
            async for records in reader.read(self.topic, 0, number, max(ends.values())):
                if records[0].offset == number:
                    return [(record.offset, record.value or b"") for record in records]
                break
        raise LogTruncatedError(f"{self.topic} has no offset {number}")

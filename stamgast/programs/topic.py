"""`programs.v1` itself, for what is not kept in memory."""

from __future__ import annotations

from dataclasses import dataclass

from stamgast.log.reading import LogReader, LogTruncatedError, end_of


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

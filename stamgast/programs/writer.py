"""Changing what is in force: each change is a bundle, appended whole to `programs.v1`.

Several may do so at once, a person at `rules launch`, a fit, `publish --watch` beside them. Each takes the newest
bundle, changes its own part of it and appends that, with the number of what it was made from. Where somebody else's
came between, it counts for nobody (`Chain`), and whoever appended it changes theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from msgspec import structs

from stamgast.log.producers import EmitError, Emitter
from stamgast.log.reading import LogReader
from stamgast.programs.record import NOTHING, BundleRecord, Chain, decode_bundle, encode_bundle

_MOST_TRIES: Final = 20
"""Somebody would have to publish the same merchant at the very moment so often."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A merchant's bundle in the log, and the number of its barrier."""

    number: int
    record: BundleRecord


Change = Callable[[BundleRecord | None], BundleRecord | None]
"""The newest bundle (None: there is none yet) -> what is to be in force; None: what is."""


class ProgramWriter:
    """The topic as one sees it who changes it. `newest` is by merchant."""

    def __init__(self, bootstrap: str, topic: str, *, client_id: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._client_id = client_id
        self._reader = LogReader(bootstrap)
        self._emitter: Emitter | None = None
        self._chain = Chain()
        self._end = 0
        self.newest: dict[str, InForce] = {}

    async def __aenter__(self) -> Self:
        """Read it to its end."""
        await self._reader.__aenter__()
        try:
            begins, ends = await self._reader.begins([self._place]), await self._reader.ends([self._place])
            self._end = max(begins.values())
            await self._read_to(max(ends.values()))
        except BaseException:
            await self._reader.__aexit__()
            raise
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._reader.__aexit__()
        if self._emitter is not None:
            await self._emitter.close()

    @property
    def _place(self) -> tuple[str, int]:
        return (self._topic, 0)

    async def change(self, merchant: str, change: Change) -> InForce:
        """Bring a change into force, and return what is in force then.

        Raises:
            LookupError: nothing is.
            BundleTooLargeError: it is too much for a record; nothing was appended.
            EmitError: it was perhaps not appended.
        """
        for _ in range(_MOST_TRIES):
            based = self.newest.get(merchant)
            record = change(None if based is None else based.record)
            if record is None:
                break
            record = structs.replace(record, based=NOTHING if based is None else based.number)
            number = await self._append(merchant, encode_bundle(record))
            await self._read_to(number)
            self._end = number + 1
            if self._chain.counts(number, record):
                self.newest[merchant] = InForce(number, record)
                break
        else:
            raise EmitError(f"{merchant} is being published by others without a pause; try again")
        if merchant not in self.newest:
            raise LookupError(f"{merchant} has published nothing yet; `stamgast publish {merchant}` comes first")
        return self.newest[merchant]

    async def _append(self, merchant: str, value: bytes) -> int:
        if self._emitter is None:
            self._emitter = await Emitter.open(self._bootstrap, client_id=self._client_id)
        return await self._emitter.send(self._topic, 0, merchant.encode(), value)

    async def _read_to(self, end: int) -> None:
        """Take in what was appended meanwhile; what is no bundle is passed over, as workers do."""
        async for records in self._reader.read(self._topic, 0, self._end, end):
            for each in records:
                try:
                    record = decode_bundle(each.value or b"")
                except ValueError:
                    continue
                if self._chain.counts(each.offset, record):
                    self.newest[record.merchant] = InForce(each.offset, record)
        self._end = max(self._end, end)

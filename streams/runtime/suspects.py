"""Records at whose step a process ended: taken up again one by one, and laid aside where it ends again and again.

Before a step is thought through its owner writes into the partition's meta which records it takes up; the commit
removes that. Whoever takes a partition and finds such a trial of another process knows that it did not get through:
killed from outside, most of the time, or by what stands in one of the records. So these records are tried one by one,
each while nothing else is thought of in this process (`Turns`), so that an end can only be theirs. A record at which
two processes ended alone is laid aside, and the partition goes on.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from stamgast.state.meta_values import Trial
from stamgast.state.partition_meta import ASIDE, TRIAL
from streams.runtime.job import Record

MOST_TRIES: Final = 2
_MOST_ASIDE: Final = 1_000


class Suspects:
    """The suspected records of one partition in this process's hands."""

    def __init__(self, process: str) -> None:
        self._process = process
        self._first = 0
        self._last = -1
        self._tries = 0
        self.aside: list[int] = []
        """Offsets of those that were laid aside, the newest last."""

    def learn(self, meta: Mapping[str, str]) -> None:
        """Read at a taking what stands in meta. What this process itself did not get through, nobody died of."""
        self.aside = list(ASIDE.of(meta))
        trial = TRIAL.of(meta)
        if trial is not None and trial.process != self._process:
            self._first, self._last, self._tries = trial.first, trial.last, trial.tries

    def blame(self, first: int, last: int) -> None:
        """Records of a step that could not be written, for a reason of their own."""
        if first == last:
            self._tries = self._tries + 1 if first == self._first else 1
            last = max(first, self._last)
        else:
            self._tries = 0
        self._first, self._last = first, last

    def holds(self, offset: int) -> bool:
        """Say whether that record is to be tried alone."""
        return self._first <= offset <= self._last

    def is_guilty(self, offset: int) -> bool:
        """Say whether that record was tried often enough."""
        return offset == self._first and self._tries >= MOST_TRIES and self.holds(offset)

    def among(self, records: Sequence[Record]) -> int:
        """How many of these make one step: those before the first suspect, or one suspect."""
        if self._last < records[0].offset or self._first > records[-1].offset:
            return len(records)
        return max(1, sum(record.offset < self._first for record in records))

    def trial_of(self, records: Sequence[Record], *, alone: bool) -> Trial:
        """What to write before a step of these is thought through."""
        first = records[0].offset
        if not self.holds(first):
            return Trial(self._process, first, records[-1].offset, 0)
        tried = self._tries if first == self._first else 0
        self._first, self._tries = first, tried
        return Trial(self._process, first, self._last, tried + alone)

    def lay_aside(self, offset: int) -> tuple[int, ...]:
        """Note that a record is laid aside; return all that are, to be written into meta."""
        self.aside = [*self.aside, offset][-_MOST_ASIDE:]
        return tuple(self.aside)


class Turns:
    """Who may think in this process: all partitions side by side, or a suspected record alone."""

    def __init__(self) -> None:
        self.process = secrets.token_hex(6)
        """Names the process in trials. Made here and not at the import: whoever is forked after that is another one."""
        self._thinking = 0
        self._alone = asyncio.Lock()
        self._empty = asyncio.Event()
        self._empty.set()

    @asynccontextmanager
    async def beside_others(self) -> AsyncIterator[None]:
        """Wait until nobody is alone, or wants to be."""
        while self._alone.locked():
            async with self._alone:
                pass
        self._thinking += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._thinking -= 1
            if not self._thinking:
                self._empty.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Wait until the others have thought their steps through, and keep them waiting."""
        async with self._alone:
            await self._empty.wait()
            yield

"""What was fetched for one partition and is still to be applied. Bounded, so that nobody waits for the slowest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

from streams.jobs import Record

CHUNK: Final = 1_000
"""Records of one step at most."""
_ROOM: Final = 3 * CHUNK


class Inbox:
    """Lists of records as they were fetched."""

    def __init__(self) -> None:
        self._lists: deque[Sequence[Record]] = deque()
        self._count = 0
        self._woken = asyncio.Event()

    @property
    def has_room(self) -> bool:
        """Say whether more may be fetched."""
        return self._count < _ROOM

    @property
    def empty(self) -> bool:
        """Say whether nothing waits."""
        return not self._lists

    def put(self, records: Sequence[Record]) -> None:
        """Add what was fetched."""
        self._lists.append(records)
        self._count += len(records)
        self._woken.set()

    def put_back(self, records: Sequence[Record]) -> None:
        """Return what `take` gave and was not applied."""
        self._lists.appendleft(records)
        self._count += len(records)

    async def wait(self) -> None:
        """Wait until something is put in, or `wake` is called."""
        self._woken.clear()
        if self.empty:
            await self._woken.wait()

    def wake(self) -> None:
        """Let whoever waits look up."""
        self._woken.set()

    def take(self) -> Sequence[Record]:
        """Return up to CHUNK records, small lists joined."""
        records = self._lists.popleft()
        if len(records) > CHUNK:
            self._lists.appendleft(records[CHUNK:])
            records = records[:CHUNK]
        elif self._lists and len(records) + len(self._lists[0]) <= CHUNK:
            records = list(records)
            while self._lists and len(records) + len(self._lists[0]) <= CHUNK:
                records += self._lists.popleft()
        self._count -= len(records)
        return records

    def clear(self) -> None:
        """Forget what waits: it will be fetched again."""
        self._lists.clear()
        self._count = 0

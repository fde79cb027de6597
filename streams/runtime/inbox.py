"""What was fetched for one partition and is still to be applied. Bounded, so that nobody waits for the slowest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import chain
from operator import attrgetter
from typing import Final

from streams.runtime.job import Record

CHUNK: Final = 1_000
"""Records of one step at most."""
CHUNK_BYTES: Final = 4 << 20
"""Bytes of the records of one step at most, unless one record alone has more."""
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
        """Return up to CHUNK records of up to CHUNK_BYTES, small lists joined."""
        records = self._lists.popleft()
        size = _bytes_of(records)
        if len(records) > CHUNK or size > CHUNK_BYTES:
            most = _most(records)
            self._lists.appendleft(records[most:])
            records = records[:most]
        elif self._lists and len(records) + len(self._lists[0]) <= CHUNK:
            records = list(records)
            while self._lists and len(records) + len(self._lists[0]) <= CHUNK:
                size += _bytes_of(self._lists[0])
                if size > CHUNK_BYTES:
                    break
                records += self._lists.popleft()
        self._count -= len(records)
        return records

    def clear(self) -> None:
        """Forget what waits: it will be fetched again."""
        self._lists.clear()
        self._count = 0


_key_of = attrgetter("key")
_value_of = attrgetter("value")


def _bytes_of(records: Sequence[Record]) -> int:
    """Without a line of Python for each record: it is asked about all of them."""
    parts = chain(map(_key_of, records), map(_value_of, records))
    return sum(map(len, filter(None, parts)))


def _most(records: Sequence[Record]) -> int:
    """How many of the first of these make one step; at least one."""
    size = 0
    for count, record in enumerate(records[:CHUNK]):
        size += _bytes_of((record,))
        if count and size > CHUNK_BYTES:
            return count
    return CHUNK

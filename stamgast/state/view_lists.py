"""Which entries of a view belong together: a list for each, kept beside the entries and made of the same records.

A list is a hash, name of an entry -> offset of the record that put it there. It may sit on another node of a Redis
Cluster than its entries, so that no script can write both. So an entry enters its list before it is put, and leaves the
one it stood in before as well: who reads a list misses nothing, and asks each entry whether it still belongs. Whoever
is cut short between has the record in Kafka, and it is applied again.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from stamgast.state.client import RedisClient
from stamgast.state.keys import ViewShard, shard_of
from stamgast.state.scripts import Script

ListOf = Callable[[str, bytes | None], str | None]
"""(name of an entry, its value) -> the list that it stands in, "" for none; None: such entries never stand in any."""

_LIST: Final = Script.named("view_list")
_ENTER: Final = 1
_LEAVE: Final = 0


class ViewLists:
    """See the module."""

    def __init__(self, redis: RedisClient, shards: Sequence[ViewShard], list_of: ListOf) -> None:
        self._redis = redis
        self._shards = shards
        self._list_of = list_of

    async def before(self, name: str, offset: int, value: bytes | None) -> None:
        """Prepare for an entry that is about to be put."""
        new = self._list_of(name, value)
        if new is None:
            return
        stored, _ = await asyncio.gather(
            self._redis.get(shard_of(self._shards, name).entry(name)), self._change(new, name, offset, _ENTER)
        )
        old = self._list_of(name, stored_value(stored))
        if old != new:
            await self._change(old or "", name, offset, _LEAVE)

    async def too_late(self, name: str, offset: int, value: bytes | None) -> None:
        """Take back what was prepared: a later record of the entry had been put already."""
        await self._change(self._list_of(name, value) or "", name, offset, _LEAVE)

    async def _change(self, listed: str, name: str, offset: int, how: int) -> None:
        if listed:
            await self._redis.run(_LIST, shard_of(self._shards, listed).entry(listed), [name, offset, how])


def stored_value(stored: bytes | None) -> bytes | None:
    """What an entry says, of how it stands in Redis (`view_put.lua`); None for one that was forgotten."""
    return None if stored is None else stored.partition(b" ")[2] or None

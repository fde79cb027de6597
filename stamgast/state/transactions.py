"""What is known of transactions, for those who hold no partition of them: a look, which may be a moment behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.transactions import Transaction, decode_transaction
from stamgast.state.client import RedisClient
from stamgast.state.errors import StateError
from stamgast.state.keys import transactions


class KnownTransactions:
    """See the module. `partition_of` says in which partition a transaction's key belongs."""

    def __init__(self, redis: RedisClient, partition_of: Callable[[bytes], int]) -> None:
        self._redis = redis
        self._partition_of = partition_of

    async def of(self, merchant: str, names: Iterable[str]) -> dict[str, Transaction]:
        """Return those that are known; none of a partition that Redis does not answer for.

        Nobody loses a purchase by that: what would have been told of it the worker tells.
        """
        by_partition: dict[int, list[str]] = {}
        for name in dict.fromkeys(names):
            by_partition.setdefault(self._partition_of(f"{merchant}:{name}".encode()), []).append(name)
        found: dict[str, Transaction] = {}
        for some in await asyncio.gather(*(self._of(number, merchant, each) for number, each in by_partition.items())):
            found |= some
        return found

    async def _of(self, number: int, merchant: str, names: list[str]) -> dict[str, Transaction]:
        keys = transactions(number)
        try:
            values = await self._redis.call("MGET", *(keys.transaction(merchant, name) for name in names))
        except StateError:
            return {}
        return {name: state for name, value in zip(names, values, strict=True) if (state := _decoded(value))}


def _decoded(value: bytes | None) -> Transaction | None:
    try:
        return None if value is None else decode_transaction(value)
    except UNREADABLE:  # the worker that owns it tells of it
        return None

"""What is known of transactions, for those who hold no partition of them: a look, which may be a moment behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

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
        asked = []
        for number, some in by_partition.items():
            keys = transactions(number)
            words = ("MGET", *(keys.transaction(merchant, name) for name in some))
            asked.append((some, words, self._redis.begin(*words)))  # all of them, before the first is heard
        found: dict[str, Transaction] = {}
        for some, words, answer in asked:
            with suppress(StateError):
                values = await self._redis.heard(answer, *words)
                known = ((name, _decoded(value)) for name, value in zip(some, values, strict=True))
                found |= {name: state for name, state in known if state}
        return found


def _decoded(value: bytes | None) -> Transaction | None:
    try:
        return None if value is None else decode_transaction(value)
    except UNREADABLE:  # the worker that owns it tells of it
        return None

"""What is known of transactions, for those who hold no partition of them: a look, which may be a moment behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Self

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.transactions import Transaction, decode_transaction
from stamgast.state.client import RedisClient
from stamgast.state.errors import StateError
from stamgast.state.keys import transactions
from stamgast.state.nodes import heed
from stamgast.state.session import Word


class KnownTransactions:
    """See the module. `partition_of` says in which partition a transaction's key belongs."""

    def __init__(self, redis: RedisClient, partition_of: Callable[[bytes], int]) -> None:
        self._redis = redis
        self._partition_of = partition_of

    async def of(self, merchant: str, names: Iterable[str]) -> dict[str, Transaction]:
        """Return those that are known; none of a partition that Redis does not answer for.

        Nobody loses a purchase by that: what would have been told of it the worker tells.
        """
        with self.asking(merchant, names) as asked:
            return await asked.answer()

    def asking(self, merchant: str, names: Iterable[str]) -> Asking:
        """Ask now, and hear it when it is wanted, while the context is open."""
        # In a cluster, whose partitions lie apart, each is asked by itself.
        wanted: dict[int, tuple[list[str], list[str]]] = {}
        for name in dict.fromkeys(names):
            number = self._partition_of(f"{merchant}:{name}".encode())
            some, keys = wanted.setdefault(number if self._redis.is_apart else 0, ([], []))
            some.append(name)
            keys.append(transactions(number).transaction(merchant, name))
        asked = []
        for some, keys in wanted.values():
            words = ("MGET", *keys)
            asked.append(_Asked(some, words, self._redis.begin(*words)))
        return Asking(self._redis, asked)


class _Asked(NamedTuple):
    """What was asked at once: names, the command, and its answer to come."""

    names: Sequence[str]
    words: Sequence[Word]
    answer: asyncio.Future[Any] | None


class Asking:
    """A question that is on its way."""

    def __init__(self, redis: RedisClient, asked: Sequence[_Asked]) -> None:
        self._redis = redis
        self._asked = asked

    def __enter__(self) -> Self:
        """It was sent already."""
        return self

    def __exit__(self, *_: object) -> None:
        """What nobody has heard, nobody wants to hear."""
        for each in self._asked:
            if each.answer is not None:
                each.answer.add_done_callback(heed)

    async def answer(self) -> dict[str, Transaction]:
        """As `KnownTransactions.of`."""
        found: dict[str, Transaction] = {}
        for names, words, answer in self._asked:
            with suppress(StateError):
                values = await self._redis.heard(answer, *words)
                known = ((name, _decoded(value)) for name, value in zip(names, values, strict=True))
                found |= {name: state for name, state in known if state}
        self._asked = ()
        return found


def _decoded(value: bytes | None) -> Transaction | None:
    try:
        return None if value is None else decode_transaction(value)
    except UNREADABLE:  # the worker that owns it tells of it
        return None

"""What is known of transactions, for those who hold no partition of them: a look, which may be a moment behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple, Self

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.transactions import Transaction, decode_transaction
from stamgast.state.boxes import digest_of, value_in
from stamgast.state.client import RedisClient
from stamgast.state.errors import NotNowError, RefusedError, SessionEndedError, StateError
from stamgast.state.keys import transactions
from stamgast.state.nodes import heed
from stamgast.state.scripts import Script
from stamgast.state.session import Word

_KNOWN: Final = Script.named("known_transactions", "boxes")


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
        wanted: dict[int, tuple[list[str], list[Word]]] = {}
        for name in dict.fromkeys(names):
            whole = f"{merchant}:{name}"
            number = self._partition_of(whole.encode())
            some, words = wanted.setdefault(number if self._redis.is_apart else 0, ([], []))
            some.append(name)
            words += (transactions(number).transaction(merchant, name), digest_of(whole))
        asked = []
        for some, words in wanted.values():
            asked.append(_Asked(some, words, self._redis.begin_script(_KNOWN, str(words[0]), words)))
        return Asking(self._redis, asked)


class _Asked(NamedTuple):
    """What was asked at once: names, the script's words, and its answer to come."""

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
                values = await self._heard(words, answer)
                known = (
                    (name, _decoded(value, digest))
                    for name, value, digest in zip(names, values, words[1::2], strict=True)
                )
                found |= {name: state for name, state in known if state}
        self._asked = ()
        return found

    async def _heard(self, words: Sequence[Word], answer: asyncio.Future[Any] | None) -> list[Any]:
        with suppress(SessionEndedError, NotNowError, RefusedError):  # it passes, or that node has not seen the script
            if answer is not None:
                values: list[Any] = await answer
                return values
        return list(await self._redis.run(_KNOWN, str(words[0]), words))


def _decoded(found: Any, digest: Any) -> Transaction | None:
    try:
        value = value_in(found, digest)
        return None if value is None else decode_transaction(value)
    except UNREADABLE:  # the worker that owns it tells of it
        return None

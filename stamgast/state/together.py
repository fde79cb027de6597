"""Whether keys are there, asked together: what is asked in one turn of the loop is one question to Redis.

Sent when the turn is over, over the session that carries everything else: what this process has written by then is
known. In a cluster, whose keys lie apart, and wherever the question fails, each key is asked after by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from stamgast.state.client import RedisClient
from stamgast.state.errors import StateError


class AskedTogether:
    """See the module; one for all requests of a process."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._asked: list[tuple[str, asyncio.Future[bool | None]]] = []

    async def exists(self, key: str) -> bool:
        """Say whether there is such a key, of a text. Raises StateError."""
        if self._redis.is_apart:
            return await self._redis.exists(key)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool | None] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._ask)
        self._asked.append((key, answer))
        found = await answer
        return await self._redis.exists(key) if found is None else found

    async def which(self, keys: Sequence[str]) -> list[bool]:
        """The same of several that are there together; an empty one is no key. Raises StateError."""
        asked = [key for key in keys if key]
        begun = self._redis.begin("MGET", *asked) if asked and not self._redis.is_apart else None
        try:
            found = None if begun is None else [value is not None for value in await begun]
        except StateError:
            found = None
        if found is None:
            found = list(await asyncio.gather(*(self._redis.exists(key) for key in asked)))
        there = dict(zip(asked, found, strict=True))
        return [there.get(key, False) for key in keys]

    def _ask(self) -> None:
        asked, self._asked = self._asked, []
        begun = self._redis.begin("MGET", *(key for key, _ in asked))
        if begun is None:
            _tell(asked, [None] * len(asked))
            return

        def heard(reply: asyncio.Future[Any]) -> None:
            failed = reply.cancelled() or reply.exception() is not None
            _tell(asked, [None] * len(asked) if failed else [value is not None for value in reply.result()])

        begun.add_done_callback(heard)


def _tell(asked: Sequence[tuple[str, asyncio.Future[bool | None]]], found: Sequence[bool | None]) -> None:
    """None: it could not be said."""
    for (_, answer), each in zip(asked, found, strict=True):
        if not answer.done():
            answer.set_result(each)

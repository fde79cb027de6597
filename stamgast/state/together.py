"""Whether keys are there, asked together: what is asked in one turn of the loop is one question to Redis.

Sent when the turn is over, over the session that carries everything else: what this process has written by then is
known. In a cluster, whose keys lie apart, and wherever the question fails, each key is asked after by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from stamgast.state.client import RedisClient
from stamgast.state.errors import StateError

Heard = Callable[[bool | Exception], None]
"""Hears whether there is such a key, or why that cannot be said."""


class AskedTogether:
    """See the module; one for all requests of a process."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._asked: list[tuple[str, Heard]] = []
        self._alone: set[asyncio.Task[None]] = set()

    async def exists(self, key: str) -> bool:
        """Say whether there is such a key, of a text. Raises StateError."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.ask(key, partial(_settle, answer))
        return await answer

    def ask(self, key: str, heard: Heard) -> None:
        """The same for those who do not wait: `heard` is called once, and not before this has returned."""
        if self._redis.is_apart:
            self._ask_alone(key, heard)
            return
        if not self._asked:
            asyncio.get_running_loop().call_soon(self._ask)
        self._asked.append((key, heard))

    def _ask(self) -> None:
        asked, self._asked = self._asked, []
        begun = self._redis.begin("MGET", *(key for key, _ in asked))
        if begun is None:
            self._each_alone(asked)
        else:
            begun.add_done_callback(partial(self._tell, asked))

    def _tell(self, asked: Sequence[tuple[str, Heard]], reply: asyncio.Future[Any]) -> None:
        if reply.cancelled() or reply.exception() is not None:
            self._each_alone(asked)
            return
        for (_, heard), value in zip(asked, reply.result(), strict=True):
            heard(value is not None)

    def _each_alone(self, asked: Sequence[tuple[str, Heard]]) -> None:
        for key, heard in asked:
            self._ask_alone(key, heard)

    def _ask_alone(self, key: str, heard: Heard) -> None:
        async def ask() -> None:
            try:
                found = await self._redis.exists(key)
            except StateError as error:
                heard(error)
            else:
                heard(found)

        task = asyncio.create_task(ask())
        self._alone.add(task)
        task.add_done_callback(self._alone.discard)


def _settle(answer: asyncio.Future[bool], found: bool | Exception) -> None:
    if answer.done():
        return
    if isinstance(found, Exception):
        answer.set_exception(found)
    else:
        answer.set_result(found)

"""Plain commands on Redis for those who hold no partition: web, the view of identities, commands at a terminal.

They are tried again for a moment while Redis restarts or a slot of its cluster moves; one that is not answered may have
been carried out all the same.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from stamgast.clock.shop_time import Heard
from stamgast.state.errors import StateError
from stamgast.state.nodes import Redis
from stamgast.state.scripts import Script
from stamgast.state.session import Session, Word

_UNLOCK: Final = Script.named("unlock")
_LOCK_PAUSE_S: Final = 0.02
_SCAN: Final = 1_000


class LockedError(StateError):
    """Somebody else holds the lock, and did not let go of it in time."""


class RedisClient(Redis):
    """See the module. Each command has one key."""

    async def get(self, key: str) -> bytes | None:
        """A key's value."""
        value: bytes | None = await self.call("GET", key)
        return value

    async def set(self, key: str, value: Word) -> None:
        """Give a key a value that stays."""
        await self.call("SET", key, value)

    async def remember(self, key: str, value: Word, seconds: int) -> bytes | None:
        """Give a key a value for a while, unless it has one: that is returned."""
        known: bytes | None = await self.call("SET", key, value, "NX", "GET", "EX", seconds)
        return known

    def remember_soon(self, key: str, value: Word, seconds: int) -> None:
        """The same, for what is no loss if it is forgotten: nobody waits for it."""
        self.tell("SET", key, value, "NX", "EX", seconds)

    async def exists(self, key: str) -> bool:
        """Say whether there is such a key."""
        return bool(await self.call("EXISTS", key))

    async def delete(self, key: str) -> None:
        """Forget a key."""
        await self.call("DEL", key)

    async def hash(self, key: str) -> dict[str, str]:
        """Every field of a hash of texts."""
        words = iter(await self.call("HGETALL", key))
        return {name.decode(): value.decode() for name, value in zip(words, words, strict=True)}

    async def ping(self) -> None:
        """Ask whether somebody answers; at once, that is. Raises StateError."""
        await (await self.session()).call("PING")

    async def time(self) -> Heard | None:
        """What time it is by the clock of a node of Redis, asked at once. Raises StateError."""
        session, asked = await self.session(), time.monotonic()
        seconds, micros = await session.call("TIME")
        return Heard.between(asked, time.monotonic(), int(seconds) * 1_000 + int(micros) // 1_000)

    async def keys(self, pattern: str) -> AsyncIterator[str]:
        """Every key that matches, wherever it is; one may come twice."""
        for node in await self.masters():
            async for key in keys_like(node, pattern):
                yield key

    @asynccontextmanager
    async def locked(self, key: str, *, wait_s: float, kept_s: float) -> AsyncIterator[None]:
        """Be alone with something, at most for `kept_s`. Raises LockedError if that takes too long to get."""
        token = secrets.token_hex(8)
        try:
            async with asyncio.timeout(wait_s):
                while await self.call("SET", key, token, "NX", "PX", int(kept_s * 1_000)) is None:  # noqa: ASYNC110
                    await asyncio.sleep(_LOCK_PAUSE_S)
        except TimeoutError:
            raise LockedError(f"{key} is held by somebody else") from None
        try:
            yield
        finally:
            with suppress(StateError):  # then it ends by itself
                await self.run(_UNLOCK, key, [token])

    @asynccontextmanager
    async def locked_among(self, keys: Sequence[str], *, kept_s: float) -> AsyncIterator[frozenset[str]]:
        """Be alone with those of many things with whom nobody else is now; says which. Nobody is waited for."""
        token = secrets.token_hex(8)
        asked = (self.call("SET", key, token, "NX", "PX", int(kept_s * 1_000)) for key in keys)
        answers = await asyncio.gather(*asked)
        held = frozenset(key for key, answer in zip(keys, answers, strict=True) if answer is not None)
        try:
            yield held
        finally:
            with suppress(StateError):  # then they end by themselves
                await asyncio.gather(*(self.run(_UNLOCK, key, [token]) for key in held))

    async def aclose(self) -> None:
        """Close all sessions."""
        self.close()


async def keys_like(session: Session, pattern: str) -> AsyncIterator[str]:
    """Every key of a node that matches; one may come twice."""
    cursor = b"0"
    while True:
        cursor, keys = await session.call("SCAN", cursor, "MATCH", pattern, "COUNT", _SCAN)
        for key in keys:
            yield key.decode()
        if cursor == b"0":
            return


async def members_of(session: Session, command: str, key: str) -> AsyncIterator[str]:
    """What stands in a hash (HSCAN) or a sorted set (ZSCAN), a piece at a time; one may come twice."""
    cursor = b"0"
    while True:
        cursor, words = await session.call(command, key, cursor, "COUNT", _SCAN)
        for name in words[::2]:
            yield name.decode()
        if cursor == b"0":
            return


async def names_under(session: Session, prefix: str) -> AsyncIterator[str]:
    """What follows a prefix in the keys that a partition's Redis holds."""
    async for key in keys_like(session, f"{_escaped(prefix)}*"):
        yield key.removeprefix(prefix)


def _escaped(text: str) -> str:
    """Redis patterns read brackets; braces are plain."""
    return "".join(f"\\{char}" if char in "*?[]\\" else char for char in text)

"""A session with Redis is one connection, shared by everything in the process and pipelined by it.

That makes invariant 3 simple: whatever a partition's owner knows was learned over one connection. If it
breaks (a restart, a failover, a lost network), every call on it fails, nothing is retried blindly, and
whoever used it opens a new session and takes its partitions again. It is also cheaper than a pool: one
`write` carries the commands of all partitions that are ready in the same turn of the loop.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, cast

import hiredis
from redis.asyncio.connection import parse_url

from stamgast.state.errors import FencedError, RefusedError, SessionEndedError, StaleError
from stamgast.state.scripts import Script

Word = bytes | str | int | float
"""What a command is made of."""

_INCOMPLETE: Final = object()
_PATIENCE_S: Final = 10.0


class Session(asyncio.Protocol):
    """One connection. Calls may be made side by side; answers come in order."""

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._transport: asyncio.Transport | None = None
        self._patience_s = patience_s
        self._buffer: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._watch: asyncio.TimerHandle | None = None
        self.run_id = ""

    @property
    def alive(self) -> bool:
        """Say whether calls can still be made."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (called by asyncio)."""
        self._transport = cast(asyncio.Transport, transport)
        self._watch = self._loop.call_later(1, self._look_at_the_oldest)

    def data_received(self, data: bytes) -> None:
        """Hand answers to those who wait for them, in order (called by asyncio)."""
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not _INCOMPLETE:
            _, waiting = self._waiting.popleft()
            if waiting.done():
                continue
            if isinstance(reply, hiredis.ReplyError):
                waiting.set_exception(_as_ours(str(reply)))
            else:
                waiting.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """End: everybody who waits learns it (called by asyncio)."""
        self._transport = None
        if self._watch is not None:
            self._watch.cancel()
        while self._waiting:
            _, waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_exception(SessionEndedError(str(exc or "the connection was closed")))

    def call(self, *words: Word) -> asyncio.Future[Any]:
        """Send one command and return its answer to come. Raises SessionEndedError if there is no connection."""
        if not self.alive:
            raise SessionEndedError("the connection is closed")
        answer: asyncio.Future[Any] = self._loop.create_future()
        if not self._buffer:
            self._loop.call_soon(self._flush)
        self._buffer.append(hiredis.pack_command(words))  # type: ignore[arg-type]  # its stub knows tuples of one word
        self._waiting.append((time.monotonic(), answer))
        return answer

    async def run(self, script: Script, keys: Sequence[Word], args: Sequence[Word]) -> Any:
        """Run a script by its hash; a Redis that has never seen it gets its text, once."""
        try:
            return await self.call(b"EVALSHA", script.sha, len(keys), *keys, *args)
        except RefusedError as refusal:
            if not str(refusal).startswith("NOSCRIPT"):
                raise
        return await self.call(b"EVAL", script.text, len(keys), *keys, *args)

    def close(self) -> None:
        """Close the connection; those who still wait get SessionEndedError."""
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        if self._transport is not None:
            self._transport.write(b"".join(self._buffer))
        self._buffer.clear()

    def _look_at_the_oldest(self) -> None:
        """A Redis that does not answer is as good as gone."""
        if self._waiting and time.monotonic() - self._waiting[0][0] > self._patience_s:
            self.close()
        else:
            self._watch = self._loop.call_later(1, self._look_at_the_oldest)


class Redis:
    """Where Redis is; holds the session in force and opens the next one when that has ended."""

    def __init__(self, url: str, *, patience_s: float = _PATIENCE_S) -> None:
        self._place: dict[str, Any] = dict(parse_url(url))
        self._patience_s = patience_s
        self._session: Session | None = None
        self._opening = asyncio.Lock()
        self.opened = 0

    async def session(self) -> Session:
        """Return the session in force, opening one if need be. Raises SessionEndedError if Redis cannot be reached."""
        if self._session is not None and self._session.alive:
            return self._session
        async with self._opening:
            if self._session is None or not self._session.alive:
                self._session = await self._open()
                self.opened += 1
        return self._session

    def close(self) -> None:
        """Close the session in force."""
        if self._session is not None:
            self._session.close()

    async def _open(self) -> Session:
        place, loop = self._place, asyncio.get_running_loop()

        def make() -> Session:
            return Session(self._patience_s)

        try:
            async with asyncio.timeout(self._patience_s):
                if "path" in place:
                    _, session = await loop.create_unix_connection(make, place["path"])
                else:
                    secure = ssl.create_default_context() if "connection_class" in place else None
                    host, port = place.get("host", "127.0.0.1"), place.get("port", 6379)
                    _, session = await loop.create_connection(make, host, port, ssl=secure)
                await self._greet(session)
        except (OSError, TimeoutError) as error:
            raise SessionEndedError(f"Redis cannot be reached: {error}") from error
        return session

    async def _greet(self, session: Session) -> None:
        place = self._place
        if place.get("password"):
            names = [place["username"]] if place.get("username") else []
            await session.call("AUTH", *names, place["password"])
        if place.get("db"):
            await session.call("SELECT", int(place["db"]))
        # LOADING and the like show here, before anything is believed.
        told = (await session.call("INFO", "server")).decode()
        session.run_id = told.partition("run_id:")[2].partition("\r")[0]


def _as_ours(text: str) -> Exception:
    code, _, rest = text.partition(" ")
    if code == "FENCED":
        return FencedError(text)
    if code == "STALE":
        return StaleError(int(rest))
    return RefusedError(text)

"""A session with Redis is one connection, shared by everything in the process and pipelined by it.

That makes invariant 3 simple: whatever a partition's owner knows was learned over one connection. If it
breaks (a restart, a failover, a lost network), every call on it fails, nothing is retried blindly, and
whoever used it opens a new session and takes its partitions again. It is also cheaper than a pool: one
`write` carries the commands of all partitions that are ready in the same turn of the loop.

A Redis Cluster is one session per node (`state.nodes`): all keys of a partition are on one of them.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import hiredis

from stamgast.state.errors import (
    FencedError,
    MovedError,
    NotNowError,
    NoWritesError,
    RefusedError,
    SessionEndedError,
    SpoiltError,
    StaleError,
    UnfitError,
)
from stamgast.state.scripts import Script
from stamgast.state.slots import Address, Place

Word = bytes | str | int | float
"""What a command is made of."""

_INCOMPLETE: Final = object()
_NOT_NOW: Final = frozenset({"LOADING", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN", "READONLY"})
_NO_WRITES: Final = re.compile(r"\b(OOM|MISCONF|NOREPLICAS)\b")
"""Redis 6 says so in the middle of a sentence where a script asked."""
_SPLIT_SLOT: Final = "Script attempted to access a non local key"


class Session(asyncio.Protocol):
    """One connection. Calls may be made side by side; answers come in order."""

    def __init__(self, patience_s: float, address: Address, told: Callable[[Session, RefusedError], None]) -> None:
        """End when no answer comes for so many seconds; tell `told` of keys that moved and of writes not taken."""
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._waiting: deque[tuple[float, asyncio.Future[Any] | None]] = deque()
        """When each was asked, and who hears the answer; None: nobody does."""
        self._transport: asyncio.Transport | None = None
        self._patience_s = patience_s
        self._buffer: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._watch: asyncio.TimerHandle | None = None
        self._told = told
        self.address = address
        self.run_id = ""
        self.in_cluster = False

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
            if waiting is None:
                if isinstance(reply, hiredis.ReplyError):
                    self._as_ours(str(reply))  # nobody waits, but keys that moved and writes not taken are told of
            elif waiting.done():
                continue
            elif isinstance(reply, hiredis.ReplyError):
                waiting.set_exception(self._as_ours(str(reply)))
            else:
                waiting.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """End: everybody who waits learns it (called by asyncio)."""
        self._transport = None
        if self._watch is not None:
            self._watch.cancel()
        while self._waiting:
            _, waiting = self._waiting.popleft()
            if waiting is not None and not waiting.done():
                waiting.set_exception(SessionEndedError(str(exc or "the connection was closed")))

    def call(self, *words: Word) -> asyncio.Future[Any]:
        """Send one command and return its answer to come. Raises SessionEndedError if there is no connection."""
        if not self.alive:
            raise SessionEndedError("the connection is closed")
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._send(words)
        self._waiting.append((time.monotonic(), answer))
        return answer

    def tell(self, *words: Word) -> None:
        """Send one command for whose answer nobody waits; where there is no connection it is lost."""
        if not self.alive:
            return
        self._send(words)
        self._waiting.append((time.monotonic(), None))

    async def run(self, script: Script, keys: Sequence[Word], args: Sequence[Word]) -> Any:
        """Run a script by its hash; a Redis that has never seen it gets its text, once."""
        try:
            return await self.call(b"EVALSHA", script.sha, len(keys), *keys, *args)
        except RefusedError as refusal:
            if not str(refusal).startswith("NOSCRIPT"):
                raise
        return await self.call(b"EVAL", script.text, len(keys), *keys, *args)

    async def greet(self, place: Place) -> None:
        """Log in and learn who answers. What is loading refuses here, before anything is believed."""
        if place.get("password"):
            names = [place["username"]] if place.get("username") else []
            await self.call("AUTH", *names, place["password"])
        if place.get("db"):
            await self.call("SELECT", int(place["db"]))
        server, cluster = await asyncio.gather(self.call("INFO", "server"), self.call("INFO", "cluster"))
        self.run_id = told_by(server, "run_id")
        self.in_cluster = told_by(cluster, "cluster_enabled") == "1"

    async def incarnation(self) -> str:
        """Name the run of the Redis process and, in a cluster, the reign in which it has its slots.

        What was written under the same name cannot have been forgotten. A slot that went away and came back may have
        been changed elsewhere meanwhile, and whoever takes a slot over begins a new epoch.
        """
        if not self.in_cluster:
            return self.run_id
        return f"{self.run_id}.{told_by(await self.call('CLUSTER', 'INFO'), 'cluster_my_epoch')}"

    def close(self) -> None:
        """Close the connection; those who still wait get SessionEndedError."""
        if self._transport is not None:
            self._transport.abort()

    def _send(self, words: Sequence[Word]) -> None:
        if not self._buffer:
            self._loop.call_soon(self._flush)
        self._buffer.append(hiredis.pack_command(words))  # type: ignore[arg-type]  # its stub knows tuples of one word

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

    def _as_ours(self, text: str) -> Exception:
        code, _, rest = text.partition(" ")
        if code == "FENCED":
            return FencedError(text)
        if code == "STALE":
            return StaleError(int(rest))
        if code in ("MOVED", "ASK"):
            moved = MovedError(text)
            self._told(self, moved)
            return moved
        if code == "READONLY":  # it is a replica by now, and what was taken here is somebody else's
            self.close()
        if code in _NOT_NOW or _SPLIT_SLOT in text:
            return NotNowError(text)
        if code == "HALF" or "WRONGTYPE" in text:
            return SpoiltError(text)
        if code == "UNFIT":
            return UnfitError(text)
        if not _NO_WRITES.search(text):
            return RefusedError(text)
        refused = NoWritesError(text)
        self._told(self, refused)
        return refused


async def connect(place: Place, patience_s: float, told: Callable[[Session, RefusedError], None]) -> Session:
    """Open a session. Raises SessionEndedError or RefusedError."""
    loop = asyncio.get_running_loop()
    host, port = place.get("host", "127.0.0.1"), place.get("port", 6379)

    session = Session(patience_s, (host, port), told)
    try:
        async with asyncio.timeout(patience_s):
            if "path" in place:
                await loop.create_unix_connection(lambda: session, place["path"])
            else:
                secure = (
                    ssl.create_default_context(cafile=place.get("ssl_ca_certs"))
                    if "connection_class" in place
                    else None
                )
                await loop.create_connection(lambda: session, host, port, ssl=secure)
            await session.greet(place)
    except (OSError, TimeoutError) as error:
        session.close()
        raise SessionEndedError(f"Redis cannot be reached: {error}") from error
    except RefusedError:
        session.close()
        raise
    return session


def told_by(info: bytes, name: str) -> str:
    """What a line of INFO says."""
    lines = (line.partition(":") for line in info.decode().splitlines())
    return next((value for key, _, value in lines if key == name), "")

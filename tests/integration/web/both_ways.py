"""One app behind two servers: the one takes at once what can be, the other sends everything the long way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from stamgast.web.app import create_app
from stamgast.web.limits import Limits
from stamgast.web.metrics import WebMetrics
from stamgast.web.serve import deps_over, public, serving
from stamgast.web.short_way import at_once_of
from tests.integration.web.conftest import Web

CHANGING = (b"date", b"ratelimit", b"content-length")
"""Headers whose value is another one at each answer."""
NOW = re.compile(rb"20[0-2]\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|\"stamgastrecordedat\":\d+")
"""What a clock says in an answer or a record."""


class LongWay:
    """An app that takes nothing at once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class Answered(NamedTuple):
    status: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Client:
    """Says exactly these bytes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, raw: bytes) -> Answered:
        if self._open is None:
            self._open = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._open
        writer.write(raw)
        head = await reader.readuntil(b"\r\n\r\n")
        while head.startswith(b"HTTP/1.1 100"):
            head = await reader.readuntil(b"\r\n\r\n")
        status, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        headers = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
        body = await reader.readexactly(int(dict(headers)[b"content-length"]))
        if (b"connection", b"close") in headers:
            await self.close()
        told = [(name, b"" if name in CHANGING else value) for name, value in headers]
        return Answered(status, told, NOW.sub(b"", body))

    async def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None


@asynccontextmanager
async def both_ways(
    web: Web, settings: Any, limits: Limits | None = None, metrics: WebMetrics | None = None
) -> AsyncIterator[tuple[Client, Client, Any]]:
    """A client of each way, and how often the short one was taken."""
    app = public(create_app(deps_over(web.parts, limits=limits, metrics=metrics)), settings)
    taken: list[bool] = []
    take = at_once_of(app)

    class Counted(LongWay):
        def at_once(self, *asked: Any) -> bool:
            taken.append(take is not None and take(*asked))
            return taken[-1]

    async with serving(Counted(app), "127.0.0.1", 0) as short, serving(LongWay(app), "127.0.0.1", 0) as long:
        clients = Client(short), Client(long)
        yield *clients, taken
        for each in clients:
            await each.close()

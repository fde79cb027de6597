"""Whole requests are answered without ASGI, and whatever else comes over the same connection as it always was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from stamgast.web.connections import Connections
from stamgast.web.serve import serving
from stamgast.web.short_way import Answer, Say
from tests.conftest import eventually

LARGE = 30_000_000
"""More than what lies between two ends of a connection."""


class Both:
    """Says which way a request went, and its body. `hold` keeps answers of the short way back."""

    def __init__(self, *, hold: bool = False) -> None:
        self.hold = hold
        self.held: list[Say] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        await PlainTextResponse(f"long {scope['path']} {body.decode()}")(scope, receive, send)

    def at_once(self, scope: Scope, body: bytes, say: Say) -> bool:
        if scope["path"] == "/wrong":
            return False
        if self.hold:
            self.held.append(say)
        elif scope["path"] == "/large":
            asyncio.get_running_loop().call_soon(say, answer("x" * LARGE))
        else:
            asyncio.get_running_loop().call_soon(say, answer(f"short {scope['path']} {body.decode()}"))
        return True


def answer(text: str) -> Answer:
    return Answer(200, [(b"content-length", str(len(text)).encode())], text.encode())


def post(path: str, body: str, *more: str, version: str = "1.1") -> bytes:
    lines = [f"POST {path} HTTP/{version}", "Host: localhost", f"Content-Length: {len(body)}", *more, "", body]
    return "\r\n".join(lines).encode()


class Line:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def hear(self) -> str:
        async with asyncio.timeout(20):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            while head.startswith("HTTP/1.1 100"):
                head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            length = next(line for line in head.lower().split("\r\n") if line.startswith("content-length"))
            return (await self.reader.readexactly(int(length.partition(":")[2]))).decode()

    async def is_closed(self) -> bool:
        async with asyncio.timeout(20):
            return await self.reader.read() == b""


@asynccontextmanager
async def line(app: Any, connections: Connections | None = None) -> AsyncIterator[Line]:
    async with serving(app, "127.0.0.1", 0, connections) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield Line(reader, writer)
        writer.close()


async def test_whole_requests_one_after_the_other_go_the_short_way_and_others_the_long_one():
    async with line(Both()) as said:
        for path, way in (("/a", "short"), ("/wrong", "long"), ("/b", "short")):
            await said.say(post(path, "hello"))
            assert await said.hear() == f"{way} {path} hello"


@pytest.mark.parametrize("cut", [10, -3])
async def test_a_request_that_comes_in_pieces_is_whole_all_the_same(cut: int):
    raw = post("/a", "hello")
    connections = Connections()
    async with line(Both(), connections) as said:
        await said.say(raw[:cut])
        [watched] = await eventually(lambda: list(connections._waiting))
        await eventually(lambda: watched._bytes)
        await said.say(raw[cut:])
        assert (await said.hear()).endswith("/a hello")
        await said.say(raw)
        assert await said.hear() == "short /a hello"


async def test_requests_sent_ahead_are_answered_in_their_order():
    async with line(Both()) as said:
        await said.say(b"".join(post(f"/{number}", "x") for number in range(5)))
        assert [(await said.hear()).split()[1] for _ in range(5)] == [f"/{number}" for number in range(5)]


async def test_nothing_is_read_past_the_length_of_a_large_body():
    async with line(Both()) as said:
        await said.say(post("/a", "x" * 20_001))
        assert (await said.hear()).startswith("long /a x")


@pytest.mark.parametrize(
    "raw", [post("/a", "x", "Connection: close"), post("/a", "x", version="1.0")], ids=["close", "1.0"]
)
async def test_whoever_wants_the_connection_closed_has_it_closed(raw: bytes):
    async with line(Both()) as said:
        await said.say(raw)
        assert await said.hear() == "long /a x"
        assert await said.is_closed()


async def test_whoever_asks_whether_to_go_on_is_told_so():
    async with line(Both()) as said:
        await said.say(post("/a", "x", "Expect: 100-continue"))
        assert await said.hear() == "long /a x"


async def test_who_goes_away_before_the_answer_costs_nobody_anything():
    app, connections = Both(hold=True), Connections()
    async with line(app, connections) as said:
        await said.say(post("/a", "x"))
        [say] = await eventually(lambda: app.held)
        said.writer.close()
        await eventually(lambda: connections.open == 0)
        say(answer("late"))
    async with line(Both()) as said:
        await said.say(post("/a", "x"))
        assert await said.hear() == "short /a x"


async def test_who_reads_no_answers_gets_no_more_of_them_the_short_way():
    connections = Connections()
    async with line(Both(), connections) as said:
        await said.say(post("/large", ""))
        [watched] = await eventually(lambda: list(connections._waiting))
        await eventually(lambda: watched.flow.write_paused)
        await said.say(post("/a", "x"))
        assert await said.hear() == "x" * LARGE
        assert await said.hear() == "long /a x"
        await said.say(post("/a", "x"))
        assert await said.hear() == "short /a x"


@pytest.mark.parametrize(
    "wrong", [Answer(99, [], b""), Answer(200, [(b"x", b"1\r\nset-cookie: x=1"), (b"content-length", b"0")], b"")]
)
async def test_what_cannot_be_said_ends_the_connection_and_keeps_nobody_waiting(wrong: Answer):
    app, connections = Both(hold=True), Connections()
    async with line(app, connections) as said:
        await said.say(post("/a", "x"))
        [say] = await eventually(lambda: app.held)
        with pytest.raises((KeyError, ValueError)):
            say(wrong)
        assert await said.is_closed()
        await eventually(lambda: connections.open == 0)


async def test_a_server_that_ends_answers_first_and_closes():
    app = Both(hold=True)
    async with serving(app, "127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        said = Line(reader, writer)
        await said.say(post("/a", "x"))
        [say] = await eventually(lambda: app.held)
        loop = asyncio.get_running_loop()
        loop.call_later(0.5, say, answer("at last"))
    assert await said.hear() == "at last"
    assert await said.is_closed()


async def test_so_many_are_answered_at_once_and_the_next_is_told_to_come_again():
    app = Both(hold=True)
    connections = Connections(most=1, open_at_most=10)
    async with serving(app, "127.0.0.1", 0, connections) as port:
        first, second = [Line(*(await asyncio.open_connection("127.0.0.1", port))) for _ in range(2)]
        await first.say(post("/a", "x"))
        [say] = await eventually(lambda: app.held)
        await second.say(post("/b", "x"))
        assert "Too many requests" in await second.hear()
        say(answer("done"))
        assert await first.hear() == "done"
        await first.say(post("/a", "x"))
        await eventually(lambda: len(app.held) == 2)
        app.held[1](answer("again"))
        assert await first.hear() == "again"

"""Whoever hangs up, sends half a request or speaks something else fills no log: it is theirs, and counted at most."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stamgast.web.around import Around
from stamgast.web.auth import read_body
from stamgast.web.bodies import Bodies
from stamgast.web.metrics import WebMetrics
from stamgast.web.problem import Problem, answer_failure, answer_problem
from stamgast.web.serve import serving

HEAD = b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n"
TLS_HELLO = bytes.fromhex("16030100f1010000ed0303") + bytes(200)
TIMES = 20

RUDE = {
    "says nothing": b"",
    "half a request line": b"GET /slo",
    "half a head": HEAD,
    "half a body": HEAD + b"\r\n{",
    "TLS": TLS_HELLO,
    "no HTTP": b"\x00\xff\x00\r\n\r\n",
    "a head too large": b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000,
    "hangs up before the answer": b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "hangs up in the middle of it": b"GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


async def _body(request: Request) -> Response:
    return PlainTextResponse(f"{len(await read_body(request, 1_000))}")


async def _slow(_request: Request) -> Response:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            await asyncio.Event().wait()
    return PlainTextResponse("late")


async def _much(_request: Request) -> Response:
    return PlainTextResponse("x" * 5_000_000)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    routes = [Route("/body", _body, methods=["POST"]), Route("/slow", _slow), Route("/much", _much)]
    inner = Starlette(routes=routes, exception_handlers={Problem: answer_problem, Exception: answer_failure})
    app = Around(inner, WebMetrics(), Bodies(1_000_000, 1_000), failed=answer_failure)
    async with serving(app, "127.0.0.1", 0) as port:
        yield port


@pytest.mark.parametrize("how", ["hangs up", "breaks off"])
@pytest.mark.parametrize("rude", RUDE)
async def test_a_client_that_is_rude_leaves_no_traceback(
    port: int, rude: str, how: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    for _ in range(TIMES):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.setblocking(False)
            if how == "breaks off":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await asyncio.get_running_loop().sock_sendall(client, RUDE[rude])
            for _ in range(20):  # the server's turn, in the same loop
                await asyncio.sleep(0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await reader.readline()).split()[1] == b"200"
    writer.close()
    written = [each for each in caplog.records if each.name != "uvicorn.access"]  # `serving` has it off
    assert {(each.levelname, each.getMessage()) for each in written if each.name != "uvicorn.error"} == set()
    theirs = {each.getMessage() for each in written if each.levelno >= logging.WARNING}
    assert theirs <= {"Invalid HTTP request received."}  # folded by `Repeats`: tests/unit/test_logs.py

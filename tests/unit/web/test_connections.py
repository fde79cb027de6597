"""Connections that say nothing, say it slowly, or come in crowds cost nobody else anything."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from stamgast.settings import Settings
from stamgast.web.app import create_app
from stamgast.web.auth import read_body
from stamgast.web.connections import Connections, address_of, allow_files
from stamgast.web.limits import Limits
from stamgast.web.metrics import WebMetrics
from stamgast.web.problem import Problem, answer_problem
from stamgast.web.serve import public, serving
from tests.conftest import eventually

QUICK_S = 1.0
ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def _read(request: Request) -> Response:
    body = await read_body(request, 10_000_000, frozenset({"application/json"}))
    return PlainTextResponse(f"{len(body)}")


async def _whose(request: Request) -> Response:
    assert request.client is not None
    return PlainTextResponse(request.client.host)


async def _much(_request: Request) -> Response:
    return PlainTextResponse("x" * 20_000_000)


def app(**settings: Any) -> Any:
    routes = [Route("/", _whose), Route("/much", _much), Route("/body", _read, methods=["POST"])]
    inner = Starlette(routes=routes, exception_handlers={Problem: answer_problem})
    return public(inner, Settings(_env_file=None, **settings))


class Served:
    def __init__(self, port: int, connections: Connections, dropped: list[str]) -> None:
        self.port, self.connections, self.dropped = port, connections, dropped
        self.url = f"http://127.0.0.1:{port}"
        self.opened: list[socket.socket] = []

    def connect(self, source: str = "127.0.0.1", sent: bytes = b"") -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), source_address=(source, 0))
        made.sendall(sent)
        made.setblocking(False)
        self.opened.append(made)
        return made

    async def is_closed(self, connection: socket.socket) -> bool:
        try:
            return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(connection, 100_000), 0.01) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    async def answers(self) -> bool:
        async with httpx.AsyncClient(trust_env=False) as http:
            return (await http.get(self.url)).status_code == 200


async def _said(connection: socket.socket) -> bytes:
    """What has come; nothing as long as nothing has."""
    await asyncio.sleep(0)
    try:  # without a limit of time, which may pass in the very moment in which something was read: that would be lost
        return connection.recv(100_000)
    except BlockingIOError:
        return b""


@asynccontextmanager
async def served(given: Any = None, *, keep_alive_s: float = 75, **how: Any) -> AsyncIterator[Served]:
    dropped: list[str] = []
    connections = Connections(on_drop=dropped.append, **how)
    async with serving(given or app(), "127.0.0.1", 0, connections, keep_alive_s=keep_alive_s) as port:
        made = Served(port, connections, dropped)
        yield made
        for each in made.opened:
            each.close()


async def test_a_thousand_silent_connections_cost_nobody_anything():
    async with served(most=allow_files(2_000)) as web:
        for number in range(1_005):
            web.connect(f"127.0.0.{2 + number % 11}")
        assert await web.answers()
        assert web.connections.open <= 1_006


async def test_one_address_holds_so_many_and_makes_room_for_itself():
    async with served(per_address=10, settling_s=0) as web:
        first = web.connect()
        for _ in range(30):
            web.connect()
        assert await eventually(lambda: web.is_closed(first))
        assert await web.answers()
        await eventually(lambda: web.connections.open <= 10)
        assert set(web.dropped) == {"address"}


async def test_all_of_them_are_bounded_and_the_longest_silent_one_goes_first():
    async with served(most=20, settling_s=0) as web:
        first = web.connect("127.0.0.2")
        for number in range(30):
            web.connect(f"127.0.0.{3 + number}")
        await eventually(lambda: web.is_closed(first))
        assert await web.answers()
        assert web.connections.open <= 20
        assert set(web.dropped) == {"all"}


async def test_whoever_has_said_all_of_it_makes_no_room_though_nobody_has_read_it_yet():
    """Thousands who say STOP at once: the carrier posts it once, and the last came before the first was read."""
    async with served(most=2, per_address=2, open_at_most=100, settling_s=0, is_urgent=lambda _: True) as web:
        crowd = [web.connect(sent=ASK) for _ in range(20)]
        for each in crowd:
            assert (await eventually(partial(_said, each), every=0.01)).startswith(b"HTTP/1.1 200")
        assert web.dropped == []


async def test_who_comes_through_a_proxy_of_ours_is_not_counted_as_the_proxy():
    async with served(per_address=3, proxies=["127.0.0.0/30"], settling_s=0) as web:
        for _ in range(10):
            web.connect("127.0.0.2")
        for _ in range(10):
            web.connect("127.0.0.9")
        await eventually(lambda: web.connections.open == 13)


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", ASK[:-2], b"POST /body HTTP/1.1\r\nContent-Length: 5\r\n"],
    ids=["nothing", "half a line", "no end of the headers", "headers of a body"],
)
async def test_without_a_whole_request_in_time_a_connection_is_closed(sent: bytes):
    async with served(request_s=QUICK_S) as web:
        await eventually(lambda: web.is_closed(web.opened[0] if web.opened else web.connect(sent=sent)))
        assert web.dropped == ["slow"]
        assert web.connections.open == 0


async def test_letters_that_trickle_in_earn_no_time():
    async with served(request_s=QUICK_S) as web:
        slow = web.connect(sent=b"GET / HTTP/1.1\r\n")

        async def closed() -> bool:
            try:
                slow.send(b"X-A: b\r\n")
            except ConnectionError:
                return True
            return await web.is_closed(slow)

        await eventually(closed, every=0.05)


async def test_after_an_answer_a_connection_waits_for_longer_and_is_used_again():
    async with served(request_s=QUICK_S / 3) as web:
        kept = web.connect(sent=ASK)
        await eventually(lambda: _said(kept), every=0.01)
        quiet_until = asyncio.get_running_loop().time() + QUICK_S
        await eventually(lambda: asyncio.get_running_loop().time() > quiet_until, every=0.01)
        assert not await web.is_closed(kept)
        kept.send(ASK)
        assert (await eventually(lambda: _said(kept), every=0.01)).startswith(b"HTTP/1.1 200")
        kept.send(ASK[:9])
        await eventually(lambda: web.is_closed(kept))
        assert web.dropped == ["slow"]


async def test_a_kept_connection_is_closed_when_it_has_been_quiet_for_as_long_as_is_set():
    async with served(keep_alive_s=QUICK_S) as web:
        kept = web.connect(sent=ASK)
        await eventually(lambda: _said(kept), every=0.01)
        await eventually(lambda: web.is_closed(kept))
        assert web.dropped == []


async def test_a_kept_connection_stays_open_while_it_goes_on_asking():
    async with served(keep_alive_s=QUICK_S) as web:
        kept, loop = web.connect(), asyncio.get_running_loop()
        begun, asked, answered = loop.time(), loop.time(), 0
        while asked < begun + 3 * QUICK_S:
            if loop.time() - asked > QUICK_S / 2:  # this process was kept waiting: closed rightly, it begins anew
                kept, begun, answered = web.connect(), loop.time(), 0
            asked = loop.time()
            kept.send(ASK)
            assert (await eventually(partial(_said, kept), every=0.01)).startswith(b"HTTP/1.1 200")
            answered += 1
        assert answered > 3
        await eventually(lambda: web.is_closed(kept))
        assert web.dropped == []


async def test_a_connection_that_its_client_closes_is_counted_no_more():
    async with served() as web:
        async with httpx.AsyncClient(trust_env=False) as http:
            for _ in range(3):
                assert (await http.get(web.url)).text == "127.0.0.1"
            assert web.connections.open == 1
        await eventually(lambda: web.connections.open == 0)
        assert web.dropped == []


async def test_a_body_that_does_not_come_is_told_and_its_connection_closed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("stamgast.web.auth.REQUEST_S", QUICK_S)
    async with served(request_s=QUICK_S) as web:
        reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
        writer.write(b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: 5\r\n\r\n{")
        said = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        assert said.startswith(b"HTTP/1.1 408")
        assert web.dropped == ["slow"]


async def test_answers_do_not_wait_for_the_acknowledgement_of_those_before():
    """Nagle's algorithm is off on every connection: with it a kept one hears its second answer 40 ms later."""

    class Looked(Connections):
        def admit(self, connection: Any) -> bool:
            wire = connection.transport.get_extra_info("socket")
            looked.append(wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            return super().admit(connection)

    looked: list[int] = []
    async with serving(app(), "127.0.0.1", 0, Looked()) as port, httpx.AsyncClient(trust_env=False) as http:
        await http.get(f"http://127.0.0.1:{port}")
    assert len(looked) == 1
    assert looked[0]


async def test_requests_of_one_address_and_of_all_are_bounded_and_what_people_write_is_not():
    free = asyncio.Event()

    async def wait(_request: Request) -> Response:
        await free.wait()
        return PlainTextResponse("done")

    routes = [Route("/", wait), Route("/inbound", wait, methods=["POST"])]
    how: dict[str, Any] = {"per_address": 3, "most": 5, "open_at_most": 50, "is_urgent": lambda url: url == b"/inbound"}
    async with served(Starlette(routes=routes), **how) as web:
        tills = [web.connect(f"127.0.0.{2 + number // 3}", ASK) for number in range(6)]
        await eventually(lambda: web.dropped == ["busy"])
        stop = ASK.replace(b"GET /", b"POST /inbound")
        stops = [web.connect("127.0.0.2", stop) for _ in range(20)]
        crowd = [web.connect("127.0.0.2", ASK), web.connect("127.0.0.9", ASK)]
        refused = [await eventually(partial(_said, each)) for each in [tills[-1], *crowd]]
        for said in refused:
            assert said.startswith(b"HTTP/1.1 503")
            assert b"retry-after" in said.lower()
        free.set()
        for each in [*tills[:-1], *stops]:
            assert (await eventually(partial(_said, each))).startswith(b"HTTP/1.1 200")
        assert await web.answers()  # and there is room again


async def test_there_are_no_more_connections_than_there_may_be():
    async with served(most=5, open_at_most=8) as web:
        for number in range(12):
            web.connect(f"127.0.0.{2 + number}")
        await eventually(lambda: web.dropped == ["busy"] * 4)
        assert web.connections.open == 8


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 400_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: aaaaaaaaaaaaaaaaaaaaaa\r\n" * 15_000,
        b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\nX-A: " + b"a" * 400_000,
        ASK * 100,
    ],
    ids=["one header", "many headers", "behind the body", "a hundred requests ahead"],
)
async def test_what_stands_beside_a_body_is_bounded(sent: bytes):
    async with served() as web:
        reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
        with suppress(ConnectionError):
            for at in range(0, len(sent), 20_000):
                writer.write(sent[at : at + 20_000])
                await writer.drain()
        with suppress(ConnectionError):
            said = await asyncio.wait_for(reader.read(), 60)
            assert b"HTTP/1.1 400" in said
        writer.close()
        await eventually(lambda: web.connections.open == 0)


async def test_a_body_may_come_in_small_pieces():
    async with served() as web, httpx.AsyncClient(trust_env=False) as http:

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(20_000):
                yield b"1" * 50

        headers = {"Content-Type": "application/json"}
        assert (await http.post(f"{web.url}/body", content=pieces(), headers=headers)).text == "1000000"


async def test_who_does_not_read_the_answer_is_closed():
    async with served(request_s=QUICK_S) as web:
        web.connect(sent=ASK.replace(b"GET /", b"GET /much"))
        await eventually(lambda: web.dropped == ["unread"])
        await eventually(lambda: web.connections.open == 0)


async def test_forwarded_headers_are_believed_from_named_proxies_alone():
    forwarded = {"X-Forwarded-For": "203.0.113.7"}
    for settings, seen in (({}, "127.0.0.1"), ({"web_proxies": "127.0.0.1, 10.0.0.0/24"}, "203.0.113.7")):
        async with served(app(**settings)) as web, httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(web.url, headers=forwarded)).text == seen


@pytest.mark.parametrize(
    "host", ["loyalty.example.com", "LOYALTY.example.com:8000", "shop.local", "10.0.0.7:8000", "[::1]:80"]
)
async def test_it_answers_under_its_own_names_and_addresses(host: str):
    given = app(public_url="https://loyalty.example.com", web_hosts="shop.local, till.local")
    async with served(given) as web, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(web.url, headers={"Host": host})
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "host", ["evil.example", "loyalty.example.com.evil.example", "127.0.0.1.evil.example", "", "["]
)
async def test_another_name_that_points_here_is_refused(host: str):
    async with served(app(public_url="https://loyalty.example.com")) as web, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(web.url, headers={"Host": host})
        assert answer.status_code in {400, 421}
        assert "127.0.0.1" not in answer.text


async def test_refusals_and_what_is_not_there_are_stored_nowhere_either():
    deps: Any = SimpleNamespace(metrics=WebMetrics(), limits=Limits())
    given = public(create_app(deps), Settings(_env_file=None))
    async with served(given) as web, httpx.AsyncClient(trust_env=False) as http:
        for path in ("/openapi.json", "/nothing", "/v1/merchants/a/customers/b"):
            assert (await http.get(web.url + path)).headers["cache-control"] == "no-store"


def test_an_address_is_an_ipv4_address_or_the_network_of_an_ipv6_one():
    assert address_of("203.0.113.7") == address_of("::ffff:203.0.113.7") == "203.0.113.7"
    assert address_of("2001:db8:1:2::7") == address_of("2001:db8:1:2:ffff::1") != address_of("2001:db8:1:3::7")


async def test_an_answer_is_there_whole_whatever_it_has_after_its_head():
    async def whole(_request: Any) -> Response:
        return Response(b"HTTP/1.1 \r\n\r\n")

    async def nothing(_request: Any) -> Response:
        return Response(status_code=204)

    async def in_pieces(_request: Any) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield b""
            yield b"HTTP/1.1 200\r\n\r\n"
            yield b"b"

        return StreamingResponse(pieces())

    routes = [Route("/whole", whole), Route("/nothing", nothing), Route("/pieces", in_pieces)]
    async with served(Starlette(routes=routes)) as web, httpx.AsyncClient(trust_env=False) as http:
        for close in ({}, {"Connection": "close"}):
            assert (await http.get(f"{web.url}/whole", headers=close)).content == b"HTTP/1.1 \r\n\r\n"
            assert (await http.get(f"{web.url}/nothing", headers=close)).status_code == 204
            assert (await http.head(f"{web.url}/whole", headers=close)).headers["content-length"] == "13"
            assert (await http.get(f"{web.url}/pieces", headers=close)).content == b"HTTP/1.1 200\r\n\r\nb"

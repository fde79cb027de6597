"""Purchases that are taken at once are answered, and stand on the log, as those that go the long way."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from random import Random
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from stamgast.web.app import create_app
from stamgast.web.limits import Limits
from stamgast.web.serve import deps_over, public, serving
from stamgast.web.short_way import at_once_of
from tests.integration.web.conftest import MERCHANT, Web
from tests.integration.web.shop import sale

CHANGING = (b"date", b"ratelimit", b"content-length")
"""Headers whose value is another one at each answer."""
NOW = re.compile(rb"20[0-2]\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|\"stamgastrecordedat\":\d+")
"""What a clock says in an answer or a record."""
PATH = f"/v1/merchants/{MERCHANT}/purchases"
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 10**13, 1.5, "", "x" * 201, "EUR", "XXX", "sale", "1\n", "é€😀", "\x00", [], {}, [{}],
    "2026-10-01T07:42:10Z", "2026-10-01T07:42:10.5Z", "1999-01-01T00:00:00Z", "2999-01-01T00:00:00Z",
    {"phone": "0612345678"}, {"phone": "020 123 45 67"}, {"phone": "0470123456"}, {"membership_number": "M1"},
    {"customer_id": "c" + "a" * 24}, {"sealed": "x"}, {"phone": "+31612345678", "membership_number": "M2"},
    {"retail_store_id": "korenmarkt"}, {"retail_store_id": "nowhere"}, "refunded", "voided",
)  # fmt: skip
HEADERS: tuple[tuple[str, str], ...] = (
    ("Content-Type", "text/plain"), ("Content-Type", "application/json; charset=utf-8"), ("Accept", "text/html"),
    ("Content-Type", "application/cloudevents+json"), ("Authorization", "Bearer x"), ("Host", "example.org"),
    ("Authorization", "Basic x"), ("Authorization", "Bearer é"), ("Idempotency-Key", "a key"),
    ("Idempotency-Key", "same"), ("Content-Encoding", "gzip"), ("Content-Encoding", "identity"), ("Expect", "100-continue"),
)  # fmt: skip


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
async def both_ways(web: Web, settings: Any, limits: Limits | None = None) -> AsyncIterator[tuple[Client, Client, Any]]:
    """A client of each way, and how often the short one was taken."""
    app = public(create_app(deps_over(web.parts, limits=limits)), settings)
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


def request(body: bytes, key: str, *more: tuple[str, str], path: str = PATH) -> bytes:
    told = {"Host": "localhost", "Content-Type": "application/json", "Authorization": f"Bearer {key}"} | dict(more)
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body


def changed(random: Random, number: int) -> bytes:
    """What a till may send: a sale, or several, with anything in up to two places."""
    document: Any = deepcopy(sale(f"s{number}", customer={"phone": f"+316120000{random.randrange(20):02}"}))
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        place = document
        key = random.choice(sorted(place))
        while isinstance(place[key], dict | list) and place[key] and random.random() < 0.6:
            place = place[key]
            key = random.choice(sorted(place) if isinstance(place, dict) else range(len(place)))
        place[key] = random.choice(VALUES)
    if random.random() < 0.2:
        document = [document, sale(f"b{number}"), *random.choice(([], [sale("t", status="payed")], ["text"]))]
    raw = json.dumps(document, ensure_ascii=random.random() < 0.5).encode()
    return random.choice((raw,) * 30 + (raw[:-1], raw + b"x", b"", b"[]", b"\xef\xbb\xbf" + raw, raw + b" " * 30_000))


async def test_whatever_is_sent_both_ways_answer_the_same_and_write_the_same(web: Web, web_settings):
    random = Random(17)
    async with both_ways(web, web_settings) as (short, long, taken):
        for number in range(300):
            more = [random.choice(HEADERS)] if random.random() < 0.15 else []
            path = random.choice((PATH,) * 20 + (PATH.replace("noord", "zuid"), f"{PATH}/", PATH + "?x=1"))
            raw = request(changed(random, number), web.key, *more, path=path)
            assert await short.ask(raw) == await long.ask(raw), raw
    assert 80 < sum(taken) < len(taken) - 80
    written: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for key, value in await web.records(web.topics.purchases):
        written[key].append(NOW.sub(b"", value or b""))
    assert len(written) > 100
    for key, records in written.items():
        assert records[::2] == records[1::2], key


async def test_a_key_that_asks_too_often_is_told_so_either_way(web: Web, web_settings):
    limits = Limits(per_key=0.001, per_key_burst=2)
    async with both_ways(web, web_settings, limits) as (short, _, taken):
        told = [await short.ask(request(json.dumps(sale(f"r{number}")).encode(), web.key)) for number in range(3)]
    assert [each.status[9:12] for each in told] == [b"202", b"202", b"429"]
    assert taken == [True, True, False]
    assert all(any(name == b"ratelimit" for name, _ in each.headers) for each in told)


async def test_a_view_that_is_not_read_yet_is_answered_the_same(web: Web, web_settings):
    async with both_ways(web, web_settings) as (short, long, taken):
        web.parts.identities.close()
        raw = request(json.dumps(sale("away")).encode(), web.key)
        one, other = await short.ask(raw), await long.ask(raw)
        assert one == other
        assert (one.status[9:12], taken) == (b"503", [True])
        assert any(name == b"retry-after" for name, _ in one.headers)

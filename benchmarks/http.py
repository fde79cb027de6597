"""How fast are purchases taken in over HTTP, beside a bare server that parses the body and awaits the same append?

One web process answers both, each on a port of its own: the bare one is Starlette with one route on the same uvicorn.
Requests come from another process over 1, 16 and 64 kept connections, of a client that is nothing but sockets. Every
second sale is of one of a thousand known customers by phone. The key's rate is raised: it is not what is measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.bakery import MERCHANT
from benchmarks.figures import Figure, middle, table, tell
from benchmarks.latency import open_shop, settings_of
from benchmarks.meter import cpu_seconds
from benchmarks.scene import ROOT, Scene, all_topics
from benchmarks.webhooks import framed
from stamgast.api_keys.admin import Keyring
from stamgast.bootstrap import WebParts, web_parts
from stamgast.broker import kafka_of
from stamgast.lifecycle.garbage import collect_rarely
from stamgast.settings import Settings
from stamgast.web.app import create_app
from stamgast.web.limits import Limits
from stamgast.web.serve import deps_over, serving

LEAST_RATE, MOST_P99, MOST_P50 = 0.5, 2.0, 1.5
"""Of the bare server's."""
_CONNECTIONS: Final = (1, 16, 64)
_OURS, _BARE = "purchase", "bare server"


class _Told(NamedTuple):
    """What one run over so many connections came to."""

    rate: float
    p50: float
    p99: float
    cpu: float
    """Milliseconds, and microseconds of web's CPU a request."""


def run(scene: Scene) -> None:
    """Measure both in turn, at each number of connections."""
    rounds, sizes = scene.sized(5, 1), {each: scene.sized(300 if each == 1 else 2_000, 100) for each in _CONNECTIONS}
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
    with all_topics(scene) as topics, TemporaryDirectory() as folder:
        settings = settings_of(scene, topics.prefix, Path(folder))
        asyncio.run(open_shop(scene, settings, busy=False))
        found = asyncio.run(_measure(settings, Path(folder), sizes, rounds))
    rows, ratios = [], {}
    for connections in _CONNECTIONS:
        ours, bare = found[_OURS, connections], found[_BARE, connections]
        for name, told in ((_OURS, ours), (_BARE, bare)):
            rows.append((f"{name}, {connections}", *(middle(list(each)) for each in zip(*told, strict=True))))
        ratios[connections] = _Told(*(
            middle([our[place] / its[place] for our, its in zip(ours, bare, strict=True)])
            for place in range(len(_Told._fields))
        ))  # fmt: skip
    heads = ("what, over how many connections", "a second", "p50 ms", "p99 ms", "CPU us of web")
    table("Purchases over HTTP, beside a bare server that appends", heads, rows)
    tell([
        Figure("http_rate_c16", ratios[16].rate, "of the bare server's rate", "at least", LEAST_RATE),
        Figure("http_rate_c64", ratios[64].rate, "of the bare server's rate", "at least", LEAST_RATE),
        Figure("http_p99_c16", ratios[16].p99, "times the bare server's", "at most", MOST_P99),
        Figure("http_p99_c64", ratios[64].p99, "times the bare server's", "at most", MOST_P99),
        Figure("http_keepalive_p50", ratios[1].p50, "times the bare server's", "at most", MOST_P50),
        Figure("http_cpu_c64", ratios[64].cpu, "times the bare server's"),
    ])  # fmt: skip


async def _measure(
    settings: dict[str, Any], folder: Path, sizes: dict[int, int], rounds: int
) -> dict[tuple[str, int], list[_Told]]:
    """Of each way, number of connections and round."""
    found: dict[tuple[str, int], list[_Told]] = defaultdict(list)
    given = Settings(_env_file=None, **settings)
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(web_parts(given))
        unlimited = Limits(per_key=1e9, per_key_burst=1e9)
        ports = {
            _OURS: await stack.enter_async_context(
                serving(create_app(deps_over(parts, limits=unlimited)), "127.0.0.1", 0)
            ),
            _BARE: await stack.enter_async_context(serving(_bare(parts), "127.0.0.1", 0)),
        }
        keyring = Keyring(kafka_of(given), parts.topics.api_keys)
        key = (await keyring.create(MERCHANT, ("intake",), parts.clock.now())).text
        while not (parts.identities.loaded and parts.merchants.loaded and parts.api_keys.find(key)):
            await asyncio.sleep(0.05)
        collect_rarely()  # as web does
        number = 0
        for round_ in range(rounds + 1):  # the first one warms up
            for connections, size in sizes.items():
                for name, port in ports.items():
                    requests = [_request(number + each, key) for each in range(size)]
                    number += size
                    told = await _posted(port, requests, connections, folder / "requests")
                    if round_:
                        found[name, connections].append(told)
    return found


def _bare(parts: WebParts) -> Starlette:
    async def take(request: Request) -> Response:
        body = await request.body()
        key = f"{MERCHANT}:{json.loads(body)['transaction_id']}"
        await parts.appender.append(parts.topics.purchases, [(key.encode(), body)])
        return Response(status_code=202)

    return Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])


async def _posted(port: int, requests: Sequence[bytes], connections: int, file: Path) -> _Told:
    await asyncio.to_thread(file.write_bytes, framed(requests))
    command = [sys.executable, "-m", "benchmarks.posting", str(port), str(file), str(connections)]
    began = cpu_seconds()
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    cpu, told = cpu_seconds() - began, json.loads(out)
    if told["good"] != len(requests):
        raise RuntimeError(f"{len(requests) - told['good']} of {len(requests)} were not answered with 2xx")
    count = len(requests)
    return _Told(count / told["seconds"], told["p50_ms"], told["p99_ms"], cpu / count * 1e6)


def _request(number: int, key: str) -> bytes:
    """A sale of three lines."""
    lines = [
        {"line_id": str(place), "sku": f"SKU{place}", "category": "bread", "quantity": "1", "gross_minor": price}
        for place, price in enumerate((320, 240, 680), 1)
    ]
    sale = {
        "transaction_id": f"http-{number}", "source_version": 1, "status": "completed",
        "end_date_time": "2026-10-01T07:58:00Z", "store": {"retail_store_id": "dok"}, "price_currency": "EUR",
        "totals": {"gross_minor": 1_240, "tax_minor": 57}, "line_items": lines,
    }  # fmt: skip
    if number % 2:
        sale["customer"] = {"phone": f"+3247{number % 1_000:07d}"}
    body = json.dumps(sale).encode()
    head = (
        f"POST /v1/merchants/{MERCHANT}/purchases HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body

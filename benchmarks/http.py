"""How fast is what comes over HTTP answered, beside a bare server that parses the body and awaits the same append?

One web process answers both, each on a port of its own: the bare one is `benchmarks.bare`. Requests come from another
process over 1, 16 and 64 kept connections, of a client that is nothing but sockets. Every second sale is of one of a
thousand known customers by phone. Then every other kind of request over 16 connections, those that a worker has to
answer beside one. The key's rate is raised: it is not what is measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import redis

from benchmarks.bakery import MERCHANT
from benchmarks.bare import bare_server
from benchmarks.figures import Figure, middle, table, tell
from benchmarks.http_cases import FILES, NEW, REDEEMED, TWILIO, Case, Cases, request, sale, vouchers
from benchmarks.latency import open_shop, settings_of, until_ready, worker_of
from benchmarks.meter import cpu_seconds
from benchmarks.scene import ROOT, Scene, all_topics
from benchmarks.webhooks import framed
from stamgast.api_keys.admin import Keyring
from stamgast.bootstrap import web_parts
from stamgast.broker import kafka_of
from stamgast.lifecycle.garbage import collect_rarely
from stamgast.settings import Settings
from stamgast.web.app import create_app
from stamgast.web.limits import Limits
from stamgast.web.serve import deps_over, serving

LEAST_RATE, MOST_P99, MOST_P50 = 0.5, 2.0, 1.5
"""Of the bare server's."""
LEAST_ENROLLED, MOST_ENROLLING_MS = 600, 60.0
_CONNECTIONS: Final = (1, 16, 64)
_OURS, _BARE = "purchase", "bare server"


class _Told(NamedTuple):
    """What one run over so many connections came to."""

    rate: float
    p50: float
    p99: float
    cpu: float
    """Milliseconds, and microseconds of web's CPU a request."""


_Found = dict[tuple[str, int], list[_Told]]
"""By name and number of connections: what each round came to."""


def run(scene: Scene) -> None:
    """Measure purchases and the bare server in turn, at each number of connections, and then everything else."""
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
    with all_topics(scene) as topics, TemporaryDirectory() as folder:
        settings = settings_of(scene, topics.prefix, Path(folder))
        people = asyncio.run(open_shop(scene, settings, busy=False, files=FILES))
        found = asyncio.run(_measure(scene, settings, Path(folder), people))
    rows, ratios = [], {}
    for connections in _CONNECTIONS:
        ours, bare = found[_OURS, connections], found[_BARE, connections]
        ratios[connections] = _Told(*(
            middle([our[place] / its[place] for our, its in zip(ours, bare, strict=True)])
            for place in range(len(_Told._fields))
        ))  # fmt: skip
    of_bare = _middle(found[_BARE, 16]).rate
    for (name, connections), told in found.items():
        share = middle([each.rate for each in told]) / of_bare if connections == 16 else ""
        rows.append((f"{name}, {connections}", *_middle(told), share))
    heads = ("what, over how many connections", "a second", "p50 ms", "p99 ms", "CPU us of web", "of bare")
    table("Over HTTP, beside a bare server that appends", heads, rows)
    enrolled = _middle(found[NEW, 16])
    tell([
        Figure("http_rate_c16", ratios[16].rate, "of the bare server's rate", "at least", LEAST_RATE),
        Figure("http_rate_c64", ratios[64].rate, "of the bare server's rate", "at least", LEAST_RATE),
        Figure("http_p99_c16", ratios[16].p99, "times the bare server's", "at most", MOST_P99),
        Figure("http_p99_c64", ratios[64].p99, "times the bare server's", "at most", MOST_P99),
        Figure("http_keepalive_p50", ratios[1].p50, "times the bare server's", "at most", MOST_P50),
        Figure("http_cpu_c64", ratios[64].cpu, "times the bare server's"),
        Figure("http_enrol_rate", enrolled.rate, "new customers a second", "at least", LEAST_ENROLLED),
        Figure("http_enrol_core", 1e6 / enrolled.cpu, "new customers a CPU second", "at least", LEAST_ENROLLED),
        Figure("http_enrol_p99", enrolled.p99, "ms", "at most", MOST_ENROLLING_MS),
    ])  # fmt: skip


def _middle(told: Sequence[_Told]) -> _Told:
    return _Told(*(middle(list(each)) for each in zip(*told, strict=True)))


async def _measure(scene: Scene, settings: dict[str, Any], folder: Path, people: list[str]) -> _Found:
    found: _Found = defaultdict(list)
    rounds = scene.sized(5, 1)
    sizes = {each: scene.sized(300 if each == 1 else 2_000, 100) for each in _CONNECTIONS}
    given = Settings(_env_file=None, **(settings | TWILIO))
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(web_parts(given))
        app = create_app(deps_over(parts, limits=Limits(per_key=1e9, per_key_burst=1e9)))
        ours = await stack.enter_async_context(serving(app, "127.0.0.1", 0))
        ports = {_OURS: ours, _BARE: await stack.enter_async_context(bare_server(parts))}
        keyring = Keyring(kafka_of(given), parts.topics.api_keys)
        key = (await keyring.create(MERCHANT, ("intake", "read", "till"), parts.clock.now())).text
        while not (parts.identities.loaded and parts.merchants.loaded and parts.api_keys.find(key)):
            await asyncio.sleep(0.05)
        collect_rarely()  # as web does
        numbers = count()
        for round_ in range(rounds + 1):  # the first one warms up
            for connections, size in sizes.items():
                for name, port in ports.items():
                    requests = [_purchase(next(numbers), key) for _ in range(size)]
                    told = await _posted(port, requests, connections, folder / "requests")
                    if round_:
                        found[name, connections].append(told)
        all_cases = Cases(people, key, scene.sized)
        await _measure_cases(all_cases.of_web_alone(), ours, rounds, folder, found)
        worker = stack.enter_context(worker_of(settings, folder / "notes"))
        await until_ready(settings, worker)
        buyers = people[: (rounds + 1) * scene.sized(REDEEMED, 20)]
        codes = await vouchers(ours, buyers, key)
        await _measure_cases(all_cases.of_owners(iter(codes)), ours, rounds, folder, found)
    return found


async def _measure_cases(cases: Sequence[Case], port: int, rounds: int, folder: Path, found: _Found) -> None:
    for round_ in range(rounds + 1):
        for case in cases:
            requests = _made(case.make, case.size)
            told = await _posted(port, requests, min(16, case.size), folder / "requests")
            if round_:
                found[case.name, 16].append(told._replace(rate=told.rate * case.of, cpu=told.cpu / case.of))


def _made(make: Callable[[], bytes], size: int) -> list[bytes]:
    return [make() for _ in range(size)]


async def _posted(port: int, requests: Sequence[bytes], connections: int, file: Path) -> _Told:
    await asyncio.to_thread(file.write_bytes, framed(requests))
    command = [sys.executable, "-m", "benchmarks.posting", str(port), str(file), str(connections)]
    began = cpu_seconds()
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    cpu, told = cpu_seconds() - began, json.loads(out)
    if told["good"] != len(requests):
        raise RuntimeError(f"{len(requests) - told['good']} of {len(requests)} were not answered with 2xx")
    size = len(requests)
    return _Told(size / told["seconds"], told["p50_ms"], told["p99_ms"], cpu / size * 1e6)


def _purchase(number: int, key: str) -> bytes:
    phone = f"+3247{number % 1_000:07d}" if number % 2 else ""
    body = json.dumps(sale(f"http-{number}", phone)).encode()
    return request("POST", f"/v1/merchants/{MERCHANT}/purchases", body, key, {})

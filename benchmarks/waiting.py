"""What does a worker notice of messages that wait: ten, a thousand, a million of them in one partition?

A worker with nothing in its outbox, then with more and more of it, then with thousands in doubt whose look-ups are all
overdue. It takes its partitions while purchases come in; its carrier answers after 100 ms. What waits is written into
Redis as a commit writes it, for deciding a million messages takes longer than all of this.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import redis

from benchmarks.bakery import MERCHANT
from benchmarks.figures import Figure, quantile, table, tell
from benchmarks.latency import Notes, open_shop, sales_of, settings_of, until_ready, with_category, worker_of
from benchmarks.open_loop import Timed, feed
from benchmarks.scene import PARTITIONS, Scene, all_topics, values_of
from stamgast.clock.shop_time import parse_time
from stamgast.domain.activation import Submission
from stamgast.domain.events import encode_event, key_of
from stamgast.domain.units import DAY
from stamgast.log.partitioning import partition_for
from stamgast.programs.record import decode_bundle
from stamgast.state.doubts import Doubt, Doubts
from stamgast.state.keys import customers
from stamgast.state.nodes import Redis
from stamgast.state.outbox import encode_submission
from stamgast.state.partitions import Lease

_RATE = 200
_WARM_UP_S = 2
_PIECE = 5_000
_LATER_S, _FIRST_S, _MORE_MB, _SLOWER = 1.0, 1.0, 64.0, 2.0
"""At most so much later than with none waiting; the first message then; more memory; purchases' time to the commit."""
_BURDENED = (customers(0).outbox, customers(0).sending, customers(0).attempts, customers(0).doubt, customers(0).looks)


@dataclass(frozen=True)
class Burden:
    """What a partition holds before it is taken."""

    waiting: int
    in_doubt: int = 0


@dataclass(frozen=True)
class Seen:
    """What came of it."""

    taken_s: float
    """From the taking to the partition's first commit."""
    first_s: float
    """From there to the first message."""
    peak_mb: float
    p50_ms: float
    p99_ms: float
    stood_still_ms: float
    redis_ms: float
    """The longest command."""
    sent: int


def run(scene: Scene) -> None:
    """Measure with each burden in turn."""
    most, doubts = scene.sized(1_000_000, 300), scene.sized(5_000, 20)
    sizes = (0, 10, *(size for size in (1_000, 100_000) if size < most), most)
    burdens = [Burden(size) for size in sizes] + [Burden(most, doubts)]
    seen = asyncio.run(_measure_all(scene, burdens))
    rows = [
        (f"{b.waiting:,} waiting, {b.in_doubt:,} in doubt".replace(",", " "), *vars(s).values())
        for b, s in zip(burdens, seen, strict=True)
    ]
    heads = ("in one partition", "first commit s", "first message s", "peak MB", "p50 ms", "p99 ms")
    table(f"Waiting, {_RATE} purchases a second", (*heads, "loop still ms", "Redis' longest ms", "sent"), rows)
    none, _, *_, many, doubtful = seen
    tell([*_figures("waiting", many, none), *_figures("waiting_and_doubts", doubtful, none)])


def _figures(name: str, many: Seen, none: Seen) -> list[Figure]:
    limit = "target, at most"
    return [
        Figure(f"{name}_takeover", many.taken_s - none.taken_s, "s more than with none", limit, _LATER_S),
        Figure(f"{name}_first", many.first_s, "s from there to the first message", limit, _FIRST_S),
        Figure(f"{name}_peak", many.peak_mb - none.peak_mb, "MB more than with none", limit, _MORE_MB),
        Figure(f"{name}_purchases_p50", many.p50_ms / none.p50_ms, "times as with none", limit, _SLOWER),
        Figure(f"{name}_loop_stood_still", many.stood_still_ms, "ms at most"),
    ]


async def _measure_all(scene: Scene, burdens: list[Burden]) -> list[Seen]:
    with redis.Redis.from_url(scene.redis.url) as client, contextlib.ExitStack() as stack:
        client.flushall()
        client.config_set("slowlog-log-slower-than", 1_000)
        topics = stack.enter_context(all_topics(scene))
        folder = Path(stack.enter_context(TemporaryDirectory()))
        settings = settings_of(scene, topics.prefix, folder)
        people = await open_shop(scene, settings, busy=False)
        bundle = decode_bundle((await asyncio.to_thread(values_of, scene, topics.programs, 1))[0]).hash
        await _measure(scene, settings, topics.customer_events, people, folder / "first")  # which applies what is there
        seen = []
        for number, burden in enumerate(burdens):
            mine = [each for each in people if partition_for(key_of(MERCHANT, each), PARTITIONS) == 0]
            await _burden(client, scene.redis.url, burden, [_message(each, bundle) for each in mine])
            client.slowlog_reset()
            seen.append(await _measure(scene, settings, topics.customer_events, people, folder / str(number)))
            longest = max((each["duration"] for each in client.slowlog_get(128)), default=0) / 1_000
            seen[-1] = Seen(**vars(seen[-1]) | {"redis_ms": longest})
        return seen


def _message(customer: str, bundle: str) -> Submission:
    at = parse_time("2026-10-01T08:00:00Z")
    return Submission(
        activation="", merchant=MERCHANT, customer=customer, rule="hello", template="hello", purpose="utility",
        channel="sms", language="nl", decided_at=at, expires_at=at + 7 * DAY,
        data={"visits": 3, "stamps": {"bread": 2, "spend": 1}, "stage": "active"}, bundle=bundle,
    )  # fmt: skip


def _named(messages: list[Submission], count: int) -> Iterator[Submission]:
    for number in range(count):
        yield msgspec.structs.replace(messages[number % len(messages)], activation=uuid.uuid4().hex)


async def _burden(client: Any, url: str, burden: Burden, messages: list[Submission]) -> None:
    """Let a partition hold this and nothing else."""
    keys = customers(0)
    lane = keys.lane(MERCHANT, "sms")
    client.unlink(lane, keys.lanes, *_BURDENED)
    for start in range(0, burden.waiting, _PIECE):
        some = list(_named(messages, min(_PIECE, burden.waiting - start)))
        client.hset(keys.outbox, mapping={each.activation: encode_submission(each) for each in some})
        client.zadd(lane, {each.activation: start + place for place, each in enumerate(some)})
        client.sadd(keys.lanes, f"{MERCHANT}:sms")
    state = Redis(url)
    doubts = Doubts(await Lease.take(state, keys, {}))
    for each in _named(messages, burden.in_doubt):
        await doubts.put(Doubt(each, uuid.uuid4().hex, each.decided_at), 0.0)
    state.close()


async def _measure(scene: Scene, settings: dict[str, Any], topic: str, people: list[str], file: Path) -> Seen:
    seconds = scene.sized(15, 3)
    with worker_of(settings, file, "benchmarks.waiting_worker") as worker:
        notes = Notes(file, topic)
        ready = asyncio.Event()
        beginning = asyncio.create_task(_feed_until(ready, scene, topic, people))
        await until_ready(settings, worker)
        ready.set()
        await beginning
        records = _events(topic, people, _RATE * (_WARM_UP_S + seconds))
        fed = await feed(
            scene.kafka.bootstrap, records, PARTITIONS, rate=_RATE, warm_up=_WARM_UP_S, watched=worker.pid
        )  # fmt: skip
        await notes.until_complete(fed.due.keys())
        peak = _peak_mb(worker.pid)
        worker.send_signal(signal.SIGTERM)
        await asyncio.to_thread(worker.wait, 40)
    if missing := fed.due.keys() - notes.seen.keys():
        raise RuntimeError(f"{len(missing)} of {len(fed.due)} purchases were never committed")
    waits = sorted(notes.seen[each] - when for each, when in fed.due.items())
    return _read(file, topic, waits, peak)


async def _feed_until(ready: asyncio.Event, scene: Scene, topic: str, people: list[str]) -> None:
    """Purchases from before the worker is there until it has caught up."""
    while not ready.is_set():
        some = _events(topic, people, _RATE)
        await feed(scene.kafka.bootstrap, some, PARTITIONS, rate=_RATE, warm_up=0, watched=os.getpid())


def _read(file: Path, topic: str, waits: list[float], peak: float) -> Seen:
    lines = [line.split() for line in file.read_text().splitlines()]
    begun = next(float(words[3]) for words in lines if words[:3] == ["B", topic, "0"])
    first = next(float(words[4]) for words in lines if words[:3] == ["C", topic, "0"])
    sent = [float(words[2]) for words in lines if words[0] == "S"]
    return Seen(
        taken_s=first - begun,
        first_s=max(0.0, min(sent) - first) if sent else 0.0,
        peak_mb=peak,
        p50_ms=quantile(waits, 0.5) * 1_000,
        p99_ms=quantile(waits, 0.99) * 1_000,
        stood_still_ms=max(float(words[1]) for words in lines if words[0] == "L") * 1_000,
        redis_ms=0.0,
        sent=len(sent),
    )


def _events(topic: str, people: list[str], count: int) -> list[Timed]:
    """So many purchases that no rule speaks to."""
    sold, now = sales_of(count), time.time_ns() // 1_000_000
    made = []
    for number in range(count):
        customer, at = people[number * 7919 % len(people)], now + number * 1_000 // _RATE
        event = with_category(sold[number % len(sold)], "drinks", at)
        event = msgspec.structs.replace(event, customer=customer, transaction=f"w:{uuid.uuid4().hex}")
        made.append(Timed(None, topic, key_of(MERCHANT, customer), encode_event(event)))
    return made


def _peak_mb(pid: int) -> float:
    with Path(f"/proc/{pid}/status").open() as file:
        line = next(line for line in file if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024

"""A schedule walks a million customers of one merchant: what CPU does that take, and what do other merchants notice?

The customers' states and timers are written into Redis as a commit writes them, for enrolling a million takes longer
than all of this. One in twenty matches. Purchases of another merchant come in before the occasion and during the walk.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
import redis

from benchmarks.bakery import MERCHANT
from benchmarks.figures import Figure, quantile, table, tell
from benchmarks.latency import Notes, open_shop, sales_of, settings_of, until_ready, with_category, worker_of
from benchmarks.meter import cpu_seconds_of
from benchmarks.open_loop import Timed, feed
from benchmarks.scene import PARTITIONS, Scene, all_topics, fill
from stamgast.clock.shop_time import parse_time
from stamgast.domain.customer import Customer, encode_customer
from stamgast.domain.events import encode_event, key_of
from stamgast.domain.units import MINUTE
from stamgast.log.partitioning import partition_for
from stamgast.programs.record import BundleRecord, bundle_hash, encode_bundle
from stamgast.state.keys import IDLE, customers
from stamgast.state.partition_meta import SCHEDULES
from stamgast.state.schedule_marks import ScheduleMark

BIG: Final = "groot"
BEGIN: Final = parse_time("2026-10-01T08:00:00Z")
_RATE, _WARM_UP_S, _PIECE = 200, 2, 5_000
_CALM_S = 15.0
"""So long before the walk it is seen what purchases alone take."""
_MATCHING = 20
"""One in so many."""
_CPU_S, _SLOWER = 60.0, 2.0
"""At most so many seconds of CPU for a million; purchases' time to the commit at most so many times as without."""
_PROGRAM = """\
merchant: groot
name: De Grote
currency: EUR
region: NL
time_zone: Europe/Amsterdam
languages: [nl]
stores: {hoek: {}}
"""
_RULE = """\
rule: call
status: live
earned: true
when: {on: "2026-10-01 %s"}
if: [{visits: {at_least: 20}}]
then: [{tag: called}]
"""


@dataclass(frozen=True)
class Seen:
    """What came of it."""

    cpu_s: float
    """Of the worker during the walk, without what it takes for the purchases alone."""
    walk_s: float
    matched: int
    looked: int
    p50_before_ms: float
    p50_ms: float
    p99_before_ms: float
    p99_ms: float


def run(scene: Scene) -> None:
    """Measure one walk."""
    count = scene.sized(1_000_000, 2_000)
    seen = asyncio.run(_measure(scene, count))
    if (seen.looked, seen.matched) != (count, count // _MATCHING):
        raise RuntimeError(f"{seen.looked} were looked at and {seen.matched} matched")
    heads = ("customers", "CPU s", "seconds", "matched", "p50 ms before", "p50 ms", "p99 ms before", "p99 ms")
    row = (count, seen.cpu_s, seen.walk_s, seen.matched)
    times = (seen.p50_before_ms, seen.p50_ms, seen.p99_before_ms, seen.p99_ms)
    table(f"A schedule, {_RATE} purchases a second of another merchant", heads, [(*row, *times)])
    tell([
        Figure("schedule_cpu", seen.cpu_s * 1_000_000 / count, "CPU s a million", "target, at most", _CPU_S),
        Figure("schedule_others_p50", seen.p50_ms / seen.p50_before_ms, "times as before", "target, at most", _SLOWER),
        Figure("schedule_others_p99", seen.p99_ms / seen.p99_before_ms, "times as before"),
    ])  # fmt: skip


async def _measure(scene: Scene, count: int) -> Seen:
    with redis.Redis.from_url(scene.redis.url) as client, contextlib.ExitStack() as stack:
        client.flushall()
        topics = stack.enter_context(all_topics(scene))
        folder = Path(stack.enter_context(TemporaryDirectory()))
        settings = settings_of(scene, topics.prefix, folder)
        people = await open_shop(scene, settings, busy=False)
        notes = Notes(folder / "notes", topics.customer_events)
        started = time.time()  # the shop's clock begins with its worker
        worker = stack.enter_context(worker_of(settings, notes.path))
        await until_ready(settings, worker)
        await asyncio.to_thread(_people, client, count)  # a partition with people and no meta would be filled anew
        occasion = await asyncio.to_thread(_publish, scene, topics, started)
        seconds = scene.sized(occasion + 90, occasion + 20)
        records = _sales(topics.customer_events, people, _RATE * (_WARM_UP_S + seconds))
        watching = asyncio.create_task(_watch(client, worker.pid))
        fed = await feed(
            scene.kafka.bootstrap, records, PARTITIONS, rate=_RATE, warm_up=_WARM_UP_S, watched=worker.pid
        )  # fmt: skip
        walk = await watching
        await notes.until_complete(fed.due.keys())
        worker.send_signal(signal.SIGTERM)
        await asyncio.to_thread(worker.wait, 40)
        if missing := fed.due.keys() - notes.seen.keys():
            raise RuntimeError(f"{len(missing)} of {len(fed.due)} purchases were never committed")
    before = sorted(notes.seen[each] - when for each, when in fed.due.items() if 0 < walk.begun - when < _CALM_S)
    during = sorted(notes.seen[each] - when for each, when in fed.due.items() if walk.begun <= when < walk.ended)
    return Seen(
        walk.cpu_s, walk.ended - walk.begun, walk.matched, walk.looked,
        *(1_000 * quantile(waits, share) for share in (0.5, 0.99) for waits in (before, during)),
    )  # fmt: skip


def _people(client: Any, count: int) -> None:
    """Customers as commits leave them, of whom some match."""
    state = Customer(purchases=12, spend=12_345, profit=6_000, first_day=20_000, last_day=20_700, recorded_at=BEGIN)
    values = [encode_customer(msgspec.structs.replace(state, visits=1 + number)) for number in range(_MATCHING)]
    for start in range(0, count, _PIECE):
        with client.pipeline(transaction=False) as pipe:
            for number in range(start, min(start + _PIECE, count)):
                name = f"c{number:024d}"
                keys = customers(partition_for(key_of(BIG, name), PARTITIONS))
                pipe.set(keys.customer(BIG, name), values[number % _MATCHING])
                pipe.zadd(keys.timers, {f"{BIG}:{name}": IDLE})
            pipe.execute()


def _publish(scene: Scene, topics: Any, started: float) -> int:
    """Bring a schedule into force whose occasion comes soon; return in how many seconds."""
    now = BEGIN + int((time.time() - started) * 1_000)
    occasion = (now // MINUTE + 1 + scene.sized(3, 0)) * MINUTE  # a new bundle's review of all timers is over then
    if occasion - now < 15_000:
        occasion += MINUTE
    local = occasion + 120 * MINUTE  # summer time
    files = {"program.yaml": _PROGRAM, "rules/call.yaml": _RULE % time.strftime("%H:%M", time.gmtime(local / 1_000))}
    record = BundleRecord(merchant=BIG, hash=bundle_hash(files, {}), files=files)
    fill(scene, topics.programs, [(BIG.encode(), encode_bundle(record))], partitions=1)
    return (occasion - now) // 1_000


@dataclass
class _Walked:
    """When the walk began and ended, and what it took."""

    begun: float
    ended: float
    cpu_s: float
    looked: int
    matched: int


async def _watch(client: Any, pid: int) -> _Walked:
    """See from the partitions' meta when all of them have walked."""
    calm = deque([(time.time(), cpu_seconds_of(pid))])
    begun = began_cpu = 0.0
    while True:
        await asyncio.sleep(0.1)
        if not begun:
            calm.append((time.time(), cpu_seconds_of(pid)))
            while calm[-1][0] - calm[0][0] > _CALM_S:
                calm.popleft()
        marks = [mark for n in range(PARTITIONS) for mark in await asyncio.to_thread(_marks, client, n)]
        walking = any(mark.due or mark.how == "walked" for mark in marks)
        if walking and not begun:
            begun, began_cpu = time.time(), cpu_seconds_of(pid)
        if begun and len(marks) == PARTITIONS and all(mark.how == "walked" for mark in marks):
            ended, ended_cpu = time.time(), cpu_seconds_of(pid)
            share = (calm[-1][1] - calm[0][1]) / (calm[-1][0] - calm[0][0])
            took = ended_cpu - began_cpu - share * (ended - begun)
            looked, matched = sum(mark.looked for mark in marks), sum(mark.matched for mark in marks)
            return _Walked(begun, ended, took, looked, matched)


def _marks(client: Any, partition: int) -> Iterator[ScheduleMark]:
    meta = {name.decode(): value.decode() for name, value in client.hgetall(customers(partition).meta).items()}
    return iter(SCHEDULES.of(meta).values())


def _sales(topic: str, people: list[str], count: int) -> list[Timed]:
    """So many purchases that no rule speaks to."""
    sold, made = sales_of(count), []
    for number in range(count):
        customer = people[number * 7919 % len(people)]
        event = with_category(sold[number % len(sold)], "drinks", BEGIN + number * 1_000 // _RATE)
        event = msgspec.structs.replace(event, customer=customer, transaction=f"w:{uuid.uuid4().hex}")
        made.append(Timed(None, topic, key_of(MERCHANT, customer), encode_event(event)))
    return made

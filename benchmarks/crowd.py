"""A million customers of one merchant beside the customers of another, and a worker that owns them all.

The million's states are written into Redis as commits leave them: enrolling them takes longer than what is measured.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
import redis

from benchmarks.bakery import MERCHANT
from benchmarks.figures import quantile
from benchmarks.latency import Notes, open_shop, sales_of, settings_of, until_ready, with_category, worker_of
from benchmarks.meter import cpu_seconds_of
from benchmarks.open_loop import Timed, feed
from benchmarks.scene import PARTITIONS, Scene, all_topics, fill
from stamgast.clock.shop_time import parse_time
from stamgast.domain.customer import Customer, encode_customer
from stamgast.domain.events import Reviewed, encode_event, key_of
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Stage
from stamgast.log.partitioning import partition_for
from stamgast.programs.record import BundleRecord, bundle_hash, encode_bundle
from stamgast.state.keys import customers
from stamgast.state.partition_meta import REVIEWED
from stamgast.state.roll import entry_of

BIG: Final = "groot"
BEGIN: Final = parse_time("2026-10-01T08:00:00Z")
RATE: Final = 200
"""Purchases of another merchant a second."""
MATCHING: Final = 20
"""One in so many has so many visits."""
_WARM_UP_S, _PIECE, _REVIEW_S = 2, 5_000, 900
_AT_MOST_S: Final = 900
"""Purchases go on for so long, if it takes so long."""
_LEFT: Final = 20_300
"""Day of everybody's last visit."""
_IN_EACH: Final = 100
"""So many customers are in every partition, some of them."""
_PROGRAM: Final = """\
merchant: groot
name: De Grote
currency: EUR
region: NL
time_zone: Europe/Amsterdam
languages: [nl]
stores: {hoek: {}}
"""


@dataclass(frozen=True)
class Took:
    """What something took while it was watched."""

    begun: float
    ended: float
    cpu_s: float
    """Of the worker, whatever else it did meanwhile."""
    peak_mb: float

    @property
    def seconds(self) -> float:
        """How long."""
        return self.ended - self.begun


@dataclass(frozen=True)
class Waits:
    """How long purchases waited for their commit, while all was calm and while it went on (ms)."""

    p50_before: float
    p50: float
    p99_before: float
    p99: float


@dataclass
class Crowd:
    """See the module."""

    scene: Scene
    client: Any
    topics: Any
    settings: dict[str, Any]
    people: list[str]
    """Customers of the other merchant."""
    notes: Notes
    worker: Any
    started: float
    sales: list[Timed]
    """What the other merchant sells; making them takes a while."""

    @property
    def now(self) -> Millis:
        """The shop's time."""
        return BEGIN + int((time.time() - self.started) * 1_000)

    def metas(self) -> list[dict[str, str]]:
        """What each partition knows of itself."""
        found = (self.client.hgetall(customers(number).meta) for number in range(PARTITIONS))
        return [{name.decode(): value.decode() for name, value in meta.items()} for meta in found]

    async def publish(self, rules: dict[str, str]) -> None:
        """Bring rules into force, and wait until everybody was looked at for their sake."""
        files = {"program.yaml": _PROGRAM, **{f"rules/{name}.yaml": text for name, text in rules.items()}}
        record = BundleRecord(merchant=BIG, hash=bundle_hash(files, {}), files=files)
        value = encode_bundle(record)
        await asyncio.to_thread(fill, self.scene, self.topics.programs, [(BIG.encode(), value)], 1)
        await until(self._is_reviewed, _REVIEW_S)

    def _is_reviewed(self) -> bool:
        """Say whether all were looked at; an owner notes that with its next step, so each is given something to do."""
        if all(REVIEWED.of(meta).get(BIG, -1) >= 0 for meta in self.metas()):
            return True
        events = (Reviewed(merchant=MERCHANT, customer=each, at=self.now) for each in self.people[:_IN_EACH])
        records = [(key_of(MERCHANT, event.customer), encode_event(event)) for event in events]
        fill(self.scene, self.topics.customer_events, records)
        return False

    async def watch(self, begins: Callable[[], bool], ends: Callable[[], bool]) -> Took:
        """See what the worker takes from the one to the other."""
        calm = time.time(), cpu_seconds_of(self.worker.pid)
        while not await asyncio.to_thread(begins):
            calm = time.time(), cpu_seconds_of(self.worker.pid)
            await asyncio.sleep(0.05)
        if await asyncio.to_thread(ends):
            raise RuntimeError("it was over before anybody looked")
        begun, cpu = calm
        peak = 0.0
        while not await asyncio.to_thread(ends):
            peak = max(peak, memory_of(self.worker.pid))
            await asyncio.sleep(0.1)
        return Took(begun, time.time(), cpu_seconds_of(self.worker.pid) - cpu, peak)

    async def beside_purchases(self, calm_s: float, what: Callable[[], Any]) -> tuple[Took, Waits]:
        """See it while the other merchant sells; `what` is begun after a calm time and answers what it took."""
        is_over = asyncio.Event()
        feeding = asyncio.create_task(
            feed(self.scene.kafka.bootstrap, self.sales, PARTITIONS, rate=RATE, warm_up=_WARM_UP_S,
                 watched=self.worker.pid, enough=is_over.is_set)
        )  # fmt: skip
        await asyncio.sleep(_WARM_UP_S + calm_s)
        took: Took = await what()
        is_over.set()
        fed = await feeding
        await self.notes.until_complete(fed.due.keys())
        if missing := fed.due.keys() - self.notes.seen.keys():
            raise RuntimeError(f"{len(missing)} of {len(fed.due)} purchases were never committed")
        if took.ended > max(fed.due.values()) + 1:
            raise RuntimeError(f"purchases ended {took.ended - max(fed.due.values()):.0f} s too early")
        waits = [(when, (self.notes.seen[each] - when) * 1_000) for each, when in fed.due.items()]
        before = sorted(wait for when, wait in waits if 0 < took.begun - when < calm_s)
        during = sorted(wait for when, wait in waits if took.begun <= when < took.ended)
        return took, Waits(*(quantile(some, share) for share in (0.5, 0.99) for some in (before, during)))


@contextlib.asynccontextmanager
async def open_crowd(scene: Scene, count: int) -> AsyncIterator[Crowd]:
    """So many customers, with a worker that has nothing to do."""
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
        await asyncio.to_thread(_fill, client, count)  # a partition with people and no meta would be filled anew
        count = RATE * (_WARM_UP_S + scene.sized(_AT_MOST_S, 120))
        sales = await asyncio.to_thread(_sales, topics.customer_events, people, count)
        yield Crowd(scene, client, topics, settings, people, notes, worker, started, sales)
        worker.send_signal(signal.SIGTERM)
        await asyncio.to_thread(worker.wait, 40)


async def until(done: Callable[[], bool], seconds: float) -> None:
    """Wait for it. Raises RuntimeError if it takes longer."""
    ends = time.monotonic() + seconds
    while not await asyncio.to_thread(done):
        if time.monotonic() > ends:
            raise RuntimeError(f"it took more than {seconds:.0f} s")
        await asyncio.sleep(1)


def memory_of(pid: int) -> float:
    """What a process holds now (MB)."""
    with Path(f"/proc/{pid}/status").open() as file:
        return next(int(line.split()[1]) / 1_024 for line in file if line.startswith("VmRSS:"))


def names(count: int) -> Iterable[str]:
    """The customers' ids."""
    return ("c" + base64.b32encode(number.to_bytes(15, "big")).decode().lower() for number in range(count))


def _fill(client: Any, count: int) -> None:
    """Customers as commits leave them, of whom some match; all have left long ago, so that nothing is due.

    With something due, a new bundle's review and the timers that come of it would go on beside what is measured.
    """
    state = Customer(
        purchases=12, spend=12_345, profit=6_000, first_day=20_000, last_day=_LEFT, recorded_at=BEGIN,
        stage=Stage.LAPSED, risk_day=_LEFT, lapse_day=_LEFT, lapsed_day=_LEFT,
    )  # fmt: skip
    values = [encode_customer(msgspec.structs.replace(state, visits=1 + number)) for number in range(MATCHING)]
    everybody = list(names(count))
    for start in range(0, count, _PIECE):
        with client.pipeline(transaction=False) as pipe:
            for number, name in enumerate(everybody[start : start + _PIECE], start):
                keys = customers(partition_for(key_of(BIG, name), PARTITIONS))
                pipe.set(keys.customer(BIG, name), values[number % MATCHING])
                pipe.rpush(keys.roll(BIG), entry_of(name))
            pipe.execute()


def _sales(topic: str, people: list[str], count: int) -> list[Timed]:
    """So many purchases that no rule speaks to."""
    sold, made = sales_of(min(count, 5_000)), []
    for number in range(count):
        customer = people[number * 7919 % len(people)]
        event = with_category(sold[number % len(sold)], "drinks", BEGIN + number * 1_000 // RATE)
        event = msgspec.structs.replace(event, customer=customer, transaction=f"w:{uuid.uuid4().hex}")
        made.append(Timed(None, topic, key_of(MERCHANT, customer), encode_event(event)))
    return made

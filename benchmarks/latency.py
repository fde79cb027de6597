"""How long from a purchase to the commit, and to the call that sends the message, at 500 a second?

Open loop: records are appended on a timetable, whatever happens, and every latency counts from the time at which the
record was due, so that a late producer or a stalled worker cannot hide. A tenth of the purchases causes a message.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import msgspec
import redis

from benchmarks.bakery import MERCHANT, PROGRAM, purchases
from benchmarks.bakery import files as busy_files
from benchmarks.carrying import WRAPPING_KEYS
from benchmarks.figures import Figure, quantile, table, tell
from benchmarks.intake import as_record
from benchmarks.meter import cpu_seconds_of
from benchmarks.scene import PARTITIONS, ROOT, Scene, all_topics
from stamgast.bootstrap import web_parts
from stamgast.domain.activation import activation_id
from stamgast.domain.events import ConsentChanged, Enrolled, PurchaseChanged, encode_event, key_of
from stamgast.identity.ids import Identifier
from stamgast.identity.records import Profile
from stamgast.log.bundles import BundleRecord, bundle_hash, encode_bundle
from stamgast.log.partitioning import partition_for
from stamgast.log.producers import Emitters
from stamgast.processes import free_port
from stamgast.settings import Settings

COMMITTED, CALLED, POSTED = (
    "customer.events.v1 to commit",
    "purchases.v1 to the send call",
    "the same, sandbox over HTTP",
)
TARGETS = {COMMITTED: (4, 15), CALLED: (15, 50)}
_EVERY = 10
_GRACE_S = 8.0
"""How long what is late may still arrive; what has not by then fails the run."""
_KEY = "A" * 43 + "="

Due = dict[str, float]
"""What identifies a record -> when it was due (seconds)."""


def run(scene: Scene) -> None:
    """Measure each way in turn."""
    rate, warm_up, seconds = (scene.sized(500, 50), scene.sized(10, 2), scene.sized(20, 4))
    rows, figures = [], []
    for name in (COMMITTED, CALLED, POSTED):
        waits, busy = asyncio.run(_measure(scene, name, rate, warm_up, seconds))
        p50, p90, p99 = (quantile(waits, share) * 1000 for share in (0.5, 0.9, 0.99))
        rows.append((name, p50, p90, p99, waits[-1] * 1000, busy * 100, len(waits)))
        most = TARGETS.get(name, (None, None))
        peer = "target, at most" if most[0] else ""
        key = {COMMITTED: "latency_commit", CALLED: "latency_send_call", POSTED: "latency_send_call_http"}[name]
        figures += [Figure(f"{key}_p50", p50, "ms", peer, most[0]), Figure(f"{key}_p90", p90, "ms")]
        figures += [Figure(f"{key}_p99", p99, "ms", peer, most[1])]
    heads = (f"{rate}/s, open loop", "p50 ms", "p90", "p99", "max", "worker's CPU %", "n")
    table("Latency", heads, rows)
    tell(figures)


async def _measure(scene: Scene, name: str, rate: int, warm_up: int, seconds: int) -> tuple[list[float], float]:
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
    with contextlib.ExitStack() as stack:
        topics = stack.enter_context(all_topics(scene))
        folder = Path(stack.enter_context(TemporaryDirectory()))
        settings = settings_of(scene, topics.prefix)
        if name == POSTED:
            settings |= stack.enter_context(_sandbox(settings))
        people = await open_shop(scene, settings, busy=name == COMMITTED)
        notes = folder / "notes"
        worker = stack.enter_context(worker_of(settings, notes))
        await until_ready(settings, worker)
        feed = _feed_events if name == COMMITTED else _feed_purchases
        due, busy = await feed(scene, topics, people, rate, warm_up, seconds, worker.pid)
        await asyncio.sleep(_GRACE_S)
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)
        return _waits(notes, due, topics.customer_events), busy


def settings_of(scene: Scene, prefix: str) -> dict[str, Any]:
    """A worker's settings, with a port of its own for its health."""
    return {
        "kafka_bootstrap": scene.kafka.bootstrap,
        "redis_url": scene.redis.url,
        "partitions": PARTITIONS,
        "topic_prefix": prefix,
        "group_prefix": f"{prefix}stamgast",
        "id_key": _KEY,
        "wrapping_keys": WRAPPING_KEYS,
        "metrics_port": free_port(),
        "clock": "2026-10-01T08:00:00Z,1x",
    }


def _calm_files() -> dict[str, str]:
    """Every purchase of bread is thanked for."""
    rule = (
        "rule: hello\ndescription: Bread is thanked for.\nstatus: live\nwhen: purchase\n"
        "if:\n  - basket_has: {category: bread}\nthen:\n  - send: hello\n    by: [sms]\n"
    )
    program = PROGRAM.replace("hello: {purpose: marketing}", "hello: {purpose: utility}").replace(
        "caps: {marketing: [2 per day, 20 per 30 days]}", "caps: {utility: [1000 per day]}"
    )
    return {"program.yaml": program, "rules/hello.yaml": rule, "templates/nl/hello.j2": "Dank u!"}


async def open_shop(scene: Scene, settings: dict[str, Any], *, busy: bool) -> list[str]:
    """Publish the merchant and enrol people who may be written to."""
    count = 2_000 if not scene.quick else 100
    content = busy_files() if busy else _calm_files()
    record = BundleRecord(merchant=MERCHANT, hash=bundle_hash(content, {}), files=content)
    async with web_parts(Settings(_env_file=None, **settings)) as parts:
        while not parts.identities.loaded:
            await asyncio.sleep(0.05)
        await parts.appender.append(parts.topics.programs, [(MERCHANT.encode(), encode_bundle(record))])
        people = []
        for start in range(0, count, 100):
            people += await asyncio.gather(*(_enrol(parts, number) for number in range(start, start + 100)))
        at = parts.clock.now()
        joined: list[tuple[bytes, bytes | None]] = []
        for customer in people:
            about = {"merchant": MERCHANT, "customer": customer, "at": at}
            key = key_of(MERCHANT, customer)
            consent = ConsentChanged(**about, purpose="utility", channel="sms", granted=True, wording="1")
            joined += [(key, encode_event(Enrolled(**about, language="nl"))), (key, encode_event(consent))]
        await parts.appender.append(parts.topics.customer_events, joined)
    return people


async def _enrol(parts: Any, number: int) -> str:
    phone = f"+3161200{number:04d}"
    given = Profile(phone=phone, first_name="Jo")
    return str(
        (await parts.identities.enrol(MERCHANT, [Identifier("phone", phone)], given, parts.clock.now())).customer
    )


@contextlib.contextmanager
def worker_of(settings: dict[str, Any], notes: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that writes its notes to a file, while the context is open."""
    command = [sys.executable, "-m", "benchmarks.noting_worker", msgspec.json.encode(settings).decode()]
    with notes.open("wb") as file, notes.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _sandbox(settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    url = f"http://127.0.0.1:{free_port()}"
    more = {
        "twilio_base_url": url,
        "twilio_account_sid": "ACsandbox00000000000000000000000001",
        "twilio_api_key": "SKsandbox1",
        "twilio_api_secret": "secret",
        "twilio_auth_token": "sandbox-auth-token",
    }
    env = os.environ | {f"STAMGAST_{name.upper()}": str(value) for name, value in (settings | more).items()}
    command = [sys.executable, "-m", "stamgast.cli", "sandbox", "--port", url.rpartition(":")[2]]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield more
    finally:
        process.kill()
        process.wait()


async def until_ready(settings: dict[str, Any], worker: subprocess.Popen[bytes]) -> None:
    """Wait until the worker has its partitions and has caught up."""
    url = f"http://127.0.0.1:{settings['metrics_port']}/readyz"
    async with httpx.AsyncClient() as client:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(url)).status_code == 200:
                    break
            if worker.poll() is not None:
                raise RuntimeError(f"the worker ended with {worker.returncode}")
            await asyncio.sleep(0.1)
    await asyncio.sleep(3)


Make = Callable[[int], tuple[str, str, bytes, bytes]]
"""number -> (what identifies it or nothing, topic, key, value)."""


async def _feed(scene: Scene, make: Make, rate: int, warm_up: int, seconds: int, pid: int, *, by_offset: bool) -> Any:
    """Append on a timetable; answers when what counts was due, and the share of a core that the worker took."""
    due: Due = {}
    emitters = Emitters(scene.kafka.bootstrap, client_id="open-loop")
    emitter = await emitters.current()
    sending: set[asyncio.Task[None]] = set()

    async def append(number: int, when: float) -> None:
        name, topic, key, value = make(number)
        partition = partition_for(key, PARTITIONS)
        offset = await emitter.send(topic, partition, key, value)
        if when >= begin + warm_up and (by_offset or name):
            due[f"{partition} {offset}" if by_offset else name] = when

    begin = time.time() + 0.1
    cpu_from = 0.0
    for number in range(rate * (warm_up + seconds)):
        when = begin + number / rate
        pause = when - time.time()
        if pause > 0:
            await asyncio.sleep(pause)
        if number == rate * warm_up:
            cpu_from = cpu_seconds_of(pid)
        task = asyncio.create_task(append(number, when))
        sending.add(task)
        task.add_done_callback(sending.discard)
    busy = (cpu_seconds_of(pid) - cpu_from) / seconds
    await asyncio.gather(*sending)
    await emitters.close()
    return due, busy


async def _feed_events(
    scene: Scene, topics: Any, people: list[str], rate: int, warm_up: int, seconds: int, pid: int
) -> Any:  # fmt: skip
    sold = [event for event in purchases(rate * (warm_up + seconds) + 1, customers=10) if event.before is None]

    def make(number: int) -> tuple[str, str, bytes, bytes]:
        customer = people[(number + number // _EVERY) % len(people)]
        event = msgspec.structs.replace(sold[number % len(sold)], customer=customer, at=time.time_ns() // 1_000_000)
        return "", topics.customer_events, key_of(MERCHANT, customer), encode_event(event)

    return await _feed(scene, make, rate, warm_up, seconds, pid, by_offset=True)


async def _feed_purchases(
    scene: Scene, topics: Any, people: list[str], rate: int, warm_up: int, seconds: int, pid: int
) -> Any:  # fmt: skip
    sold = [event for event in purchases(rate * (warm_up + seconds) + 1, customers=10) if event.before is None]
    now = Settings(_env_file=None, clock="2026-10-01T08:00:00Z,1x").make_clock()

    def make(number: int) -> tuple[str, str, bytes, bytes]:
        speaks = number % _EVERY == 0
        event = _with_category(sold[number % len(sold)], "bread" if speaks else "drinks", now.now())
        customer, sale = people[(number + number // _EVERY) % len(people)], f"t:{number}"
        key, value = as_record(msgspec.structs.replace(event, customer=customer, transaction=sale), 1)
        return activation_id(MERCHANT, "hello", customer, sale) if speaks else "", topics.purchases, key, value

    return await _feed(scene, make, rate, warm_up, seconds, pid, by_offset=False)


def _with_category(event: PurchaseChanged, category: str, at: int) -> PurchaseChanged:
    sold = event.after
    if sold is None:
        raise ValueError("no sale")
    lines = tuple(msgspec.structs.replace(line, category=category) for line in sold.lines)
    return msgspec.structs.replace(event, at=at, after=msgspec.structs.replace(sold, lines=lines, occurred_at=at))


def _waits(notes: Path, due: Due, topic: str) -> list[float]:
    """Sorted latencies in seconds. Raises RuntimeError if a record never got there."""
    waits: dict[str, float] = {}
    for line in notes.read_text().splitlines():
        kind, *words = line.split()
        name = f"{words[1]} {words[2]}" if kind == "C" else words[0]
        if name in due and (kind == "S" or words[0] == topic):
            waits.setdefault(name, float(words[-1]) - due[name])
    if len(waits) < len(due):
        raise RuntimeError(f"{len(due) - len(waits)} of {len(due)} never arrived")
    return sorted(waits.values())

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
from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
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
from benchmarks.open_loop import Fed, Timed, feed
from benchmarks.scene import PARTITIONS, ROOT, Scene, all_topics, values_of
from stamgast.bootstrap import web_parts
from stamgast.clock.shop_time import parse_time
from stamgast.domain.activation import activation_id
from stamgast.domain.events import ConsentChanged, Enrolled, PurchaseChanged, encode_event, key_of
from stamgast.identity.ids import Identifier
from stamgast.identity.records import Profile
from stamgast.local.processes import free_port
from stamgast.programs.record import BundleRecord, bundle_hash, encode_bundle
from stamgast.settings import Settings
from stamgast.state.outbox import decode_note

COMMITTED, CALLED, POSTED = (
    "customer.events.v1 to commit",
    "purchases.v1 to the send call",
    "the same, sandbox over HTTP",
)
TARGETS = {COMMITTED: (4, 15), CALLED: (15, 50)}
MOST_CPU = 25
"""Per cent of a core that a worker may take at 500 events a second."""
_EVERY = 10
_QUIET_S = 15.0
"""What is late is waited for as long as anything comes; what has not come by then fails the run."""
_KEY = "A" * 43 + "="
_CLOCK = "2026-10-01T08:00:00Z,1x"


def run(scene: Scene) -> None:
    """Measure each way in turn."""
    rate, warm_up, seconds = (scene.sized(500, 50), scene.sized(10, 2), scene.sized(20, 4))
    rows, figures = [], []
    for name in (COMMITTED, CALLED, POSTED):
        waits, fed = asyncio.run(_measure(scene, name, rate, warm_up, seconds))
        p50, p90, p99 = (quantile(waits, share) * 1000 for share in (0.5, 0.9, 0.99))
        appended = quantile(fed.late, 0.5) * 1000
        rows.append((name, p50, p90, p99, waits[-1] * 1000, fed.busy * 100, fed.load * 100, appended, len(waits)))
        most = TARGETS.get(name, (None, None))
        peer = "target, at most" if most[0] else ""
        key = {COMMITTED: "latency_commit", CALLED: "latency_send_call", POSTED: "latency_send_call_http"}[name]
        figures += [Figure(f"{key}_p50", p50, "ms", peer, most[0]), Figure(f"{key}_p90", p90, "ms")]
        figures += [Figure(f"{key}_p99", p99, "ms", peer, most[1])]
        limit = ("target, at most", MOST_CPU) if name == COMMITTED else ("", None)
        figures.append(Figure(f"{key}_cpu", fed.busy * 100, "% of a core", *limit))
    heads = (f"{rate}/s, open loop", "p50 ms", "p90", "p99", "max", "worker's CPU %", "load's", "append p50", "n")
    table("Latency", heads, rows)
    tell(figures)


async def _measure(scene: Scene, name: str, rate: int, warm_up: int, seconds: int) -> tuple[list[float], Fed]:
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
    with contextlib.ExitStack() as stack:
        topics = stack.enter_context(all_topics(scene))
        folder = Path(stack.enter_context(TemporaryDirectory()))
        settings = settings_of(scene, topics.prefix, folder)
        if name == POSTED:
            settings |= stack.enter_context(_sandbox(settings))
        people = await open_shop(scene, settings, busy=name == COMMITTED)
        count = rate * (warm_up + seconds)
        if name == COMMITTED:
            records = _events(topics.customer_events, people, count, rate)
        else:
            records = _deliveries(topics.purchases, people, count, rate)
        notes = Notes(folder / "notes", topics.customer_events)
        worker = stack.enter_context(worker_of(settings, notes.path))
        await until_ready(settings, worker)
        fed = await feed(scene.kafka.bootstrap, records, PARTITIONS, rate=rate, warm_up=warm_up, watched=worker.pid)
        await notes.until_complete(fed.due.keys())
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)
        missing = fed.due.keys() - notes.seen.keys()
        if missing:
            became = await asyncio.to_thread(_what_became_of, scene, topics.activations, missing)
            raise RuntimeError(f"{len(missing)} of {len(fed.due)} never arrived; activations.v1 says: {became}")
        return sorted(notes.seen[each] - when for each, when in fed.due.items()), fed


class Notes:
    """What the worker noted so far: what identifies a record -> when it got there (seconds)."""

    def __init__(self, path: Path, topic: str) -> None:
        self.path = path
        self.seen: dict[str, float] = {}
        self._topic = topic
        self._read = 0

    async def until_complete(self, due: AbstractSet[str]) -> None:
        """Wait until all of these are there, or nothing was noted for so long that nothing will come."""
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < _QUIET_S and not due <= self.seen.keys():
            await asyncio.sleep(0.2)
            if self._read_on():
                quiet_since = time.monotonic()

    def _read_on(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(self._read)
            lines = file.read().splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        self._read += sum(map(len, lines))
        for line in lines:
            kind, *words = line.decode().split()
            if kind == "S":
                self.seen.setdefault(words[0], float(words[1]))
            elif kind == "C" and words[0] == self._topic:
                self.seen.setdefault(f"{words[1]} {words[2]}", float(words[3]))
        return bool(lines)


def _what_became_of(scene: Scene, topic: str, names: AbstractSet[str]) -> dict[str, int]:
    """How the log of activations says that these ended; what is not in it was never decided."""
    last = dict.fromkeys(names, "nothing")
    for note in map(decode_note, values_of(scene, topic)):
        if note.activation in last:
            last[note.activation] = " ".join(filter(None, (note.kind, note.status, note.reason)))
    return Counter(last.values())


def settings_of(scene: Scene, prefix: str, folder: Path) -> dict[str, Any]:
    """A worker's settings, with a port of its own for its health and a clock that begins with it."""
    return {
        "kafka_bootstrap": str(scene.kafka.bootstrap),
        "redis_url": scene.redis.url,
        "partitions": PARTITIONS,
        "topic_prefix": prefix,
        "group_prefix": f"{prefix}stamgast",
        "id_key": _KEY,
        "wrapping_keys": WRAPPING_KEYS,
        "metrics_port": free_port(),
        "clock": _CLOCK,
        "clock_file": str(folder / "clock"),
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


async def open_shop(
    scene: Scene, settings: dict[str, Any], *, busy: bool, files: Mapping[str, str] | None = None
) -> list[str]:
    """Publish the merchant, by `files` of its own where there are any, and enrol people who may be written to."""
    count = 2_000 if not scene.quick else 100
    content = dict(files) if files else busy_files() if busy else _calm_files()
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


def phone_of(number: int) -> str:
    """The phone of one of the people who are enrolled."""
    return f"+3161200{number:04d}"


async def _enrol(parts: Any, number: int) -> str:
    phone = phone_of(number)
    given = Profile(phone=phone, first_name="Jo")
    return str(
        (await parts.identities.enrol(MERCHANT, [Identifier("phone", phone)], given, parts.clock.now())).customer
    )


@contextlib.contextmanager
def worker_of(
    settings: dict[str, Any], notes: Path, module: str = "benchmarks.noting_worker"
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that writes its notes to a file, while the context is open."""
    command = [sys.executable, "-m", module, msgspec.json.encode(settings).decode()]
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
        _report_nothing(url)
        yield more
    finally:
        process.kill()
        process.wait()


def _report_nothing(url: str) -> None:
    """Let the sandbox make no callbacks: no web runs to take them, and it would try each of them twice.

    That takes five times what answering the worker does, on the same cores; a carrier's callbacks take none of ours.
    """
    with httpx.Client(base_url=url, trust_env=False) as client:
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):  # it is starting
                client.post("/sandbox/faults", json={"callbacks": {"lose": "always"}}).raise_for_status()
                return
            time.sleep(0.1)
    raise RuntimeError("the sandbox did not start")


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


def _events(topic: str, people: list[str], count: int, rate: int) -> list[Timed]:
    """What intake would tell of so many purchases; each is known by its place in the log."""
    sold, now = sales_of(count), time.time_ns() // 1_000_000
    made = []
    for number in range(count):
        customer = people[(number + number // _EVERY) % len(people)]
        event = msgspec.structs.replace(sold[number % len(sold)], customer=customer, at=now + number * 1000 // rate)
        made.append(Timed(None, topic, key_of(MERCHANT, customer), encode_event(event)))
    return made


def _deliveries(topic: str, people: list[str], count: int, rate: int) -> list[Timed]:
    """So many purchases as a till posts them; those that cause a message are known by its activation."""
    sold, now = sales_of(count), parse_time(_CLOCK.partition(",")[0])
    made = []
    for number in range(count):
        speaks = number % _EVERY == 0
        event = with_category(sold[number % len(sold)], "bread" if speaks else "drinks", now + number * 1000 // rate)
        customer, sale = people[(number + number // _EVERY) % len(people)], f"t:{number}"
        key, value = as_record(msgspec.structs.replace(event, customer=customer, transaction=sale), 1)
        made.append(Timed(activation_id(MERCHANT, "hello", customer, sale) if speaks else "", topic, key, value))
    return made


def sales_of(count: int) -> list[PurchaseChanged]:
    """So many sales."""
    return [event for event in purchases(count + 1, customers=10) if event.before is None]


def with_category(event: PurchaseChanged, category: str, at: int) -> PurchaseChanged:
    """The same sale, of things of one category, at another time."""
    sold = event.after
    if sold is None:
        raise ValueError("no sale")
    lines = tuple(msgspec.structs.replace(line, category=category) for line in sold.lines)
    return msgspec.structs.replace(event, at=at, after=msgspec.structs.replace(sold, lines=lines, occurred_at=at))

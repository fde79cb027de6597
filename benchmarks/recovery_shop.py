"""A shop whose every part can be taken away: a till that sells all the time over HTTP, and what is seen of it.

Twelve people, three in each partition of the customers. Each purchase makes a message. What is noted is when an
answer came, when somebody's figures moved and when a message reached the carrier.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks.scene import Scene
from stamgast.bootstrap import topics_of
from stamgast.demo.stage import COMMAND, bring_into_force, environment, make_settings
from stamgast.domain.events import key_of
from stamgast.local.processes import ChildProcess, free_port
from stamgast.log.partitioning import partition_for
from stamgast.log.topics import create_topics, delete_topics
from stamgast.settings import Settings

SHOP: Final = "winkel"
PEOPLE: Final = 12
WORKERS: Final = ("worker-0", "worker-1")
NO_JSON: Final = "no JSON"
_SALES_A_SECOND: Final = 8
_LOOK_S: Final = 0.3
_WITHIN_S: Final = 90.0
_TILL_WAITS_S: Final = 30.0

_FILES: Final = {
    "program.yaml": """\
merchant: winkel
name: De Winkel
currency: EUR
region: NL
time_zone: NOON
languages: [nl]
stores: {hoek: {}}
templates: {thanks: {purpose: utility, if_unproven: send_again}}
messaging:
  sms_sender: "+31970102345"
  send_between: {utility: "08:00-21:00"}
  caps: {utility: [100000 per day]}
costs: {margin: 50%}
""",
    "rules/thanks.yaml": """\
rule: thanks
description: Every purchase is thanked for.
status: live
when: purchase
then:
  - send: thanks
    by: [sms]
""",
    "templates/nl/thanks.j2": "Dank je wel!",
}


@dataclass
class Person:
    """Somebody, and when something of theirs moved (monotonic)."""

    phone: str
    id: str = ""
    partition: int = 0
    shown: int = -1
    heard: int = 0
    seen_at: list[float] = field(default_factory=list)
    heard_at: list[float] = field(default_factory=list)


@dataclass
class Answer:
    """What a till was told, and when (monotonic)."""

    sent: float
    came: float
    status: int


class Deployment:
    """The processes of one run."""

    def __init__(self, scene: Scene, settings: Settings, folder: Path) -> None:
        self.broker, self.redis = scene.kafka, scene.redis
        self.settings, self.folder = settings, folder
        self.running: dict[str, ChildProcess] = {}

    def start(self, name: str) -> None:
        """Start `web`, `sandbox` or a worker."""
        env = environment(self.settings)
        if name in WORKERS:
            env["STAMGAST_METRICS_PORT"] = str(free_port())
        command = [*COMMAND, name.partition("-")[0]]
        self.running[name] = ChildProcess(name, command, log=self.folder / f"{name}.log", env=env)

    def kill(self, *names: str) -> None:
        """As a crash would, and started anew, as whatever looks after it would."""
        for name in names:
            self.running[name].kill()
        for name in names:
            self.start(name)

    @property
    def ended(self) -> list[str]:
        """What has ended by itself."""
        return [name for name, child in self.running.items() if child.exit_code is not None]

    def pause(self, name: str, *, on: bool) -> None:
        """Let a process stand still, or go on."""
        self.running[name].signal(signal.SIGSTOP if on else signal.SIGCONT)

    def close(self) -> None:
        """End everything."""
        for child in self.running.values():
            child.kill()

    def lines(self) -> Counter[str]:
        """What workers and web wrote: lines by level, and those that are no JSON."""
        counts: Counter[str] = Counter()
        for name in ("web", *WORKERS):
            for line in (self.folder / f"{name}.log").read_text(errors="replace").splitlines():
                counts[_level(line)] += 1
        return counts


class Till:
    """Sells for ever and looks at everybody."""

    def __init__(self, deployment: Deployment, key: str) -> None:
        base = f"{deployment.settings.public_url}/v1/merchants/{SHOP}"
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        headers = {"Authorization": f"Bearer {key}"}
        self._web = httpx.AsyncClient(
            base_url=base, headers=headers, timeout=_TILL_WAITS_S, trust_env=False, limits=limits
        )
        self._carrier = httpx.AsyncClient(base_url=deployment.settings.twilio_base_url, timeout=5, trust_env=False)
        self._partitions = deployment.settings.partitions
        self.people = [Person(f"+3161{number:07}") for number in range(1, 200)]
        self.answers: list[Answer] = []
        self.sold: Counter[str] = Counter()
        self._under_way: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Let people join until every partition has its share of them."""
        found: dict[int, list[Person]] = defaultdict(list)
        consent = {"purpose": "utility", "channel": "sms", "wording_version": "1", "source": "till"}
        for person in self.people:
            answer = await self._web.post("/customers", json={"phone": person.phone, "consents": [consent]})
            person.id = answer.raise_for_status().json()["customer"]
            person.partition = partition_for(key_of(SHOP, person.id), self._partitions)
            if len(found[person.partition]) < PEOPLE // self._partitions:
                found[person.partition].append(person)
            if sum(map(len, found.values())) == PEOPLE:
                break
        self.people = [person for theirs in found.values() for person in theirs]

    async def close(self) -> None:
        """No more."""
        await self._web.aclose()
        await self._carrier.aclose()

    async def sell(self) -> None:
        """On a timetable, whatever happens; nothing is sent a second time."""
        number = 0
        while True:
            task = asyncio.create_task(self._sell(self.people[number % len(self.people)], f"t{number}"))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            number += 1
            await asyncio.sleep(1 / _SALES_A_SECOND)

    async def _sell(self, person: Person, transaction: str) -> None:
        sent, status = time.monotonic(), 0
        document = {
            "transaction_id": transaction, "source_version": 1, "status": "completed",
            "end_date_time": datetime.now(UTC).isoformat(), "store": {"retail_store_id": "hoek"},
            "price_currency": "EUR", "customer": {"phone": person.phone}, "totals": {"gross_minor": 200},
        }  # fmt: skip
        with contextlib.suppress(httpx.HTTPError):
            status = (await self._web.post("/purchases", json=document)).status_code
        if status == 202:
            self.sold[person.id] += 1
        self.answers.append(Answer(sent, time.monotonic(), status))

    async def look(self) -> None:
        """At everybody's figures and phone."""
        while True:
            await asyncio.gather(*(self._look_at(person) for person in self.people), asyncio.sleep(_LOOK_S))

    async def _look_at(self, person: Person) -> None:
        with contextlib.suppress(httpx.HTTPError):
            answer = await self._web.get(f"/customers/{person.id}", timeout=5)
            if answer.status_code == 200 and (shown := answer.json()["purchases"]) != person.shown:
                person.shown = shown
                person.seen_at.append(time.monotonic())
        with contextlib.suppress(httpx.HTTPError):
            found = await self._carrier.get("/sandbox/messages", params={"to": person.phone, "limit": 1_000})
            if found.status_code == 200 and (heard := len(found.json())) != person.heard:
                person.heard = heard
                person.heard_at.append(time.monotonic())

    def behind(self) -> int:
        """How many purchases that were taken are not seen yet."""
        return sum(max(0, self.sold[person.id] - person.shown) for person in self.people)

    async def went_on(self, since: float) -> tuple[float, float, float]:
        """Wait until purchases are taken, figures move and messages arrive in every partition, all after `since`.

        Seconds for each: until the last refusal or the first answer, whichever was later; for the slowest partition.
        (A person whose message was being submitted when its worker was killed waits until it is in doubt.)
        """
        ends = time.monotonic() + _WITHIN_S
        while time.monotonic() < ends:
            told = [each for each in self.answers if each.sent >= since]
            taken = next((each.came for each in told if each.status == 202), None)
            seen = self._slowest(since, lambda person: person.seen_at)
            heard = self._slowest(since, lambda person: person.heard_at)
            if taken is not None and seen is not None and heard is not None:
                refused = [each.sent for each in told if each.status != 202]
                return max([taken, *refused]) - since, seen - since, heard - since
            await asyncio.sleep(0.05)
        raise RuntimeError(f"it did not go on within {_WITHIN_S} s: {Counter(each.status for each in told)}")

    def _slowest(self, since: float, moments: Callable[[Person], list[float]]) -> float | None:
        """When something of somebody moved first in the partition that was last; None if one still stands."""
        first = dict.fromkeys(range(self._partitions), float("inf"))
        for person in self.people:
            at = next((at for at in moments(person) if at >= since), float("inf"))
            first[person.partition] = min(first[person.partition], at)
        slowest = max(first.values())
        return None if slowest == float("inf") else slowest


@contextlib.asynccontextmanager
async def open_shop(scene: Scene, folder: Path) -> AsyncIterator[tuple[Deployment, Till]]:
    """Everything running, and a till that sells."""
    shop = folder / "config" / "merchants" / SHOP
    for name, text in _FILES.items():
        (shop / name).parent.mkdir(parents=True, exist_ok=True)
        (shop / name).write_text(text.replace("NOON", _zone_at_noon()))
    made = make_settings(folder, folder / "config", kafka=scene.kafka.bootstrap, redis=scene.redis.url)
    own = {"clock": "real", "topic_prefix": f"bench{uuid.uuid4().hex[:6]}.", "post_limit_s": 4.0, "look_ups_s": "1,3"}
    settings = made.model_copy(update=own)
    topics = topics_of(settings)
    create_topics(settings.kafka_bootstrap, topics, replication_factor=1)
    deployment = Deployment(scene, settings, folder)
    till = None
    try:
        for name in ("sandbox", "web", *WORKERS):
            deployment.start(name)
        key = (await bring_into_force(settings, [SHOP]))[SHOP]
        ready = f"http://127.0.0.1:{settings.web_metrics_port}/readyz"
        for url in (f"{settings.twilio_base_url}/healthz", ready):
            while not await _answers(url):
                await asyncio.sleep(0.1)
        till = Till(deployment, key)
        await till.open()
        tasks = [asyncio.create_task(till.sell()), asyncio.create_task(till.look())]
        try:
            yield deployment, till
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        if till is not None:
            await till.close()
        deployment.close()
        delete_topics(settings.kafka_bootstrap, topics)


def _zone_at_noon() -> str:
    """Where messages may leave now; the clock has to be the real one, for its watch waits for Kafka and Redis too."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}"


async def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(url)).status_code == 200
    return False


def _level(line: str) -> str:
    try:
        told: Any = json.loads(line)
        return str(told["level"])
    except (ValueError, KeyError, TypeError):
        return NO_JSON

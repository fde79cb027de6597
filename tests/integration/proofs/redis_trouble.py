"""A Redis that answers and is of no use: full, read-only, without replicas, or ready to throw keys away."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import redis
from redis.exceptions import RedisError

from stamgast.api_keys.admin import Keyring
from stamgast.demo.stage import environment
from stamgast.local.processes import free_port
from stamgast.local.redis_server import RedisServer
from stamgast.log.reading import LogReader
from tests.builders import line, snapshot
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.proofs.fleet import Worker
from tests.integration.proofs.judging import read_log
from tests.integration.proofs.merchant import MERCHANT
from tests.integration.proofs.receipts import now
from tests.integration.proofs.scene import Scene

Mend = Callable[[], object]

_LEFT = 150_000
"""Bytes that are left when memory is made scarce: some seconds of purchases."""


class Administrator:
    """Hands on the Redis of a scene; what they set is put back at the end."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client

    def set(self, **settings: Any) -> None:
        """Change its configuration while it runs."""
        for name, value in settings.items():
            self.client.config_set(name.replace("_", "-"), value)

    def fill_up(self) -> Mend:
        """Leave next to no memory; return what gives more."""
        self.set(maxmemory=self.client.info("memory")["used_memory"] + _LEFT)
        return lambda: self.set(maxmemory=0)

    def make_replica(self) -> Mend:
        """Make it the replica of nobody, so that it keeps what it has and takes no writes."""
        self.client.replicaof("127.0.0.1", free_port())
        return lambda: self.client.replicaof("NO", "ONE")

    def ask_for_replicas(self) -> Mend:
        """Have it take writes only with a replica that there is not."""
        self.set(min_replicas_to_write=1)
        return lambda: self.set(min_replicas_to_write=0)

    def throw_away(self) -> None:
        """Have it throw keys away, by a policy that lets it."""
        self.set(maxmemory_policy="allkeys-lru", maxmemory=int(self.client.info("memory")["used_memory"] * 0.95))
        self.client.set("anything", 1)  # a write makes it look for room
        assert self.client.info("stats")["evicted_keys"] > 0


@contextmanager
def administrator(server: RedisServer) -> Iterator[Administrator]:
    """Have hands on it for a while."""
    with redis.Redis.from_url(server.url) as client:
        try:
            yield Administrator(client)
        finally:
            with suppress(RedisError):
                client.replicaof("NO", "ONE")
                for name, value in (("maxmemory", 0), ("min-replicas-to-write", 0), ("maxmemory-policy", "noeviction")):
                    client.config_set(name, value)
                client.config_resetstat()


class Checkout:
    """A till that speaks HTTP, and what web says to it."""

    def __init__(self, scene: Scene, http: httpx.AsyncClient) -> None:
        self._scene = scene
        self._http = http
        self._ready = f"http://127.0.0.1:{scene.settings.web_metrics_port}/readyz"
        self.sold = 0

    @classmethod
    async def open(cls, scene: Scene) -> Checkout:
        """With a key of its own."""
        key = await Keyring(scene.settings.kafka_bootstrap, scene.topics.api_keys).create(MERCHANT, ("intake",), now())
        headers = {"Authorization": f"Bearer {key.text}"}
        http = httpx.AsyncClient(base_url=scene.settings.public_url, headers=headers, timeout=60, trust_env=False)
        checkout = cls(scene, http)
        await checkout.sell()
        return checkout

    async def post(self, name: str) -> httpx.Response:
        """Send a sale once."""
        sale = snapshot(name, lines=[line("1", 350, category="bread")], when=now(), customer=None)
        sale["customer"] = {"customer_id": self._scene.people[0]}
        return await self._http.post(f"/v1/merchants/{MERCHANT}/purchases", json=sale)

    async def sell(self) -> None:
        """Make a sale and send it until it is taken."""
        self.sold += 1
        name = f"checkout:{self.sold}"

        async def taken() -> bool:
            return (await self.post(name)).status_code == 202

        await eventually(taken, seconds=60, every=0.2, why="the sale is taken")

    async def refused(self, why: str) -> None:
        """Wait until sales are refused for a reason, with when to come back; nobody is told that they were taken."""

        async def asked() -> bool:
            answer = await self.post("checkout:refused")
            if answer.status_code == 202:
                return False
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) > 0
            return why in answer.json()["detail"]

        await eventually(asked, seconds=60, every=0.2, why=f"web refuses: {why}")

    async def unready(self, why: str) -> None:
        """Wait until web says itself why it is not ready."""

        async def asked() -> bool:
            answer = await self._http.get(self._ready)
            return answer.status_code == 503 and any(why in each for each in answer.json()["missing"])

        await eventually(asked, seconds=60, every=0.2, why=f"web is not ready: {why}")

    async def ready(self) -> None:
        """Wait until web is."""

        async def asked() -> bool:
            return (await self._http.get(self._ready)).status_code == 200

        await eventually(asked, seconds=60, every=0.2, why="web is ready")

    async def close(self) -> None:
        await self._http.aclose()


async def unready(worker: Worker, why: str) -> None:
    """Wait until a worker says why it is not ready."""

    def asked() -> bool:
        assert worker.process.exit_code is None, worker.process.log_tail()
        status, page = worker.answer("/readyz")
        return status == 503 and why in page

    await eventually(lambda: asyncio.to_thread(asked), seconds=60, every=0.2, why=f"a worker is not ready: {why}")


def lines_of(worker: Worker) -> int:
    """How many lines it has logged."""
    return len(worker.process.log.read_text(errors="replace").splitlines())


async def ends(scene: Scene) -> dict[int, int]:
    """Where the partitions of `customer.events.v1` end."""
    pairs = [(scene.topics.customer_events, number) for number in range(scene.topics.partitions)]
    async with LogReader(scene.settings.kafka_bootstrap) as reader:
        return {pair.partition: end for pair, end in (await reader.ends(pairs)).items()}


async def rebuild(scene: Scene) -> None:
    """Empty Redis and fill it from Kafka, beside the workers that run."""
    done = await commands.asked("rebuild", "--empty", "--json", env=environment(scene.settings))
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]


async def told(scene: Scene) -> Counter[str]:
    """How often the log of events holds what was made from each record."""
    log = await read_log(scene.settings.kafka_bootstrap, scene.topics.customer_events, scene.topics.partitions)
    events = [each.value for records in log.values() for each in records]
    return Counter(json.dumps(source) for value in events if (source := _source_of(value)))


def _source_of(value: bytes) -> Any:
    with suppress(ValueError):
        return json.loads(value).get("source")
    return None

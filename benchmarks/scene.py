"""What the benchmarks run on: a real broker and a real Redis, topics of one's own, records put into them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.locked import with_locks
from benchmarks.meter import read
from stamgast.local.brokers import Broker, open_broker
from stamgast.local.redis_server import RedisServer, open_redis
from stamgast.log.address import KafkaAddress, locks_at
from stamgast.log.partitioning import partition_for
from stamgast.log.producers import Emitters
from stamgast.log.reading import LogReader
from stamgast.log.signatures import UNSIGNED, Signatures
from stamgast.log.topics import CUSTOMER_EVENTS, TABLE, Topic, Topics, create_topics, delete_topics

ROOT = Path(__file__).parents[1]
RUN_DIR = ROOT / ".run"
PARTITIONS = 8
_BATCH = 2_000


@dataclass(frozen=True)
class Scene:
    """The services of one run."""

    kafka: Broker
    redis: RedisServer
    quick: bool
    peers: bool = True
    """Whether what needs `.venv-bench` may be run."""

    def sized(self, full: int, quick: int) -> int:
        """How many of something: the full number, or a few to see that it still runs."""
        return quick if self.quick else full


@contextlib.contextmanager
def open_scene(*, quick: bool, peers: bool = True) -> Iterator[Scene]:
    """Run broker and Redis as the tests do, and end them afterwards."""
    bootstrap, url = os.environ.get("STAMGAST_KAFKA_BOOTSTRAP"), os.environ.get("STAMGAST_REDIS_URL")
    with (
        open_broker(RUN_DIR, bootstrap=with_locks(bootstrap) if bootstrap else None, say=print) as kafka,
        open_redis(RUN_DIR, url=url or None, say=print) as redis,
    ):
        if not (kafka.is_kafka or quick):
            raise SystemExit("figures are taken on Apache Kafka only; `--quick` runs on the embedded broker as well")
        yield Scene(kafka, redis, quick, peers)


class FewTopics(Topics):
    """A table of named topics of the same shape as `customer.events.v1`, for jobs that are not the product's."""

    def __init__(self, names: Iterable[str], partitions: int = PARTITIONS) -> None:
        super().__init__(partitions)
        shape = next(topic for topic in TABLE if topic.name == CUSTOMER_EVENTS)
        object.__setattr__(self, "_few", [(name, shape) for name in names])

    def __iter__(self) -> Iterator[tuple[str, Topic]]:
        few: list[tuple[str, Topic]] = object.__getattribute__(self, "_few")
        return iter(few)


@contextlib.contextmanager
def few_topics(scene: Scene, *names: str) -> Iterator[FewTopics]:
    """Topics of these names, empty; deleted afterwards."""
    topics = FewTopics(names)
    create_topics(scene.kafka.bootstrap, topics)
    try:
        yield topics
    finally:
        delete_topics(scene.kafka.bootstrap, topics)


@contextlib.contextmanager
def all_topics(scene: Scene, partitions: int = PARTITIONS) -> Iterator[Topics]:
    """The product's topics, empty, under a prefix of their own; deleted afterwards."""
    topics = Topics(partitions, prefix=f"bench{uuid.uuid4().hex[:6]}.")
    create_topics(scene.kafka.bootstrap, topics)
    try:
        yield topics
    finally:
        delete_topics(scene.kafka.bootstrap, topics)


@contextlib.asynccontextmanager
async def appending(scene: Scene, signatures: Signatures = UNSIGNED) -> AsyncIterator[Emitters]:
    """Something to append with."""
    address = KafkaAddress(scene.kafka.bootstrap, signatures, locks_at(scene.kafka.bootstrap))
    emitters = Emitters(address, client_id="benchmark")
    try:
        yield emitters
    finally:
        await emitters.close()


def fill(
    scene: Scene, topic: str, records: Iterable[tuple[bytes, bytes]], partitions: int = PARTITIONS,
    only: int | None = None, signatures: Signatures = UNSIGNED,
) -> None:  # fmt: skip
    """Append records in their order, to their keys' partitions or to this one only."""

    def partition_of(key: bytes) -> int:
        return partition_for(key, partitions) if only is None else only

    async def append() -> None:
        waiting: dict[int, list[tuple[bytes | None, bytes | None]]] = defaultdict(list)
        async with appending(scene, signatures) as emitters:
            for key, value in records:
                partition = partition_of(key)
                batch = waiting[partition]
                batch.append((key, value))
                if len(batch) >= _BATCH:
                    await (await emitters.current()).emit(topic, partition, batch)
                    batch.clear()
            for partition, batch in waiting.items():
                await (await emitters.current()).emit(topic, partition, batch)

    asyncio.run(append())


def per_partition(keys: Iterable[bytes], partitions: int = PARTITIONS) -> list[int]:
    """How many of these keys' records each partition gets."""
    counts = [0] * partitions
    for key in keys:
        counts[partition_for(key, partitions)] += 1
    return counts


def values_of(scene: Scene, topic: str, partitions: int = PARTITIONS) -> list[bytes]:
    """Every value in a topic, partition by partition."""

    async def values() -> list[bytes]:
        async with LogReader(scene.kafka.bootstrap) as reader:
            return [
                record.value or b""
                for partition in range(partitions)
                async for piece in reader.read_all(topic, partition)
                for record in piece
            ]

    return asyncio.run(values())


def measure(module: str, settings: dict[str, Any], *, python: str = sys.executable, timeout: float = 300) -> Any:
    """Run a module in a process of its own, with its settings as JSON; answers what its meter told."""
    done = subprocess.run(
        [python, "-m", module, json.dumps(settings)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    return read(done.stdout)

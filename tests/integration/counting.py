"""Feeding, watching and judging workers that run the counting job."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import redis.asyncio

from stamgast.log.partitioning import partition_for
from stamgast.log.producers import EmitError, Emitters
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from tests.conftest import eventually
from tests.integration.pacing import Pace

WORKER = Path(__file__).with_name("counting_worker.py")
ROOT = Path(__file__).parents[2]


class Fleet:
    """Worker processes."""

    def __init__(self, bootstrap: str, redis_url: str, topics: Topics, logs: Path) -> None:
        self._args = [sys.executable, str(WORKER), bootstrap, redis_url, topics.prefix, str(topics.partitions)]
        self.logs = logs
        self.all: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        log = (self.logs / f"worker-{len(self.all)}.log").open("wb")
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        worker = subprocess.Popen(self._args, cwd=ROOT, env=env, stdout=log, stderr=log)
        self.all.append(worker)
        return worker

    async def joins(self) -> subprocess.Popen[bytes]:
        """Start one, and wait until it has taken its part."""
        log = self.logs / f"worker-{len(self.all)}.log"
        worker = self.start()
        await eventually(lambda: b"took " in log.read_bytes(), seconds=60, every=0.1, why="it takes a partition")
        return worker

    def end(self) -> None:
        for worker in self.all:
            if worker.poll() is None:
                worker.send_signal(signal.SIGKILL)
            worker.wait()


class Feeder:
    """Appends numbered records of some customers at a rate, until told to stop, through every trouble."""

    def __init__(self, bootstrap: str, topics: Topics, rate: int = 1_500) -> None:
        self._emitters = Emitters(bootstrap, client_id="feeder")
        self._topics = topics
        self._rate = rate
        self._random = random.Random(7)
        self.sent = 0
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        pace = Pace(0.05)
        while True:
            batches: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
            for _ in range(self._rate // 20):
                customer = f"c{self._random.randrange(500)}"
                value = json.dumps({"merchant": "m", "customer": customer, "number": self.sent}).encode()
                key = f"m:{customer}".encode()
                batches[partition_for(key, self._topics.partitions)].append((key, value))
                self.sent += 1
            for partition, batch in batches.items():
                await self._append(partition, batch)
            await pace.tick()

    async def _append(self, partition: int, batch: list[tuple[bytes, bytes]]) -> None:
        await eventually(
            lambda: self._appended(partition, batch), seconds=120, every=0.2, why="Kafka takes the records"
        )

    async def _appended(self, partition: int, batch: list[tuple[bytes, bytes]]) -> bool:
        try:
            await (await self._emitters.current()).emit(self._topics.customer_events, partition, batch)
        except (EmitError, OSError, RuntimeError):
            return False
        return True

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._emitters.close()


async def log_of(bootstrap: str, topic: str, partitions: int) -> dict[int, list[tuple[int, bytes]]]:
    """Everything in a topic: partition -> (offset, value)."""
    async with LogReader(bootstrap) as reader:
        return {
            n: [(r.offset, r.value) async for piece in reader.read_all(topic, n) for r in piece]
            for n in range(partitions)
        }


async def watermarks(redis_url: str, partitions: int) -> list[int]:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        return [int(await client.hget(f"{{c{n}}}:meta", "wm") or -1) for n in range(partitions)]


async def applied_all(bootstrap: str, redis_url: str, topics: Topics) -> bool:
    pairs = [(topics.customer_events, n) for n in range(topics.partitions)]
    async with LogReader(bootstrap) as reader:
        ends = await reader.ends(pairs)
    reached = await watermarks(redis_url, topics.partitions)
    assert [wm + 1 for wm in reached] == [ends[pair] for pair in sorted(ends)]
    return True


async def judge(bootstrap: str, redis_url: str, topics: Topics) -> dict[str, int]:
    """Fold the log anew, in its order, and compare with the state in Redis and with what was emitted."""
    log = await log_of(bootstrap, topics.customer_events, topics.partitions)
    states: dict[tuple[int, str], list[int]] = {}
    expected: dict[tuple[int, int], list[list[object]]] = defaultdict(list)
    for partition, records in log.items():
        for offset, value in records:
            event = json.loads(value)
            state = states.setdefault((partition, event["customer"]), [0, 0])
            state[0] += 1
            state[1] += event["number"]
            expected[partition, event["number"] % 4].append([event["customer"], *state, partition, offset])
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        names = list(states)
        found = await client.mget([f"{{c{n}}}:c:m:{customer}" for n, customer in names])
    wrong = [name for name, value in zip(names, found, strict=True) if json.loads(value or b"null") != states[name]]
    emitted = await log_of(bootstrap, topics.activations, topics.partitions)
    got: dict[tuple[int, int], list[list[object]]] = defaultdict(list)
    marks: dict[tuple[int, int], int] = defaultdict(lambda: -1)
    repeats = 0
    for target, records in emitted.items():
        for _, value in records:
            entry = json.loads(value)
            source = (entry[3], target)
            if entry[4] <= marks[source]:
                repeats += 1
                continue
            marks[source] = entry[4]
            got[source].append(entry)
    missing = sum(len(want) - len(got[source]) for source, want in expected.items())
    different = sum(a != b for source, want in expected.items() for a, b in zip(want, got[source], strict=False))
    return {"records": sum(map(len, log.values())), "wrong": len(wrong), "missing": missing, "different": different,
            "repeats": repeats}  # fmt: skip

"""A worker that is broken, stuck or told to stop is a process that ends, and whose exit code says why."""

from __future__ import annotations

import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.processes import ChildProcess, free_port
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from streams.app import EXIT_BROKEN
from streams.runtime.watchdog import EXIT_STUCK
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, STAMGAST, Deployment

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

BREAKING = [sys.executable, "-m", "tests.integration.breaking_worker"]


class Scene(Deployment):
    """Workers alone: no web, no sandbox; a published programme is what they have to apply."""

    health: str
    programme: Path

    async def start_worker(self, command: list[str], **env: str) -> ChildProcess:
        self.health = f"http://127.0.0.1:{free_port()}"
        own = {"STAMGAST_METRICS_PORT": self.health.rpartition(":")[2]} | env
        name = f"worker-{len(self.all)}"
        worker = ChildProcess(name, command, log=self.folder / f"{name}.log", env=self.env | own)
        self.all.append(worker)
        return worker

    async def start_breaking(self, fault: str, **env: str) -> ChildProcess:
        """Start a worker, let it work for a while, and then let it meet the fault."""
        trigger = self.folder / "now"
        worker = await self.start_worker(BREAKING, BREAKS=fault, BREAKS_FROM=str(trigger), **env)
        await eventually(self.works, seconds=60, every=0.1)
        trigger.touch()
        self.programme.write_text(self.programme.read_text() + "\n# another one\n")
        self.run("publish", "--json")
        return worker

    async def works(self) -> bool:
        """Whether the worker is ready and has applied the programme in every partition."""
        async with redis.asyncio.Redis.from_url(self.redis_url) as client:
            reached = [await client.hget(f"{{c{n}}}:meta", f"b:{MERCHANT}") for n in range(self.topics.partitions)]
        return all(reached) and await self._answers(f"{self.health}/readyz")

    def has_said(self, words: str) -> bool:
        return words in (self.folder / "worker-0.log").read_text()


@pytest.fixture
async def scene(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Scene]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    made = Scene(kafka.bootstrap, redis_server.url, topics, tmp_path)
    made.programme = tmp_path / "config" / "merchants" / MERCHANT / "program.yaml"
    made.programme.parent.mkdir(parents=True)
    made.programme.write_text(PROGRAM.partition("templates:")[0])
    made.run("publish", "--json")
    try:
        yield made
    finally:
        await made.end()


async def code_of(worker: ChildProcess) -> int:
    """Its exit code, which also tells whether it ended in order or was late and ended itself."""
    await eventually(lambda: worker.exit_code is not None, seconds=60, every=0.05, why="the process ends")
    assert worker.exit_code is not None
    return worker.exit_code


async def test_a_worker_whose_partition_loop_broke_exits_with_1(scene: Scene) -> None:
    worker = await scene.start_breaking("raises")
    assert await code_of(worker) == EXIT_BROKEN
    assert "nobody foresaw this" in (scene.folder / "worker-0.log").read_text()


async def test_a_worker_whose_loop_stands_still_ends_itself_whatever_it_is_told(scene: Scene) -> None:
    worker = await scene.start_breaking("blocks", STAMGAST_STALL_LIMIT_S="2")
    await eventually(lambda: scene.has_said("stands still"), seconds=60)
    worker.signal(signal.SIGTERM)
    assert await code_of(worker) == EXIT_STUCK


async def test_sigterm_ends_a_worker_at_once(scene: Scene) -> None:
    worker = await scene.start_worker([*STAMGAST, "worker"])
    await eventually(scene.works, seconds=60, every=0.1)
    worker.signal(signal.SIGTERM)
    assert await code_of(worker) == 0


async def test_sigterm_ends_a_worker_in_which_a_task_cannot_be_cancelled(scene: Scene) -> None:
    worker = await scene.start_breaking("deaf")
    await eventually(lambda: scene.has_said("hears nothing"), seconds=60)
    worker.signal(signal.SIGTERM)
    assert await code_of(worker) == 0


async def test_sigterm_ends_a_worker_that_cannot_reach_its_broker(scene: Scene) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    worker = await scene.start_worker([*STAMGAST, "worker"], STAMGAST_KAFKA_BOOTSTRAP=nowhere)
    await eventually(lambda: scene._answers(f"{scene.health}/healthz"), seconds=60)
    worker.signal(signal.SIGTERM)
    assert await code_of(worker) == 0

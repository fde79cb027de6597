"""Two workers with the counting job, and everything that may happen to them. The log, folded anew, is the judge."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis.asyncio

from stamgast.log.topics import Topics
from stamgast.services import Broker, RedisServer
from tests.conftest import eventually
from tests.integration.counting import Feeder, Fleet, applied_all, judge, watermarks

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]


class Scene:
    def __init__(self, kafka: Broker, server: RedisServer, topics: Topics, logs: Path) -> None:
        self.kafka, self.server, self.topics = kafka, server, topics
        self.fleet = Fleet(kafka.bootstrap, server.url, topics, logs)
        self.feeder = Feeder(kafka.bootstrap, topics)

    async def progress(self, records: int = 2_000, seconds: float = 40) -> None:
        """Wait until so many more records are applied in every partition together."""
        begin = sum(await watermarks(self.server.url, self.topics.partitions))

        async def more() -> bool:
            return sum(await watermarks(self.server.url, self.topics.partitions)) >= begin + records

        await eventually(more, seconds=seconds, every=0.1, why="workers make progress")

    async def every_partition_moves(self, seconds: float = 40) -> None:
        begin = await watermarks(self.server.url, self.topics.partitions)

        async def moved() -> bool:
            now = await watermarks(self.server.url, self.topics.partitions)
            return all(after > before for before, after in zip(begin, now, strict=True))

        await eventually(moved, seconds=seconds, every=0.1, why="every partition moves")

    async def ends_right(self) -> dict[str, int]:
        await self.feeder.stop()
        await eventually(
            lambda: applied_all(self.kafka.bootstrap, self.server.url, self.topics), seconds=60, every=0.3,
            why="everything is applied",
        )  # fmt: skip
        verdict = await judge(self.kafka.bootstrap, self.server.url, self.topics)
        assert {k: verdict[k] for k in ("wrong", "missing", "different")} == {"wrong": 0, "missing": 0, "different": 0}
        return verdict


@pytest.fixture
async def scene(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Scene]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    made = Scene(kafka, redis_server, topics, tmp_path)
    try:
        made.fleet.start()
        await made.progress()
        yield made
    finally:
        await made.feeder.stop()
        made.fleet.end()


@asynccontextmanager
async def paused(worker, seconds: float):
    worker.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        worker.send_signal(signal.SIGCONT)


async def test_workers_that_join_and_leave_lose_and_double_nothing(scene: Scene) -> None:
    second = scene.fleet.start()
    await scene.progress(6_000)
    second.send_signal(signal.SIGTERM)
    await eventually(lambda: second.poll() is not None, seconds=10)
    assert second.returncode == 0
    await scene.every_partition_moves()
    verdict = await scene.ends_right()
    assert verdict["repeats"] == 0


async def test_a_killed_workers_partitions_go_on_in_another(scene: Scene) -> None:
    second = scene.fleet.start()
    await scene.progress(6_000)
    second.send_signal(signal.SIGKILL)
    await scene.every_partition_moves()
    await scene.ends_right()


async def test_a_worker_paused_past_its_session_timeout_changes_nothing_when_it_wakes(scene: Scene) -> None:
    second = scene.fleet.start()
    await scene.progress(6_000)
    second.send_signal(signal.SIGSTOP)
    await scene.every_partition_moves()
    second.send_signal(signal.SIGCONT)
    await scene.progress(4_000)
    await scene.ends_right()


async def test_an_emptied_redis_is_filled_again_without_a_restart(scene: Scene) -> None:
    async with redis.asyncio.Redis.from_url(scene.server.url) as client:
        await client.flushall()
    await scene.every_partition_moves()
    await scene.ends_right()

"""Two workers with the counting job, and everything that may happen to them. The log, folded anew, is the judge."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics, create_topics
from tests.conftest import eventually
from tests.integration.counting import Feeder, Fleet, applied_all, judge, watermarks

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]


class Scene:
    def __init__(self, kafka: Broker, server: RedisServer, topics: Topics, logs: Path) -> None:
        self.kafka, self.server, self.topics = kafka, server, topics
        self.fleet = Fleet(kafka.bootstrap, server.url, topics, logs)
        self.feeder = Feeder(kafka.bootstrap, topics)

    async def progress(self, records: int = 2_000, seconds: float = 90) -> None:
        """Wait until so many more records are applied in every partition together."""
        begin = sum(await watermarks(self.server.url, self.topics.partitions))

        async def more() -> bool:
            return sum(await watermarks(self.server.url, self.topics.partitions)) >= begin + records

        await eventually(more, seconds=seconds, every=0.1, why="workers make progress")

    async def every_partition_moves(self, seconds: float = 90) -> None:
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


async def test_workers_that_join_and_leave_lose_and_double_nothing(scene: Scene) -> None:
    second = await scene.fleet.joins()
    await scene.progress(2_000)
    second.send_signal(signal.SIGTERM)
    await eventually(lambda: second.poll() is not None, seconds=60)
    assert second.returncode == 0
    await scene.every_partition_moves()
    verdict = await scene.ends_right()
    assert verdict["repeats"] == 0


async def test_a_killed_workers_partitions_go_on_in_another(scene: Scene) -> None:
    second = await scene.fleet.joins()
    await scene.progress(2_000)
    second.send_signal(signal.SIGKILL)
    await scene.every_partition_moves()
    await scene.ends_right()


async def test_a_worker_paused_past_its_session_timeout_changes_nothing_when_it_wakes(scene: Scene) -> None:
    second = await scene.fleet.joins()
    await scene.progress(2_000)
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


@pytest.fixture
def restartable(kafka: Broker, redis_server: RedisServer) -> None:
    if not redis_server.restartable:
        pytest.skip("the Redis of STAMGAST_REDIS_URL is not ours to restart")


@pytest.mark.usefixtures("restartable")
async def test_redis_restarted_and_gone_back_by_seconds_heals_without_a_restart(scene: Scene) -> None:
    await asyncio.to_thread(scene.server.restart)
    await scene.every_partition_moves()
    older = await asyncio.to_thread(scene.server.copy_data)
    await scene.progress(3_000)
    await asyncio.to_thread(scene.server.go_back_to, older)
    await scene.every_partition_moves()
    await scene.ends_right()


@pytest.mark.usefixtures("restartable")
async def test_the_broker_killed_and_started_again_loses_nothing(scene: Scene) -> None:
    if not scene.kafka.restartable:
        pytest.skip("the broker of STAMGAST_KAFKA_BOOTSTRAP is not ours to restart")
    scene.fleet.start()
    await scene.progress(4_000)
    await asyncio.to_thread(scene.kafka.kill)
    await asyncio.to_thread(scene.kafka.start)
    await scene.progress(4_000, seconds=90)
    await scene.ends_right()


@pytest.mark.usefixtures("restartable")
async def test_a_broker_recreated_under_old_state_is_refused(scene: Scene) -> None:
    if not scene.kafka.restartable:
        pytest.skip("the broker of STAMGAST_KAFKA_BOOTSTRAP is not ours to recreate")
    await scene.ends_right()
    reached = await watermarks(scene.server.url, scene.topics.partitions)
    await asyncio.to_thread(scene.kafka.recreate)
    await asyncio.to_thread(create_topics, scene.kafka.bootstrap, scene.topics)
    log = scene.fleet.logs / "worker-0.log"
    await eventually(lambda: log.read_text().count("the state was made from") >= 1, seconds=60)
    scene.feeder = Feeder(scene.kafka.bootstrap, scene.topics)
    # It is refused every five seconds, and told every ten.
    await eventually(lambda: log.read_text().count("the state was made from") >= 3, seconds=60)
    assert await watermarks(scene.server.url, scene.topics.partitions) == reached

"""Redis restarts, forgets its last second, forgets everything; the broker crashes; a broker is not the one it was."""

from __future__ import annotations

import asyncio

import pytest

from stamgast.log.topics import create_topics
from tests.conftest import eventually
from tests.integration.proofs.guests import Guests
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]


async def two_workers(scene: Scene) -> None:
    for worker in [scene.fleet.start(), scene.fleet.start()]:
        await worker.ready()
    await scene.barriers()


async def test_a_redis_that_restarts_forgets_a_second_or_forgets_everything_is_made_whole(scene: Scene) -> None:
    if not scene.server.restartable:
        pytest.skip("the Redis of STAMGAST_REDIS_URL is not ours to break")
    await two_workers(scene)
    guests = await Guests.welcome(scene)
    feeder = scene.feeder(rate=40)
    feeder.start()
    await scene.applied(150)

    before = await scene.tokens()
    await asyncio.to_thread(scene.server.restart)
    await scene.taken_anew(before)
    await scene.applied(100)

    copy = await asyncio.to_thread(scene.server.copy_data)
    await scene.applied(120)  # about a second's worth
    before = await scene.tokens()
    await asyncio.to_thread(scene.server.go_back_to, copy)
    await scene.taken_anew(before)
    await scene.applied(100)

    before = await scene.tokens()
    await asyncio.to_thread(scene.server.empty)
    await scene.taken_anew(before)
    await feeder.stop()
    await guests.leave()
    verdict = await judged(scene, report=True)
    assert verdict.guests > 3


async def test_a_broker_that_crashes_and_comes_back_loses_and_doubles_nothing(scene: Scene) -> None:
    if not scene.kafka.restartable:
        pytest.skip("the broker of STAMGAST_KAFKA_BOOTSTRAP is not ours to break")
    await two_workers(scene)
    feeder = scene.feeder(rate=40)
    feeder.start()
    await scene.applied(150)
    await asyncio.to_thread(scene.kafka.kill)
    worker = scene.fleet.all[0]
    await eventually(lambda: asyncio.to_thread(lambda: worker.answer("/readyz")[0] == 503), seconds=60)
    await asyncio.to_thread(scene.kafka.start)
    await scene.applied(100)
    await feeder.stop()
    await judged(scene, report=True)
    assert [worker.process.exit_code for worker in scene.fleet.all] == [None, None]


async def test_a_redis_that_forgets_everything_while_the_broker_is_away_is_made_whole(scene: Scene) -> None:
    """Views and partitions are lost, and whoever reads them anew is stopped while nobody answers."""
    if not (scene.kafka.restartable and scene.server.restartable):
        pytest.skip("the services of this run are not ours to break")
    await two_workers(scene)
    feeder = scene.feeder(rate=40)
    feeder.start()
    await scene.applied(150)
    before = await scene.tokens()
    await asyncio.to_thread(scene.kafka.kill)
    await asyncio.to_thread(scene.server.empty)
    logs = [worker.process.log for worker in scene.fleet.all]
    await eventually(lambda: all("view not loaded" in log.read_text() for log in logs), seconds=60)
    await asyncio.to_thread(scene.kafka.start)
    await scene.taken_anew(before)
    await scene.applied(100)
    await feeder.stop()
    await judged(scene, report=True)
    assert [worker.process.exit_code for worker in scene.fleet.all] == [None, None]


async def test_a_recreated_broker_under_an_old_redis_is_refused_with_an_alarm(scene: Scene) -> None:
    if not scene.kafka.restartable:
        pytest.skip("the broker of STAMGAST_KAFKA_BOOTSTRAP is not ours to recreate")
    worker = scene.fleet.start()
    await worker.ready()
    await scene.barriers()
    feeder = scene.feeder()
    await feeder.transactions(40)
    await scene.settled()
    await feeder.stop()
    held = await scene.watermarks()
    await asyncio.to_thread(scene.kafka.recreate)
    await asyncio.to_thread(create_topics, scene.settings.kafka_bootstrap, scene.topics)

    def alarmed() -> bool:
        assert worker.process.exit_code is None, worker.process.log_tail()
        status, _ = worker.answer("/readyz")
        _, figures = worker.answer("/metrics")
        alarms = [line for line in figures.splitlines() if line.startswith("stamgast_") and "alarm" in line]
        raised = {line.split("{")[1].split("}")[0] for line in alarms if float(line.split()[-1]) > 0}
        return status == 503 and len(raised) == 2

    await eventually(lambda: asyncio.to_thread(alarmed), seconds=60, every=0.3, why="both services raise the alarm")
    assert await scene.watermarks() == held

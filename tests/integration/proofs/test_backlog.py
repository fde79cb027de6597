"""Thousands of messages wait in one partition, and whoever takes it is killed again and again on the way.

STAMGAST_BACKLOG says how many (50,000 take some minutes). Most of them are for people whose phone nobody knows: they
wait as all others do, and end without keeping the sandbox busy.
"""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator

import pytest

from stamgast.local.brokers import Broker
from stamgast.log.topics import Topics, create_topics, delete_topics
from stamgast.state.keys import customers
from tests.conftest import eventually
from tests.integration.proofs.feed import Feeder
from tests.integration.proofs.fleet import Fault
from tests.integration.proofs.receipts import Crowd
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

BACKLOG = int(os.environ.get("STAMGAST_BACKLOG", "3000"))
PATIENCE_S = 60 + BACKLOG / 100

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow, pytest.mark.timeout(int(400 + BACKLOG / 20))]


@pytest.fixture
def topics(kafka: Broker) -> Iterator[Topics]:
    """As always, with one partition."""
    mine = Topics(1, prefix=f"t{uuid.uuid4().hex[:8]}.")
    create_topics(kafka.bootstrap, mine)
    yield mine
    delete_topics(kafka.bootstrap, mine)


async def waiting(scene: Scene) -> int:
    async with scene.redis() as client:
        return int(await client.hlen(customers(0).outbox))


async def test_a_backlog_outlives_every_worker_and_each_message_goes_once(scene: Scene) -> None:
    first = scene.fleet.start()
    await first.ready()
    await scene.barriers()
    await scene.switch(slow="always", slow_ms=2_500)
    half = len(scene.people) // 2
    crowd = [*scene.people[:half], *await scene.agreeing(BACKLOG), *scene.people[half:]]
    feeder = Feeder(scene.settings.kafka_bootstrap, scene.topics, Crowd(crowd, seed=1, prefix="crowd"))
    await feeder.transactions(len(crowd))
    await feeder.stop()

    async def most_wait() -> bool:
        return await waiting(scene) >= BACKLOG * 2 // 3

    await eventually(most_wait, seconds=PATIENCE_S, every=0.2, why="they wait")
    scene.fleet.kills += 1
    first.process.signal(signal.SIGKILL)
    for fault in (Fault("customers.begin", "kill", nth=9), Fault("customers.outcome", "kill", nth=BACKLOG // 3)):
        doomed = scene.fleet.start(fault)
        await doomed.ready()
        doomed.arm()
        await scene.fleet.struck(doomed, 1, seconds=PATIENCE_S)
        await scene.switch(reset=True)
        assert await waiting(scene) > BACKLOG // 4
    await scene.fleet.start().ready()
    await scene.settled(seconds=PATIENCE_S)
    verdict = await judged(scene)
    assert verdict.sent > half
    assert scene.fleet.kills == 3

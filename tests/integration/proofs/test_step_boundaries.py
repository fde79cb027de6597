"""A worker is killed, or paused beyond its session timeout, right after each step of both services."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from stamgast.local.brokers import Broker
from stamgast.log.topics import Topics, create_topics, delete_topics
from tests.integration.proofs.fleet import Fault
from tests.integration.proofs.guests import Guests
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

PARTITIONS = 6
"""Enough for the workers of a wave and the one that stays: each of them has a partition of both services."""

WAVES = (
    ("intake.read", "customers.timer", "customers.think", "customers.claim"),
    ("intake.think", "intake.commit", "customers.commit", "customers.record"),
    ("intake.half_emitted", "customers.read", "customers.noted", "customers.begin"),
    ("intake.emit", "customers.emit", "customers.post", "customers.outcome"),
)
"""Those of one line strike at the same time, in four workers; others take over."""


@pytest.fixture
def topics(kafka: Broker) -> Iterator[Topics]:
    """As always, with more partitions."""
    mine = Topics(PARTITIONS, prefix=f"t{uuid.uuid4().hex[:8]}.")
    create_topics(kafka.bootstrap, mine)
    yield mine
    delete_topics(kafka.bootstrap, mine)


async def test_a_worker_killed_after_any_step_loses_and_doubles_nothing(scene: Scene) -> None:
    steady = scene.fleet.start()
    waves = [[Fault(boundary, "kill", nth=2) for boundary in boundaries] for boundaries in WAVES]
    doomed = [scene.fleet.start(fault) for fault in waves.pop(0)]
    await steady.ready()
    await scene.barriers()
    guests = await Guests.welcome(scene)
    feeder = scene.feeder()
    feeder.rubbish = True
    feeder.start()
    while doomed:
        for worker in doomed:
            await worker.ready()
        for worker in doomed:
            worker.arm()
        for worker in doomed:
            await scene.fleet.struck(worker, 1)
        held = await scene.tokens()
        doomed = [scene.fleet.start(fault) for fault in waves.pop(0)] if waves else []
        await scene.taken_anew(held)
    await feeder.stop()
    await guests.leave()
    verdict = await judged(scene, report=True)
    assert scene.fleet.kills == 16
    assert verdict.expected > 100
    assert verdict.guests > 10


async def test_a_worker_paused_after_any_step_past_its_session_changes_nothing_when_it_wakes(scene: Scene) -> None:
    """The sleepers wake when another one has taken everything, and go on to their next pause."""
    plans = [[Fault(boundary, "stop", nth=2) for boundary in boundaries] for boundaries in zip(*WAVES, strict=True)]
    sleepers = [scene.fleet.start(*plan) for plan in plans]
    await scene.fleet.start().ready()
    await scene.barriers()
    feeder = scene.feeder()
    feeder.rubbish = True
    feeder.start()
    for worker in sleepers:
        worker.arm()
    for count in range(1, len(WAVES) + 1):
        for worker in sleepers:
            await scene.fleet.struck(worker, count)
        await scene.taken_anew(await scene.tokens())
        for worker in sleepers:
            worker.wake()
    await feeder.stop()
    verdict = await judged(scene, report=True)
    assert scene.fleet.pauses == 16
    assert verdict.expected > 100

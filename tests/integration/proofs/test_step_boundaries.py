"""A worker is killed, or paused beyond its session timeout, right after each step of both services."""

from __future__ import annotations

import pytest

from tests.integration.proofs.fleet import Fault
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

BOUNDARIES = (
    ("intake.read", "customers.read", "customers.claim"),
    ("intake.think", "customers.think", "customers.record"),
    ("intake.half_emitted", "customers.emit", "customers.begin"),
    ("intake.emit", "customers.commit", "customers.post"),
    ("intake.commit", "customers.noted", "customers.told"),
)
"""Those of one line strike at the same time, in three workers; a fourth takes over."""


async def test_a_worker_killed_after_any_step_loses_and_doubles_nothing(scene: Scene) -> None:
    steady = scene.fleet.start()
    await steady.ready()
    await scene.barriers()
    feeder = scene.feeder()
    feeder.rubbish = True
    feeder.start()
    waves = [[Fault(boundary, "kill", nth=2) for boundary in boundaries] for boundaries in BOUNDARIES]
    doomed = [scene.fleet.start(fault) for fault in waves.pop(0)]
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
    verdict = await judged(scene)
    assert scene.fleet.kills == 15
    assert verdict.expected > 100


async def test_a_worker_paused_after_any_step_past_its_session_changes_nothing_when_it_wakes(scene: Scene) -> None:
    """The sleepers wake when another one has taken everything, and go on to their next pause."""
    sleepers = [
        scene.fleet.start(*(Fault(boundary, "stop", nth=2) for boundary in boundaries))
        for boundaries in zip(*BOUNDARIES, strict=True)
    ]
    await scene.fleet.start().ready()
    await scene.barriers()
    feeder = scene.feeder()
    feeder.rubbish = True
    feeder.start()
    for worker in sleepers:
        worker.arm()
    for count in range(1, len(BOUNDARIES) + 1):
        for worker in sleepers:
            await scene.fleet.struck(worker, count)
        await scene.taken_anew(await scene.tokens())
        for worker in sleepers:
            worker.wake()
    await feeder.stop()
    verdict = await judged(scene)
    assert scene.fleet.pauses == 15
    assert verdict.expected > 100

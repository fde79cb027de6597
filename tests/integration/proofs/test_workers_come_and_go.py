"""Workers join and leave while tills deliver."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.proofs.verdicts import judged

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]


async def test_workers_that_join_and_leave_lose_and_double_nothing(scene):
    first = scene.fleet.start()
    await first.ready()
    await scene.barriers()
    feeder = scene.feeder()
    feeder.start()
    before = await scene.tokens()
    second = scene.fleet.start()
    await second.ready()
    await scene.taken_anew(before)
    before = await scene.tokens()
    assert await asyncio.to_thread(first.process.stop, seconds=90) == 0
    await scene.taken_anew(before)
    await feeder.stop()
    verdict = await judged(scene, unproven=0, report=True)
    assert verdict.expected > 20
    await scene.fleet.stop_all()

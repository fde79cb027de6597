"""Rules change while tills deliver; then Redis is emptied and all of it is computed again."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.proofs import merchant
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]


async def test_a_rebuild_over_a_change_of_rules_comes_to_the_same_and_sends_nothing_twice(scene: Scene) -> None:
    for worker in [scene.fleet.start(), scene.fleet.start()]:
        await worker.ready()
    await scene.barriers()
    feeder = scene.feeder(rate=40)
    feeder.start()
    await scene.applied(150)
    await scene.publish(merchant.write_second(scene.folder / "config"), merchant.SECOND)
    await scene.barriers(1)
    await scene.applied(150)
    await feeder.stop()
    once = await judged(scene, cards=False, unproven=0)
    before = await scene.tokens()
    async with scene.redis() as client:
        await client.flushall()
    await scene.taken_anew(before)
    again = await judged(scene, cards=False, unproven=0)
    assert (again.sent, again.customers, again.expected) == (once.sent, once.customers, once.expected)
    await asyncio.gather(*(asyncio.to_thread(worker.process.stop) for worker in scene.fleet.all))

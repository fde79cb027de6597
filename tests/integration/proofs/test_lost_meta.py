"""Redis lost what it knew of a partition, and nothing else: customers are not made anew on top of themselves."""

from __future__ import annotations

import pytest

from stamgast.state.keys import customers, transactions
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]


async def test_a_partition_that_lost_its_meta_alone_is_filled_anew_beside_the_others(scene: Scene) -> None:
    worker = scene.fleet.start()
    await worker.ready()
    await scene.barriers()
    feeder = scene.feeder()
    await feeder.transactions(80)
    await feeder.stop()
    await scene.settled()

    async with scene.redis() as client:
        await client.delete(customers(0).meta, transactions(1).meta)
    await scene.settled()
    feeder = scene.feeder()
    await feeder.transactions(20)
    await feeder.stop()
    await judged(scene, report=True)
    assert worker.process.exit_code is None

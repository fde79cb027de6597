"""Redis takes nothing back: a commit that fails in the middle leaves half a step, and the partition is filled anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import eventually
from tests.integration.proofs.guests import Guests
from tests.integration.proofs.half_writing import counted
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

KINDS = {
    *("customers.HSET", "customers.MSET", "customers.ZADD", "customers.ZREM", "customers.HDEL"),
    *("customers.XADD", "customers.SET", "customers.SADD", "customers.EXPIRE", "intake.HSET", "intake.SET"),
    *("intake.HDEL",),
}
"""What steps are made of."""


async def test_a_commit_that_fails_at_any_of_its_commands_ends_equal_to_the_oracle(
    scene: Scene, tmp_path: Path
) -> None:
    halves = tmp_path / "halves"
    halves.mkdir()
    scene.fleet.env["PROOF_HALVES"] = str(halves)
    for worker in [scene.fleet.start(), scene.fleet.start()]:
        await worker.ready()
    await scene.barriers()
    guests = await Guests.welcome(scene)
    feeder = scene.feeder(live=0.8)
    feeder.rubbish = True
    feeder.start()
    await scene.applied(150)
    (halves / "armed").touch()
    await eventually(lambda: counted(halves).keys() >= KINDS, seconds=120, every=0.2, why="every kind was broken once")
    (halves / "armed").unlink()
    await feeder.stop()
    await guests.leave()
    verdict = await judged(scene)
    assert verdict.guests > 3
    print("HALVES", counted(halves))
    assert [worker.process.exit_code for worker in scene.fleet.all] == [None, None]


async def test_a_state_that_somebody_else_has_written_into_is_filled_anew(scene: Scene) -> None:
    worker = scene.fleet.start()
    await worker.ready()
    await scene.barriers()
    feeder = scene.feeder()
    await feeder.transactions(60)
    await scene.settled()
    async with scene.redis() as client:
        for number, name in enumerate(("stats", "outbox", "meta", "timers")):
            await client.delete(f"{{c{number}}}:{name}")
            await client.set(f"{{c{number}}}:{name}", "not ours")
    await feeder.transactions(60)
    await feeder.stop()
    await judged(scene)
    assert worker.process.exit_code is None

"""Ten times the size of the other proofs, in one run: a crowd, a regular, a backlog at the carrier, kills between.

Not part of the usual run: STAMGAST_SCALE says which part of the full size it takes (1 is all of it, about half an hour).
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time

import pytest

from stamgast.state.keys import customers
from tests.conftest import eventually
from tests.integration.pacing import until
from tests.integration.proofs.feed import Feeder
from tests.integration.proofs.receipts import Crowd
from tests.integration.proofs.scene import LETTERS, Scene
from tests.integration.proofs.verdicts import judged

SCALE = float(os.environ.get("STAMGAST_SCALE", "0"))
CROWD = int(300_000 * SCALE)
PURCHASES_OF_ONE = int(20_000 * SCALE)
WAITING_EVENTS = int(100_000 * SCALE)
WAITING_MESSAGES = int(50_000 * SCALE)
WORKERS = 3
KILL_EVERY_S = 20.0

pytestmark = [
    pytest.mark.multi_worker,
    pytest.mark.slow,
    pytest.mark.timeout(3_600),
    pytest.mark.skipif(not SCALE, reason="a run of half an hour: set STAMGAST_SCALE"),
]


class Killer:
    """Kills a worker now and then, and starts another one for it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._draw = random.Random(3)
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            await until(time.monotonic() + KILL_EVERY_S)
            alive = [worker for worker in self._scene.fleet.all if worker.process.exit_code is None]
            self._draw.choice(alive).process.signal(signal.SIGKILL)
            self._scene.fleet.kills += 1
            self._scene.fleet.start()

    def end(self) -> None:
        self._task.cancel()


async def test_ten_times_the_usual_sizes_end_equal_to_the_oracle(scene: Scene) -> None:
    await scene.switch(error_500_before="always")
    agreeing = await scene.agreeing(WAITING_MESSAGES + WAITING_MESSAGES // 4)
    crowd, regular = agreeing + others(CROWD - len(agreeing)), others(1, begin=CROWD)
    # Before the first worker: what reaches a partition of customers ahead of its barrier waits there.
    await deliver(scene, regular, PURCHASES_OF_ONE, live=False)
    await deliver(scene, crowd, WAITING_EVENTS, live=False)
    for worker in [scene.fleet.start() for _ in range(WORKERS)]:
        await worker.ready(seconds=120)
    killer = Killer(scene)
    await deliver(scene, scene.people, len(scene.people), live=True)  # the carrier fails them, and all others wait
    await asyncio.gather(deliver(scene, crowd, CROWD - WAITING_EVENTS, live=False), deliver_one_each(scene, agreeing))
    await eventually(lambda: is_waiting(scene), seconds=1_200, every=2, why="so many messages wait")
    await scene.switch(reset=True)
    await eventually(lambda: is_drained(scene), seconds=1_800, every=2, why="the backlog has gone out")
    killer.end()
    await judged(scene, patience_s=1_800)


async def deliver(scene: Scene, whose: list[str], count: int, *, live: bool) -> None:
    """Let a till deliver so many transactions of these customers as fast as Kafka takes them."""
    feeder = scene.feeder(whose)
    await feeder.transactions(count, live=live)
    await feeder.stop()


async def deliver_one_each(scene: Scene, whose: list[str]) -> None:
    """Let each of these customers buy something now."""
    till = Crowd(whose, seed=len(scene.tills) + 1, prefix=f"till{len(scene.tills)}:")
    scene.tills.append(till)
    feeder = Feeder(scene.settings.kafka_bootstrap, scene.topics, till)
    await feeder.transactions(len(whose))
    await feeder.stop()


def others(count: int, begin: int = 0) -> list[str]:
    """Customers of whom nothing is known."""
    return [f"cnobody{number:018}".translate(LETTERS) for number in range(begin, begin + count)]


async def in_outbox(scene: Scene) -> int:
    """How many messages wait in all partitions."""
    async with scene.redis() as client:
        return sum([await client.hlen(customers(number).outbox) for number in range(scene.topics.partitions)])


async def is_waiting(scene: Scene) -> bool:
    """Whether as many messages wait as there were to be."""
    return await in_outbox(scene) >= WAITING_MESSAGES


async def is_drained(scene: Scene) -> bool:
    """Whether next to none waits any more."""
    return await in_outbox(scene) < WAITING_MESSAGES // 100 + 10

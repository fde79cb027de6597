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
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

SCALE = float(os.environ.get("STAMGAST_SCALE", "0"))
CROWD = int(300_000 * SCALE)
PURCHASES_OF_ONE = int(20_000 * SCALE)
WAITING_EVENTS = int(100_000 * SCALE)
WAITING_MESSAGES = int(50_000 * SCALE)
ENROLLED = 400 + int(4_000 * SCALE)
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
    await scene.enrol(ENROLLED - len(scene.people))
    await scene.switch(**{"429": 1.0})
    regular, crowd = f"c{'r' * 24}", [f"c{number:024d}" for number in range(CROWD)]
    # Before the first worker: what reaches a partition of customers ahead of its barrier waits there.
    await deliver(scene, [regular], PURCHASES_OF_ONE, live=False)
    await deliver(scene, crowd, WAITING_EVENTS, live=False)
    for worker in [scene.fleet.start() for _ in range(WORKERS)]:
        await worker.ready(seconds=120)
    killer = Killer(scene)
    await asyncio.gather(
        deliver(scene, crowd, CROWD - WAITING_EVENTS, live=False),
        deliver(scene, scene.people, 2 * WAITING_MESSAGES, live=True),
    )
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

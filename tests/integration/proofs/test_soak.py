"""Everything at once, at random, for as long as STAMGAST_SOAK_S says (seconds). Not part of the usual run."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time

import pytest

from tests.integration.pacing import until
from tests.integration.proofs.guests import Guests
from tests.integration.proofs.scene import SESSION_S, Scene
from tests.integration.proofs.verdicts import judged

SECONDS = float(os.environ.get("STAMGAST_SOAK_S", "0"))
WORKERS = 3
PEOPLE = 2_000

pytestmark = [
    pytest.mark.multi_worker,
    pytest.mark.slow,
    pytest.mark.timeout(int(SECONDS) + 400),
    pytest.mark.skipif(not SECONDS, reason="a soak: set STAMGAST_SOAK_S to the seconds it may take"),
]

CARRIER = {
    "lost_before": 0.02, "lost_after": 0.02, "error_500_after": 0.02, "429": 0.03,
    "callbacks": {"lose": 0.05, "duplicate": 0.1, "reorder": 0.1},
}  # fmt: skip


class Trouble:
    """What may happen, one thing at a time."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene = scene
        self._draw = random.Random(seed)
        self._asleep: list[asyncio.Task[None]] = []
        self.happened: list[str] = []

    async def strike(self) -> None:
        """Let one thing happen."""
        kinds = ["kill"] * 4 + ["term"] * 2 + ["pause"] * 4 + ["redis_restarts", "redis_goes_back", "redis_is_emptied"]
        kinds += ["broker_crashes"] if self._scene.kafka.restartable else []
        kind = self._draw.choice(kinds)
        self.happened.append(kind)
        await getattr(self, f"_{kind}")()

    async def end(self) -> None:
        """Wait until all sleepers are awake."""
        await asyncio.gather(*self._asleep)

    def _victim(self):
        alive = [worker for worker in self._scene.fleet.all if worker.process.exit_code is None]
        self._scene.fleet.start()
        return self._draw.choice(alive[-WORKERS:])

    async def _kill(self) -> None:
        self._scene.fleet.kills += 1
        self._victim().process.signal(signal.SIGKILL)

    async def _term(self) -> None:
        self._victim().process.signal(signal.SIGTERM)

    async def _pause(self) -> None:
        self._scene.fleet.pauses += 1
        victim = self._victim()
        victim.process.signal(signal.SIGSTOP)

        async def wake(at: float) -> None:
            await until(at)
            victim.wake()
            await victim.back()
            victim.process.signal(signal.SIGTERM)  # or more and more workers would be running

        wakes_at = time.monotonic() + self._draw.uniform(SESSION_S + 1, 3 * SESSION_S)
        self._asleep.append(asyncio.create_task(wake(wakes_at)))

    async def _redis_restarts(self) -> None:
        await asyncio.to_thread(self._scene.server.restart)

    async def _redis_goes_back(self) -> None:
        copy = await asyncio.to_thread(self._scene.server.copy_data)
        await self._scene.applied(40)  # about a second's worth
        await asyncio.to_thread(self._scene.server.go_back_to, copy)

    async def _redis_is_emptied(self) -> None:
        await asyncio.to_thread(self._scene.server.empty)

    async def _broker_crashes(self) -> None:
        await asyncio.to_thread(self._scene.kafka.kill)
        await asyncio.to_thread(self._scene.kafka.start)


async def test_everything_at_once(scene: Scene) -> None:
    await scene.enrol(PEOPLE - len(scene.people))
    for worker in [scene.fleet.start() for _ in range(WORKERS)]:
        await worker.ready()
    await scene.barriers()
    guests = await Guests.welcome(scene)
    await scene.switch(seed=1, **CARRIER)
    seed = int(os.environ.get("STAMGAST_SOAK_SEED", "1"))
    draw, trouble = random.Random(seed), Trouble(scene, seed)
    feeder = scene.feeder()
    feeder.rubbish = True
    feeder.start()
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        await until(time.monotonic() + draw.uniform(2, 9))
        feeder.foreign = draw.random() < 0.3
        await trouble.strike()
    await trouble.end()
    await scene.switch(reset=True)
    await feeder.stop()
    await scene.fleet.start().ready()
    await guests.leave()
    print("SOAK", trouble.happened)
    await judged(scene)

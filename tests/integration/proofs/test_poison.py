"""A record that ends whoever applies it: it loops for ever, it ends the process, it takes all memory."""

from __future__ import annotations

import asyncio

import pytest

from tests.conftest import eventually
from tests.integration.proofs.feed import NOBODY, POISON, Producer
from tests.integration.proofs.merchant import MERCHANT
from tests.integration.proofs.poison import KINDS, MARK
from tests.integration.proofs.receipts import now
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

DEADLY = 4
"""Those that a process does not survive: two kinds in each of the two services. It notices where its memory ends."""
DEATHS_OF_ONE = 3
"""With whatever stood beside it in its step; alone; and alone again."""


class Supervisor:
    """Starts another worker for each that ended, as systemd or Compose do."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._task = asyncio.create_task(self._run())
        self.deaths = 0

    async def _run(self) -> None:
        known: set[str] = set()

        def ended() -> list[str]:
            return [w.name for w in self._scene.fleet.all if w.process.exit_code is not None and w.name not in known]

        while True:
            for name in await eventually(ended, seconds=600, every=0.1):
                known.add(name)
                self.deaths += 1
                self._scene.fleet.start()

    def end(self) -> None:
        self._task.cancel()


async def test_a_record_at_which_workers_end_is_laid_aside_and_everything_else_goes_on(scene: Scene) -> None:
    scene.fleet.env |= {"PROOF_POISON": "1", "STAMGAST_STALL_LIMIT_S": "2"}
    for worker in [scene.fleet.start(), scene.fleet.start()]:
        await worker.ready()
    await scene.barriers()
    feeder, producer, topics = scene.feeder(), Producer(scene.settings.kafka_bootstrap), scene.topics
    feeder.start()
    await scene.applied(100)
    supervisor = Supervisor(scene)
    for number, kind in enumerate(KINDS):
        poison = POISON.replace(b"never seen", f"{MARK}{kind}".encode()) % (MERCHANT.encode(), NOBODY.encode(), now())
        await producer.send(topics.customer_events, [(b"nobody", poison, number)])
        await producer.send(topics.purchases, [(b"nobody", f"{MARK}{kind}".encode(), number)])
    await eventually(lambda: laid_aside(scene), seconds=240, every=0.5, why="all of them are laid aside")
    notes = [text for worker in scene.fleet.all if (text := worker.answer("/readyz")[1])]
    await scene.applied(100)
    await feeder.stop()
    await producer.close()
    supervisor.end()
    assert any("goes on without offset" in text for text in notes), notes
    verdict = await judged(scene)
    assert verdict.letters == 2 * len(KINDS)
    assert DEADLY * 2 <= supervisor.deaths <= DEADLY * DEATHS_OF_ONE


async def laid_aside(scene: Scene) -> bool:
    """Whether the deadly ones are, each in its partition."""
    async with scene.redis() as client:
        names = [f"{{{service}{n}}}:meta" for service in "ct" for n in range(scene.topics.partitions)]
        return sum([await client.hexists(name, "aside") for name in names]) == DEADLY

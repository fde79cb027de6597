"""Web is killed while it takes a batch of 1,000 purchases, and the client sends the same batch again."""

from __future__ import annotations

import asyncio
import json
import signal
from functools import partial
from typing import Any

import httpx
import pytest

from stamgast.api_keys.admin import Keyring
from stamgast.demo.stage import environment
from stamgast.local.processes import free_port
from tests.builders import line, snapshot
from tests.conftest import eventually
from tests.integration.proofs import web_at_boundary
from tests.integration.proofs.forge import Forged, preload
from tests.integration.proofs.judging import live_customers, read_log
from tests.integration.proofs.merchant import MERCHANT
from tests.integration.proofs.receipts import now
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

preload(web_at_boundary.__name__)

BOUNDARIES = {"named": (0, 0), "half": (1, 999), "appended": (1_000, 1_000)}
"""Boundary -> how many of the batch are in the log at least and at most when web is dead."""
BATCH = 1_000


class Web:
    """A till's view of web: one address, and whatever process stands behind it."""

    def __init__(self, scene: Scene, key: str) -> None:
        self._scene = scene
        self._port, self._health = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.http = httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False)

    async def start(self, boundary: str) -> Forged:
        """Start a process that dies at a boundary, and wait until it is ready."""
        folder = self._scene.folder / f"web-{boundary}"
        (folder / "marks").mkdir(parents=True)
        (folder / "armed").touch()
        env = environment(
            self._scene.settings.model_copy(update={"web_port": self._port, "web_metrics_port": self._health})
        )
        env |= {"PROOF_FAULTS": json.dumps([[boundary, "kill", 1]] if boundary in BOUNDARIES else [])}
        env |= {"PROOF_ARMED": str(folder / "armed"), "PROOF_MARKS": str(folder / "marks")}
        process = Forged("web", web_at_boundary.main, log=folder / "log", env=env)

        async def ready() -> bool:
            assert process.exit_code is None, process.log_tail()
            try:
                return (await self.http.get(f"http://127.0.0.1:{self._health}/readyz")).status_code == 200
            except httpx.HTTPError:
                return False

        await eventually(ready, seconds=60, every=0.05, why="web is ready")
        return process

    async def post(self, batch: list[dict[str, Any]]) -> int:
        """Send a batch; 0 if nobody answered."""
        try:
            answer = await self.http.post(f"{self.url}/v1/merchants/{MERCHANT}/purchases", json=batch)
        except httpx.HTTPError:
            return 0
        assert answer.status_code in {202, 503}, answer.text
        return answer.status_code


def batch_of(scene: Scene, name: str) -> list[dict[str, Any]]:
    """A thousand purchases: most by people whom nobody knows yet, some of them more than once."""
    bread = [line("1", 350, category="bread")]
    sales = [snapshot(f"{name}:{n}", lines=bread, when=now(), customer=None) for n in range(BATCH)]
    for number, sale in enumerate(sales):
        if number < 40:
            sale["customer"] = {"customer_id": scene.people[number]}
        elif number % 10 == 0:
            sale["customer"] = {"membership_number": f"{name}-{number % 300}"}
        else:
            sale["customer"] = {"phone": f"+3161{number % 700:07d}"}
    return sales


async def test_a_batch_whose_web_process_died_and_that_was_sent_again_counts_once(scene: Scene) -> None:
    await scene.fleet.start().ready()
    await scene.barriers()
    ring = Keyring(scene.settings.kafka_bootstrap, scene.topics.api_keys)
    web = Web(scene, (await ring.create(MERCHANT, ("intake",), now())).text)
    batches = {boundary: batch_of(scene, boundary) for boundary in BOUNDARIES}
    for boundary, (least, most) in BOUNDARIES.items():
        doomed = await web.start(boundary)
        goes_back = boundary == "named" and scene.server.restartable
        held = await asyncio.to_thread(scene.server.copy_data) if goes_back else None
        assert await web.post(batches[boundary]) == 0
        await eventually(partial(was_killed, doomed), why="it struck itself down")
        assert least <= await appended(scene, boundary) <= most
        if held is not None:
            await asyncio.to_thread(scene.server.go_back_to, held)  # and with it who was just given an id
    await repeat(web, scene, batches)
    await judged(scene, unproven=0)
    live = await live_customers(scene.settings.redis_url, scene.topics.partitions)
    assert sum(state.purchases for state in live.values()) == BATCH * len(BOUNDARIES)
    assert sum(state.spend for state in live.values()) == 350 * BATCH * len(BOUNDARIES)


def was_killed(process: Forged) -> bool:
    return process.exit_code == -signal.SIGKILL


async def repeat(web: Web, scene: Scene, batches: dict[str, list[dict[str, Any]]]) -> None:
    """Send every batch again until it was taken, as a client does that had no answer."""
    sound = await web.start("never")
    for batch in batches.values():
        await eventually(partial(taken, web, batch), seconds=60, every=0.2, why="the batch is taken")
    await web.http.aclose()
    sound.kill()


async def taken(web: Web, batch: list[dict[str, Any]]) -> bool:
    return await web.post(batch) == 202


async def appended(scene: Scene, name: str) -> int:
    """How many records of a batch are in the log."""
    log = await read_log(scene.settings.kafka_bootstrap, scene.topics.purchases, scene.topics.partitions)
    return sum(f'"{name}:'.encode() in each.value for records in log.values() for each in records)

"""What waits for a merchant's first bundle is applied once, whatever is killed while it is taken up.

STAMGAST_WAITING_EVENTS says how many purchases wait; CI waits for fewer.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter

import pytest

from stamgast.state.backlogs import decode_backlogs
from stamgast.state.keys import customers
from stamgast.state.partition_meta import WAITS
from tests.builders import line, record, snapshot
from tests.conftest import eventually
from tests.integration.proofs.feed import Producer
from tests.integration.proofs.fleet import Fault
from tests.integration.proofs.judging import live_customers
from tests.integration.proofs.programmes import GOOD, put
from tests.integration.proofs.receipts import now
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import verified

EVENTS = int(os.environ.get("STAMGAST_WAITING_EVENTS", "3000"))
PATIENCE_S = 300 + EVENTS / 300
PIECE = str(max(50, EVENTS // 200))
"""So many are taken up in one commit: both faults strike while most still wait."""

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow, pytest.mark.timeout(int(4 * PATIENCE_S))]

EARLY = "early"
"""A merchant that connects before it publishes."""
SECOND = GOOD | {"program.yaml": f"{GOOD['program.yaml']}cards: {{bread: {{stamps: 3, per: item}}}}\n"}
FAULTS = [Fault("customers.head", "kill", nth=2), Fault("customers.took_up", "kill", nth=3)]


def buyer(scene: Scene, number: int) -> str:
    """Every other purchase is one customer's, a till's walk-in."""
    return scene.people[0 if number % 2 else number % 40]


async def bought_early(scene: Scene, start: int, count: int) -> None:
    """Purchases `start` and so many more."""
    producer = Producer(scene.settings.kafka_bootstrap)
    loaf = [line("1", 350)]
    for first in range(start, start + count, 1_000):
        numbers = range(first, min(first + 1_000, start + count))
        people = {n: buyer(scene, n) for n in numbers}
        sales = [
            record(snapshot(f"e{n}", lines=loaf, when=now(), customer=who), now(), EARLY) for n, who in people.items()
        ]
        await producer.send(scene.topics.purchases, [(*sale, None) for sale in sales])
    await producer.close()


async def waiting(scene: Scene) -> int:
    """How many events wait."""
    async with scene.redis() as client:
        return sum([await client.llen(customers(n).parked(EARLY)) for n in range(scene.topics.partitions)])


async def early_purchases(scene: Scene) -> dict[str, tuple[int, int]]:
    """Customer -> purchases and spend, as Redis holds them."""
    live = await live_customers(scene.settings.redis_url, scene.topics.partitions)
    return {who: (state.purchases, state.spend) for (merchant, who), state in live.items() if merchant == EARLY}


def expected(scene: Scene, count: int) -> dict[str, tuple[int, int]]:
    """The same from what was sent."""
    counted = Counter(buyer(scene, number) for number in range(count))
    return {who: (purchases, 350 * purchases) for who, purchases in counted.items()}


async def test_what_waited_is_applied_once_although_owners_are_killed_while_they_take_it_up(scene: Scene) -> None:
    scene.fleet.env["PROOF_PIECE"] = PIECE
    first = scene.fleet.start()
    await first.ready()
    await scene.barriers()
    await bought_early(scene, 0, EVENTS)
    await scene.settled(seconds=PATIENCE_S)
    assert (await waiting(scene), await early_purchases(scene)) == (EVENTS, {})

    feeder = scene.feeder()
    feeder.start()
    first.process.kill()
    await put(scene, EARLY, GOOD)
    for fault in FAULTS:
        worker = scene.fleet.start(fault)
        worker.arm()
        await scene.fleet.struck(worker, 1)
    left = await waiting(scene)
    assert 0 < left < EVENTS
    assert await verified(scene) == [], "what is taken up so far is right"
    await bought_early(scene, EVENTS, 500)  # behind what waits, as is the second bundle
    await put(scene, EARLY, SECOND)
    await scene.fleet.start().ready()
    await eventually(lambda: taken_up(scene), seconds=PATIENCE_S, every=0.2, why="nothing waits any more")
    await feeder.stop()
    await scene.settled(seconds=PATIENCE_S)
    assert await early_purchases(scene) == expected(scene, EVENTS + 500)
    assert await verified(scene) == []


async def taken_up(scene: Scene) -> bool:
    async with scene.redis() as client:
        metas = [await client.hget(customers(n).meta, WAITS.name) for n in range(scene.topics.partitions)]
        return not any(map(decode_backlogs, metas)) and not await waiting(scene)


async def test_a_redis_that_is_emptied_while_what_waited_is_taken_up_is_filled_anew(scene: Scene) -> None:
    scene.fleet.env["PROOF_PIECE"] = PIECE
    await bought_early(scene, 0, EVENTS)
    await put(scene, EARLY, GOOD)
    worker = scene.fleet.start(Fault("customers.took_up", "kill", nth=4))
    worker.arm()
    await scene.fleet.struck(worker, 1, seconds=PATIENCE_S)
    await asyncio.to_thread(scene.server.empty)
    await scene.fleet.start().ready()
    await scene.settled(seconds=PATIENCE_S)
    assert (await waiting(scene), await early_purchases(scene)) == (0, expected(scene, EVENTS))
    assert await verified(scene) == []

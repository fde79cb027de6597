"""Redis is full, read-only, without replicas, or may throw keys away: everything waits, says so, and goes on by itself."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from streams.runtime.inbox import CHUNK
from tests.conftest import eventually
from tests.integration.pacing import until
from tests.integration.proofs.guests import Guests
from tests.integration.proofs.redis_trouble import (
    Administrator,
    Checkout,
    administrator,
    ends,
    lines_of,
    rebuild,
    told,
    unready,
)
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

SECONDS = float(os.environ.get("STAMGAST_REFUSAL_S", "12"))
"""How long Redis takes no writes; three minutes in a run of its own."""

pytestmark = [
    pytest.mark.multi_worker,
    pytest.mark.slow,
    pytest.mark.timeout(int(3 * SECONDS) + 300),
]

TRIES_PER_S = 1.0
"""Lines that a partition may log while it waits: each is tried every few seconds."""


@pytest.fixture
def redis_admin(scene: Scene) -> Iterator[Administrator]:
    with administrator(scene.server) as hands:
        yield hands


@pytest.fixture
async def checkout(scene: Scene) -> AsyncIterator[Checkout]:
    opened = await Checkout.open(scene)
    yield opened
    await opened.close()


@pytest.mark.parametrize("trouble", ["fill_up", "make_replica", "ask_for_replicas"])
async def test_while_redis_takes_no_writes_nothing_is_told_twice_and_everybody_says_so(
    scene: Scene, redis_admin: Administrator, checkout: Checkout, trouble: str
) -> None:
    worker = scene.fleet.start()
    await worker.ready()
    await scene.barriers()
    guests = await Guests.welcome(scene) if trouble == "fill_up" else None
    feeder = scene.feeder(rate=40)
    feeder.start()
    await scene.applied(150)

    mend = await asyncio.to_thread(getattr(redis_admin, trouble))
    await unready(worker, "takes no writes")
    await checkout.refused("takes no writes")
    await checkout.unready("takes no writes")
    ended, lines, began = await ends(scene), lines_of(worker), time.monotonic()
    await until(began + SECONDS)
    added = sum((await ends(scene)).values()) - sum(ended.values())
    logged = lines_of(worker) - lines
    await unready(worker, "takes no writes")
    await asyncio.to_thread(mend)
    await worker.ready()
    await checkout.ready()
    for _ in range(5):
        await checkout.sell()
    await feeder.stop()
    if guests is not None:
        await guests.leave()
    await scene.settled(seconds=90 + 2 * SECONDS)  # what was bought meanwhile has messages to send

    verdict = await judged(scene)
    times = await told(scene)
    repeated = sum(count - 1 for count in times.values())
    print("REFUSED", {"trouble": trouble, "s": SECONDS, "added": added, "repeated": repeated, "lines": logged})
    partitions, minutes = scene.topics.partitions, 1 + int(SECONDS // 60)
    assert added <= partitions * CHUNK * minutes
    assert added <= feeder.deliveries
    assert max(times.values()) <= 2
    assert repeated <= partitions * CHUNK
    assert logged <= 2 * partitions * TRIES_PER_S * SECONDS
    assert verdict.deliveries >= feeder.deliveries + checkout.sold
    assert worker.process.exit_code is None


@pytest.mark.parametrize("policies", [("allkeys-lru", "volatile-lru"), ("volatile-ttl", "allkeys-random")])
async def test_nothing_is_done_with_a_redis_that_may_throw_keys_away_until_it_is_put_right(
    scene: Scene, redis_admin: Administrator, checkout: Checkout, policies: tuple[str, str]
) -> None:
    redis_admin.set(maxmemory_policy=policies[0])
    worker = scene.fleet.start()
    await unready(worker, f"its maxmemory-policy is {policies[0]}; set `maxmemory-policy noeviction`")
    await checkout.refused(f"its maxmemory-policy is {policies[0]}")
    await checkout.unready(f"its maxmemory-policy is {policies[0]}")
    assert await scene.tokens() == [None] * 2 * scene.topics.partitions

    redis_admin.set(maxmemory_policy="noeviction")
    await worker.ready()
    await checkout.ready()
    await scene.barriers()
    feeder = scene.feeder(rate=40)
    feeder.start()
    await scene.applied(100)

    redis_admin.set(maxmemory_policy=policies[1])
    await unready(worker, f"its maxmemory-policy is {policies[1]}")
    await checkout.refused(f"its maxmemory-policy is {policies[1]}")
    held = await standing_still(scene)
    await until(time.monotonic() + 2)
    assert await scene.watermarks() == held

    redis_admin.set(maxmemory_policy="noeviction")
    await worker.ready()
    await checkout.sell()
    await scene.applied(50)
    await feeder.stop()
    await judged(scene)
    assert worker.process.exit_code is None


async def standing_still(scene: Scene) -> list[int]:
    """Wait until no partition moves, while tills go on."""
    seen: list[list[int]] = []

    async def still() -> list[int] | None:
        seen.append(await scene.watermarks())
        return seen[-1] if len(seen) > 3 and seen[-3:] == [seen[-1]] * 3 else None

    return await eventually(still, seconds=60, every=0.3, why="the partitions are held")


async def test_keys_that_were_thrown_away_are_told_by_everybody_and_a_rebuild_makes_up_for_them(
    scene: Scene, redis_admin: Administrator, checkout: Checkout
) -> None:
    worker = scene.fleet.start()
    await worker.ready()
    await scene.barriers()
    feeder = scene.feeder()
    await feeder.transactions(60)
    await feeder.stop()
    await scene.settled()

    redis_admin.throw_away()
    await unready(worker, "its maxmemory-policy is allkeys-lru")
    redis_admin.set(maxmemory_policy="noeviction", maxmemory=0)
    await worker.ready()
    told_so = await asyncio.to_thread(worker.answer, "/readyz")
    assert "keys away since it was started, and what it holds may not be whole" in told_so[1]
    await rebuild(scene)
    await checkout.ready()
    await checkout.sell()
    await judged(scene)

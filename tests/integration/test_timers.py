"""Due timers are appended as fast as they apply, however many are due at once, and none waits for another merchant's."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

import streams.customers.timers
from stamgast.clock.shop_time import RealClock
from stamgast.domain.events import decode_event
from stamgast.local.redis_server import RedisServer
from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from stamgast.state.partitions import Lease
from stamgast.state.session import Word
from streams.customers.timers import Timers
from streams.metrics import Metrics
from tests.fakes.emitters import MemoryEmitters
from tests.fakes.ownership import OwnedByTest


class Owner:
    """Looks at a partition's timers; what it appended comes back when it is told to."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.emitters = MemoryEmitters()
        owned = OwnedByTest[None](lease, emitters=self.emitters)
        self.timers = Timers(owned, "events", 1, RealClock(), Metrics())

        async def progress() -> int:
            return RealClock().now()

        self.timers._intake_progress = progress  # type: ignore[method-assign]

    async def due(self, merchant: str, count: int, *, at: int) -> None:
        words = [word for number in range(count) for word in (at, f"{merchant}:c{number:06}")]
        await self.lease.call("ZADD", self.lease.keys.timers, *words)

    async def look(self, times: int) -> None:
        for _ in range(times):
            await self.timers.look({"m"})

    async def comes_back(self) -> None:
        """Everything that was appended is applied."""
        await self.lease.call("ZREM", self.lease.keys.timers, *self.appended)

    def reads_all(self) -> None:
        """Everything that was appended is read, and changes nothing."""
        self.lease.watermark = len(self.appended) - 1

    @property
    def appended(self) -> list[str]:
        return [f"{event.merchant}:{event.customer}" for event in map(decode_event, self.emitters.values())]


@pytest.fixture
async def owner(redis_server: RedisServer) -> AsyncIterator[Owner]:
    redis = Redis(redis_server.url)
    yield Owner(await Lease.take(redis, PartitionKeys(f"c-{uuid.uuid4().hex[:8]}"), {"cluster": "k", "topic": "t"}))
    redis.close()


async def test_of_many_due_at_once_only_so_many_are_under_way_and_each_is_appended_once(owner: Owner) -> None:
    await owner.due("m", 5_000, at=1)
    await owner.look(times=20)
    assert len(owner.appended) == 1_000
    for _ in range(4):
        await owner.comes_back()
        await owner.look(times=20)
    assert len(owner.appended) == len(set(owner.appended)) == 5_000


async def test_what_is_still_to_be_read_is_not_appended_again_however_long_steps_cannot_be_written(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = [1_000.0]
    monkeypatch.setattr(streams.customers.timers, "time", SimpleNamespace(monotonic=lambda: machine[0]))
    await owner.due("m", 1_500, at=1)
    for _ in range(20):
        await owner.look(times=3)
        machine[0] += 1_800
    assert len(owner.appended) == len(set(owner.appended)) == 1_000

    owner.reads_all()
    await owner.look(times=3)
    assert len(owner.appended) == 2_000
    await owner.look(times=3)
    assert len(owner.appended) == 2_000


async def test_timers_of_a_merchant_without_a_programme_rest_and_hold_up_nobody_elses(owner: Owner) -> None:
    await owner.due("nobodys", 1_700, at=1)
    await owner.due("m", 3, at=2)
    await owner.look(times=5)
    assert owner.appended == ["m:c000000", "m:c000001", "m:c000002"]


async def test_while_nothing_is_due_redis_is_asked_once_a_second_and_after_each_step(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, asked = [1_000.0], []
    monkeypatch.setattr(streams.customers.timers, "time", SimpleNamespace(monotonic=lambda: machine[0]))
    call = Lease.call

    def counting(self: Lease, *words: Word) -> Any:
        asked.append(words)
        return call(self, *words)

    monkeypatch.setattr(Lease, "call", counting)
    for _ in range(10):  # two seconds
        await owner.look(times=1)
        machine[0] += 0.2
    assert len(asked) == 2

    await owner.due("m", 1, at=1)
    owner.lease.watermark += 1  # a step set it
    await owner.look(times=1)
    await owner.due("m", 2, at=1)
    machine[0] += 1.0  # somebody else did
    await owner.look(times=1)
    assert owner.appended == ["m:c000000", "m:c000001"]

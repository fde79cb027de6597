"""A partition that is to be filled anew, and the head of what waits, on a real Redis."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest

from stamgast.local.redis_server import RedisServer
from stamgast.state.errors import FencedError, SpoiltError
from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from stamgast.state.partitions import Lease, Writes
from stamgast.state.scripts import Script
from streams.maintenance.mend import fill_anew
from tests.conftest import eventually

PLACE = {"cluster": "k1", "topic": "t1"}
HEAD = Script.named("list_head")


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    client = Redis(redis_server.url)
    yield client
    client.close()


@pytest.fixture
async def lease(redis: Redis) -> Lease:
    """A partition that has applied ten records."""
    lease = await Lease.take(redis, PartitionKeys(f"c-{uuid.uuid4().hex[:8]}"), PLACE)
    await lease.commit(9, Writes())
    return lease


async def test_without_a_worker_it_is_told_that_nothing_moves(redis_server: RedisServer, lease: Lease) -> None:
    told: list[str] = []
    assert not await fill_anew(redis_server.url, {lease.keys: "customers 3"}, told.append, patience_s=0.3)
    assert told == ["nothing has moved for 0.3 s in customers 3: they are filled anew once a worker runs"]
    with pytest.raises(FencedError):
        await lease.commit(10, Writes())


async def test_it_is_done_once_the_next_owner_has_applied_as_much_as_before(
    redis_server: RedisServer, redis: Redis, lease: Lease
) -> None:
    told: list[str] = []
    asking = asyncio.create_task(fill_anew(redis_server.url, {lease.keys: "customers 3"}, told.append))

    async def spoilt() -> Lease | None:
        taken = await Lease.take(redis, lease.keys, PLACE)
        return taken if taken.spoilt else None

    owner = await eventually(spoilt, why="it was asked for")
    assert owner is not None
    with pytest.raises(SpoiltError):
        await owner.commit(10, Writes())
    await owner.wipe()
    anew = await Lease.take(redis, lease.keys, PLACE)
    assert (anew.spoilt, anew.watermark) == ("", -1)
    await anew.commit(8, Writes())
    assert not asking.done()
    await anew.commit(9, Writes())
    assert await asking


async def test_the_head_of_a_list_is_read_within_records_and_bytes_by_the_owner_alone(
    redis: Redis, lease: Lease
) -> None:
    name = lease.keys.parked("m")
    elements = [bytes([65 + n]) * 10 for n in range(9)]
    await lease.call("RPUSH", name, *elements)
    for most, room, wanted in ((3, 1_000, 3), (99, 1_000, 9), (99, 35, 3), (99, 30, 3), (99, 5, 1)):
        assert await lease.run(HEAD, [name], [most, room]) == [9, *elements[:wanted]]
    assert await lease.run(HEAD, [lease.keys.parked("nobody")], [3, 30]) == [0]
    await Lease.take(redis, lease.keys, PLACE)
    with pytest.raises(FencedError):
        await lease.run(HEAD, [name], [3, 30])

"""A step is written whole or not at all, and a partition of which that is not sure is filled anew. On a real Redis."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from stamgast.local.redis_server import RedisServer
from stamgast.state.client import RedisClient, keys_like
from stamgast.state.errors import FencedError, NoWritesError, SpoiltError, UnfitError
from stamgast.state.partitions import Writes, ask_for_rebuild
from stamgast.state.session import Word
from tests.integration.conftest import Partition, setting


@pytest.mark.parametrize(
    "words",
    [
        ("HSET", "k"), ("HSET", "k", "f"), ("HSET", "k", *range(4_001)), ("FLUSHALL",), ("ZADD", "k", 1, "a", 2),
        ("XADD", "k", "1-1", "n"), ("RPUSH", "k", *range(4_000)),
    ],
    ids=lambda words: f"{words[0]} of {len(words)}",
)  # fmt: skip
def test_a_step_takes_no_command_that_could_fail(words: tuple[str | int, ...]) -> None:
    with pytest.raises(ValueError, match=str(words[0])):
        Writes().do(*words)


async def test_a_step_that_is_not_what_the_script_takes_is_refused_before_its_first_write(partition: Partition) -> None:
    lease = await partition.take()
    key = lease.keys.customer("m", "c1")
    refused: list[list[Word]] = [[2, "FLUSHALL", "x"], [9, "HSET", key, "a", 1], ["three", "SET", key, 1], [1, "DEL"]]
    for commands in refused:
        writes = setting(**{key: b"1"})
        writes.commands += commands
        with pytest.raises(UnfitError):
            await lease.commit(0, writes)
    assert await lease.call("EXISTS", key) == 0
    assert not (await partition.take()).spoilt


async def test_a_step_onto_a_key_that_holds_something_else_writes_nothing_and_spoils_the_partition(
    partition: Partition,
) -> None:
    lease = await partition.take()
    key, other = lease.keys.customer("m", "c1"), lease.keys.ledger("m", "c1")
    await lease.call("SET", other, "a string")
    writes = setting(**{key: b"1"})
    writes.do("HSET", other, "t1", "entry")
    for _ in range(2):
        with pytest.raises(SpoiltError):
            await lease.commit(0, writes)
    assert await lease.call("EXISTS", key) == 0
    assert other in (await partition.take()).spoilt


@pytest.mark.parametrize("kind", ["a timer", "none has a timer"])
async def test_a_partition_that_has_customers_and_no_watermark_is_not_believed(partition: Partition, kind: str) -> None:
    lease = await partition.take()
    timer = ("ZADD", lease.keys.timers, 1, "m:ann")
    there = timer if kind == "a timer" else ("HSET", lease.keys.stats, "m|customers", 1)
    writes = setting(**{lease.keys.customer("m", "ann"): b"1"})
    writes.do(*there)
    await lease.commit(0, writes)
    assert not (await partition.take()).spoilt

    await lease.call("DEL", lease.keys.meta)
    assert (await partition.take()).spoilt == "its meta was lost, and customers were not"


async def test_a_spoilt_partition_forgets_everything_but_stops_and_who_died_of_what(partition: Partition) -> None:
    lease = await partition.take()
    keys = lease.keys
    writes = setting(**{keys.customer("m", f"c{n}"): b"1" for n in range(2_500)})
    writes.meta |= {"time": 12, "aside": "3"}
    await lease.commit(7, writes)
    await lease.call("SET", keys.stop("m", "h"), "1")
    await ask_for_rebuild(partition.redis, keys)
    with pytest.raises(FencedError):
        await lease.commit(8, Writes())
    assert await lease.is_lost()
    owner = await partition.take()
    assert owner.spoilt
    await owner.wipe("trial", "aside")
    fresh = await partition.take()
    assert (fresh.watermark, fresh.spoilt, fresh.meta["aside"]) == (-1, "", "3")
    assert "time" not in fresh.meta
    found = [name async for name in keys_like(await partition.redis.session(), f"*{keys.tag}*")]
    assert sorted(found) == sorted([keys.meta, keys.stop("m", "h")])


async def test_who_lost_a_spoilt_partition_can_forget_nothing_of_it(partition: Partition) -> None:
    lease = await partition.take()
    await lease.commit(0, setting(**{lease.keys.customer("m", "c"): b"1"}))
    await partition.take()
    with pytest.raises(FencedError):
        await lease.wipe()
    assert await lease.call("EXISTS", lease.keys.customer("m", "c")) == 1


async def test_a_redis_without_room_refuses_a_step_whole(partition: Partition, redis_server: RedisServer) -> None:
    lease = await partition.take()
    async with aclosing(RedisClient(redis_server.url)) as admin:
        await admin.call("CONFIG", "SET", "maxmemory", 1)
        try:
            with pytest.raises(NoWritesError):
                await lease.commit(0, setting(**{lease.keys.customer("m", "c"): b"1"}))
        finally:
            await admin.call("CONFIG", "SET", "maxmemory", 0)
    await lease.commit(0, setting(**{lease.keys.customer("m", "c"): b"1"}))
    assert not (await partition.take()).spoilt

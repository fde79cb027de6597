"""Everybody stands on the roll of their merchant once: also in a Redis that a version before filled, or worked on since."""

from __future__ import annotations

import base64
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from stamgast.campaigns.audience import Aim, RefusedCampaignError, _Look
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from stamgast.state.client import RedisClient, names_under
from stamgast.state.errors import FencedError
from stamgast.state.keys import IDLE, PartitionKeys, customers
from stamgast.state.nodes import Redis
from stamgast.state.partitions import Lease, Writes
from stamgast.state.roll import customer_of, entry_of, some_of
from streams.customers.roll import complete
from streams.customers.walks import Everybody
from tests.builders import MERCHANT, T0, bundle, hello_rule, program
from tests.fakes.ownership import OwnedByTest

COUNT = 3_500


def name_of(number: int) -> str:
    return "c" + base64.b32encode(number.to_bytes(15, "big")).decode().lower()


class Before:
    """A partition as versions before left it: every customer among the timers, every third with nothing due."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.keys = PartitionKeys(f"c{uuid.uuid4().int % 10**9}")
        self.customers: dict[str, int] = {}

    async def take(self) -> Lease:
        return await Lease.take(self.redis, self.keys, {"cluster": "k", "topic": "t"})

    async def come(self, numbers: range, *, merchant: str = "m") -> None:
        """Customers of whom a worker of that version heard."""
        lease = await self.take()
        writes = Writes()
        for number in numbers:
            due = IDLE if number % 3 == 0 else number
            writes.do("ZADD", self.keys.timers, due, f"{merchant}:{name_of(number)}")
        self.customers[merchant] = self.customers.get(merchant, 0) + len(numbers)
        writes.do("HSET", self.keys.stats, f"{merchant}|customers", self.customers[merchant])
        writes.do("HSET", self.keys.stats, f"{merchant}|rule|customers|fired", 10**6)
        await lease.commit(lease.watermark + 1, writes)

    async def on_roll(self, merchant: str = "m") -> Counter[str]:
        lease = await self.take()
        return Counter(await some_of(lease.call, self.keys, merchant, 0, 10**6))

    async def idle(self) -> int:
        return int(await (await self.take()).call("ZCOUNT", self.keys.timers, IDLE, "+inf"))


@pytest.fixture
async def before(redis_server: RedisServer) -> AsyncIterator[Before]:
    redis = Redis(redis_server.url)
    yield Before(redis)
    redis.close()


def everybody(count: int) -> Counter[str]:
    return Counter(name_of(number) for number in range(count))


async def test_a_taking_puts_everybody_of_before_on_the_rolls_and_leaves_who_has_a_timer(before: Before) -> None:
    await before.come(range(COUNT))
    await before.come(range(40), merchant="other")
    assert await complete(await before.take()) == COUNT + 40
    assert await before.on_roll() == everybody(COUNT)
    assert await before.on_roll("other") == everybody(40)
    assert await before.idle() == 0
    lease = await before.take()
    assert await lease.call("ZCARD", before.keys.timers) == sum(n % 3 > 0 for n in [*range(COUNT), *range(40)])
    assert await complete(lease) == 0


async def test_an_owner_that_is_cut_off_leaves_the_rest_to_the_next(before: Before) -> None:
    await before.come(range(COUNT))

    class CutOff(Lease):
        """Somebody else takes the partition after its first piece."""

        async def commit(self, watermark: int, writes: Writes) -> list[str]:
            answer = await super().commit(watermark, writes)
            await before.take()
            return answer

    with pytest.raises(FencedError):
        await complete(await CutOff.take(before.redis, before.keys, {"cluster": "k", "topic": "t"}))
    assert 0 < (await before.on_roll()).total() < COUNT
    await complete(await before.take())
    assert await before.on_roll() == everybody(COUNT)
    assert await before.idle() == 0


async def test_who_came_while_a_version_before_worked_here_again_is_put_there_too(before: Before) -> None:
    await before.come(range(30))
    await complete(await before.take())
    await before.come(range(30, 50))
    assert await complete(await before.take()) == 20
    assert await before.on_roll() == everybody(50)


async def test_a_walk_finds_everybody_once_and_who_comes_meanwhile(before: Before) -> None:
    await before.come(range(900))
    lease = await before.take()
    await complete(lease)
    members, found, is_over = Everybody(OwnedByTest[Any](lease)), Counter[str](), False
    while not is_over:
        some, is_over = await members.some("m")
        found.update(some)
        if found.total() == 400:
            await lease.call("RPUSH", before.keys.roll("m"), entry_of(name_of(900)))
    assert found == everybody(901)


async def test_nobody_is_counted_for_a_campaign_before_all_are_on_the_roll(
    before: Before, redis_server: RedisServer
) -> None:
    before.keys = customers(0)
    async with aclosing(RedisClient(redis_server.url)) as client:
        session = await client.session(before.keys.meta)
        for name in [name async for name in names_under(session, "{c0}:")]:
            await session.call("DEL", "{c0}:" + name)
        await before.come(range(50), merchant=MERCHANT)
        of = bundle(program(), rule := hello_rule())
        look = _Look(client, Topics(1), Aim(of, rule), T0, lambda _: None)
        with pytest.raises(RefusedCampaignError, match=r"50 customers of partition 0 .* start the workers"):
            await look.at_everybody(as_list=False)
        await complete(await before.take())
        assert (await look.at_everybody(as_list=False)).sizes == [0], "they have no states"


@pytest.mark.parametrize("customer", [name_of(5), "ann", "a" * 15, "c" + "0" * 24, "é" * 15])
def test_an_entry_stands_for_one_customer(customer: str) -> None:
    assert customer_of(entry_of(customer)) == customer


def test_an_id_of_ours_takes_fifteen_bytes() -> None:
    assert len(entry_of(name_of(7))) == 15

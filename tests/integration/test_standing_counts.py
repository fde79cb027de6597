"""A partition that another version filled, or worked on since, knows how its customers stand once it is taken."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest

from stamgast.domain.counters import Counter
from stamgast.domain.day_sums import BEFORE, DROPPED, Kept, Per, month_of, of_day, of_month
from stamgast.domain.units import DAY
from stamgast.fold import Fold
from stamgast.local.redis_server import RedisServer
from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from stamgast.state.partitions import Lease, Writes
from stamgast.state.roll import entry_of
from streams.customers.counters import stands_in
from streams.customers.old_days import OldDays
from streams.customers.standing_counts import complete
from tests.builders import KEY, MERCHANT, T0, bought, bundle, card, program
from tests.fakes.ownership import OwnedByTest

PLACE = {"cluster": "k", "topic": "t"}
BEGAN_LATER = ("value|", "day|", "month|", "card|")
SHOP = bundle(program(card("bread", 3)))


class Partition:
    """A partition of which a fold says what it holds; `of_before` writes what a version before knew."""

    def __init__(self, redis: Redis) -> None:
        self.redis, self.fold = redis, Fold(KEY)
        self.keys = PartitionKeys(f"c{uuid.uuid4().int % 10**9}")

    async def take(self) -> Lease:
        return await Lease.take(self.redis, self.keys, PLACE)

    def buy(self, customers: range, when: int = T0, spend: int = 700) -> None:
        for number in customers:
            name = f"c{'a' * 20}{number:04d}".replace("0", "b").replace("1", "c").replace("8", "d").replace("9", "e")
            self.fold.apply(bought(f"t{number}:{when}", when, customer=name, spend=spend), SHOP)

    async def write(self, *, of_before: bool) -> None:
        lease, writes = await self.take(), Writes()
        known = set(await lease.call("LRANGE", self.keys.roll(MERCHANT), 0, -1))
        for (merchant, customer), value in self.fold.states.items():
            writes.set(self.keys.customer(merchant, customer), value)
            if entry_of(customer) not in known:
                writes.do("RPUSH", self.keys.roll(merchant), entry_of(customer))
        for name, count in self.fold.counters.items():
            if count and not (of_before and name.partition("|")[2].startswith(BEGAN_LATER)):
                writes.do("HSET", stands_in(self.keys, name), name, count)
        await lease.commit(lease.watermark + 1, writes)

    async def counters(self) -> dict[str, int]:
        flat = await (await self.take()).call("HGETALL", self.keys.stats)
        return {n.decode().partition("|")[2]: int(v) for n, v in zip(flat[::2], flat[1::2], strict=True)}

    def should_be(self) -> dict[str, int]:
        return {name.partition("|")[2]: by for name, by in self.fold.counters.items() if by}


@pytest.fixture
async def partition(redis_server: RedisServer) -> AsyncIterator[Partition]:
    redis = Redis(redis_server.url)
    yield Partition(redis)
    redis.close()


def standing(counters: dict[str, int]) -> dict[str, int]:
    return {name: by for name, by in counters.items() if name.startswith(("value|", "card|"))}


async def test_how_customers_of_a_version_before_stand_is_counted_and_their_sales_are_of_no_known_month(
    partition: Partition,
) -> None:
    partition.buy(range(30))
    partition.buy(range(10), T0 + DAY, spend=2_000)
    await partition.write(of_before=True)
    assert await complete(await partition.take()) == 1
    found = await partition.counters()
    assert standing(found) == standing(partition.should_be())
    kept = Kept.of(found)
    assert (kept.before.purchases, kept.before.spend) == (40, 30 * 700 + 10 * 2_000)
    assert found[of_month(BEFORE, Per.PROFIT)] == found[Counter.PROFIT]
    assert await complete(await partition.take()) == 0, "nothing is left to count"


async def test_a_version_before_that_worked_here_again_is_found_out(partition: Partition) -> None:
    partition.buy(range(5))
    await partition.write(of_before=False)
    assert await complete(await partition.take()) == 0
    partition.buy(range(3), T0 + DAY)
    await partition.write(of_before=True)
    assert await complete(await partition.take()) == 1
    found = await partition.counters()
    assert standing(found) == standing(partition.should_be())
    kept = Kept.of(found)
    assert (kept.before.purchases, kept.month(month_of(T0 // DAY)).purchases) == (3, 5)


async def test_a_state_that_cannot_be_read_stops_nobody(partition: Partition) -> None:
    partition.buy(range(3))
    await partition.write(of_before=True)
    lease, writes = await partition.take(), Writes()
    writes.set(partition.keys.customer(*min(partition.fold.states)), b"?")
    await lease.commit(lease.watermark + 1, writes)
    assert await complete(await partition.take()) == 1
    assert standing(await partition.counters())["value|0"] == 2


async def test_days_long_gone_are_dropped_and_their_months_stay(partition: Partition) -> None:
    partition.buy(range(2))
    partition.buy(range(2), T0 + DAY)
    await partition.write(of_before=False)
    owned = OwnedByTest[object](await partition.take())
    watch = OldDays(owned)
    assert await watch.look(T0 + (DROPPED - 1) * DAY) == 0
    assert await OldDays(owned).look(T0 + DROPPED * DAY) > 0
    found = await partition.counters()
    day = T0 // DAY
    assert of_day(day, Per.VISITS) not in found
    assert (found[of_day(day + 1, Per.VISITS)], found[of_month(month_of(day), Per.CUSTOMERS)]) == (2, 2)

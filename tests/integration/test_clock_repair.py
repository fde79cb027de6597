"""Which partitions a wrong clock has moved, told from their logs and from what is known of each."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from stamgast.domain.events import encode_event
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.log.producers import Emitter
from stamgast.state.keys import customers, transactions
from stamgast.state.nodes import Redis
from streams.maintenance.clock_repair import Aged, ask_for_all, find_aged
from tests.builders import bought, line, record, snapshot

YEAR = 365 * DAY


def now() -> int:
    return time.time_ns() // 1_000_000


class Deployment:
    """Logs and metas that a test writes."""

    def __init__(self, bootstrap: str, topics: Any, redis: Redis, emitter: Emitter) -> None:
        self.topics = topics
        self.redis = redis
        self._bootstrap = bootstrap
        self._emitter = emitter

    async def event(self, partition: int, stamp: int) -> None:
        value = encode_event(bought("t1", stamp, customer=f"c{stamp}"))
        await self._emitter.emit(self.topics.customer_events, partition, [(b"winkel:c1", value)])

    async def purchase(self, partition: int, stamp: int, *, taken_over: bool) -> None:
        key, value = record(snapshot(lines=[line("1", 700)]), stamp)
        more = {"stamgastsource": ["p", 0, 1, 0]} if taken_over else {}
        value = json.dumps(json.loads(value) | more).encode()
        await self._emitter.emit(self.topics.purchases, partition, [(key, value)])

    async def knows(self, keys: Any, watermark: int, at: int, clocks: str | None = None) -> None:
        mark = () if clocks is None else ("clock", clocks)
        await self.redis.call("HSET", keys.meta, "wm", watermark, "time", at, "token", "owner", *mark)

    async def aged(self) -> list[Aged]:
        return await find_aged(self._bootstrap, self.redis, self.topics, now())


@pytest.fixture
async def deployment(kafka, redis_server, topics) -> AsyncIterator[Deployment]:
    redis, emitter = Redis(redis_server.url), await Emitter.open(kafka.bootstrap)
    await (await redis.session()).call("FLUSHALL")
    yield Deployment(kafka.bootstrap, topics, redis, emitter)
    await emitter.close()
    redis.close()


async def test_partitions_that_a_year_ahead_has_moved_are_found_and_asked_for_and_no_others(deployment, kafka):
    if not kafka.is_kafka:
        pytest.skip("the embedded broker keeps no time of its own")
    ahead, soon = now() + YEAR, now() + 2 * MINUTE
    for partition in range(3):
        await deployment.event(partition, now())
        await deployment.event(partition, ahead if partition else soon)
    await deployment.event(3, ahead)
    await deployment.purchase(0, ahead, taken_over=True)
    await deployment.purchase(1, ahead, taken_over=False)  # its stamp was not believed when it was read
    await deployment.knows(customers(0), 1, soon)
    await deployment.knows(customers(1), 1, ahead)
    await deployment.knows(customers(2), 1, now(), "0:real,1:bounded")
    await deployment.knows(customers(3), 0, ahead, "0:shop")
    await deployment.knows(transactions(0), 0, ahead, "0:real")
    await deployment.knows(transactions(1), 0, now(), "0:real")

    found = await deployment.aged()
    assert [(each.service, each.partition, each.records, len(each.whose)) for each in found] == [
        ("intake", 0, 1, 1), ("customers", 1, 1, 1),
    ]  # fmt: skip
    assert all(abs(each.most - YEAR) < HOUR and each.first == each.last for each in found)

    assert await ask_for_all(deployment.redis, found) == 2
    again = await deployment.aged()
    assert [each.asked for each in again] == [True, True]
    assert await ask_for_all(deployment.redis, again) == 0
    token, half = await deployment.redis.call("HMGET", customers(1).meta, "token", "half")
    assert token != b"owner"
    assert b"clock" in half


async def test_one_of_which_only_the_time_is_left_to_see_is_found_as_well(deployment):
    await deployment.event(0, now())
    await deployment.knows(customers(0), 0, now() + YEAR)
    assert [(each.partition, each.records) for each in await deployment.aged()] == [(0, 0)]

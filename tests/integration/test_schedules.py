"""Schedules on real Kafka and Redis: each customer once, though the worker is killed in the middle of a walk."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.events import Scheduled, ScheduleDone, ScheduleDue, decode_event
from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.state.partition_meta import SCHEDULES
from stamgast.state.schedule_marks import ScheduleMark
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, Deployment

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

RULE = """\
rule: weekly
status: live
earned: true
when: {every: {week: monday, at: "10:00"}}
if: [{visits: {at_least: 1}}]
then: [{give: coffee}]
"""
MANY = 6_000
"""More in each partition than may be appended and not applied yet: a walk has to stop in between."""


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    deployment.env["STAMGAST_CLOCK"] = "driven"
    deployment.run("clock", "set", "2026-10-01T08:00:00Z", "--json")
    try:
        await deployment.start(rule=RULE)
        yield deployment
    finally:
        await deployment.end()


async def buy(shop: Deployment, count: int) -> None:
    for start in range(0, count, 500):
        sales = [
            {
                "transaction_id": f"till:{number}", "source_version": 1, "status": "completed",
                "end_date_time": "2026-10-01T07:59:10Z", "store": {"retail_store_id": "hoek"},
                "customer": {"phone": f"06120{number:05d}"}, "price_currency": "EUR",
                "totals": {"gross_minor": 1240},
            }
            for number in range(start, min(start + 500, count))
        ]  # fmt: skip
        answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/purchases", json=sales)
        assert answer.status_code == 202, answer.text


async def states(shop: Deployment) -> list[Customer]:
    client: Any
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        keys = [key async for key in client.scan_iter(match=f"*:c:{MERCHANT}:*", count=1_000)]
        return [decode_customer(value) for value in await client.mget(keys)] if keys else []


async def marks(shop: Deployment) -> list[ScheduleMark]:
    client: Any
    found: list[ScheduleMark] = []
    async with redis.asyncio.Redis.from_url(shop.redis_url, decode_responses=True) as client:
        for partition in range(shop.topics.partitions):
            found += SCHEDULES.of(await client.hgetall(f"{{c{partition}}}:meta")).values()
    return found


async def told(shop: Deployment) -> list[Any]:
    found = []
    async with LogReader(shop.bootstrap) as reader:
        for partition in range(shop.topics.partitions):
            async for records in reader.read_all(shop.topics.customer_events, partition):
                found += [decode_event(record.value) for record in records]
    return found


def gifts(of: list[Customer]) -> Counter[int]:
    """How many customers have so many of the rule's vouchers."""
    return Counter(sum(voucher.rule == "weekly" for voucher in each.vouchers) for each in of)


async def test_each_customer_is_answered_once_though_the_worker_is_killed_while_it_walks(shop: Deployment) -> None:
    await buy(shop, MANY)

    async def all_know() -> bool:
        known = await marks(shop)
        begun = len(known) == shop.topics.partitions and all(mark.how == "begun" for mark in known)
        return begun and sum(each.visits for each in await states(shop)) == MANY

    await eventually(all_know, seconds=180, every=0.3, why="everybody is known, and the rule has begun")
    worker = shop.all[-1]
    shop.run("clock", "set", "2026-10-05T08:00:05Z", "--json")

    async def is_walking() -> bool:
        return any(mark.due for mark in await marks(shop))

    await eventually(is_walking, seconds=60, every=0.01, why="somebody walks")
    worker.kill()
    events = await told(shop)
    open_walks = sum(isinstance(each, ScheduleDue) for each in events) - sum(
        isinstance(each, ScheduleDone) and each.how == "walked" for each in events
    )
    assert open_walks > 0, "it was killed too late to say anything"
    shop.worker()

    async def done() -> bool:
        return all(mark.how == "walked" and not mark.due for mark in await marks(shop))

    await eventually(done, seconds=180, every=0.3, why="all were walked")
    assert gifts(await states(shop)) == {1: MANY}
    for_each = Counter(each.customer for each in await told(shop) if isinstance(each, Scheduled))
    assert len(for_each) == MANY

    shop.run("clock", "set", "2026-10-16T08:00:00Z", "--json")  # the Friday after the next Monday

    async def late() -> bool:
        return all(mark.how == "late" for mark in await marks(shop))

    await eventually(late, seconds=60, every=0.3, why="a walk that comes four days late is none")
    assert gifts(await states(shop)) == {1: MANY}

    for process in shop.all[2:]:
        process.kill()
    rebuilt: Any = shop.run("rebuild", "--empty", "--json")
    assert rebuilt["equal"] is True
    assert gifts(await states(shop)) == {1: MANY}
    assert all(mark.how == "late" for mark in await marks(shop))

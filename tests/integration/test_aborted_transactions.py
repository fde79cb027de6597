"""A shop's own producer that writes in transactions of Kafka: what it aborted was never sold."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
from aiokafka import AIOKafkaProducer

from stamgast.domain.customer import decode_customer
from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.partitioning import partition_for
from stamgast.log.topics import Topics
from stamgast.state.keys import transactions
from stamgast.state.partition_meta import PROGRESS
from tests.builders import line, snapshot
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, Deployment

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    if not kafka.is_kafka:
        pytest.skip("the embedded broker knows no transactions")
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    try:
        await deployment.start(workers=1)
        yield deployment
    finally:
        await deployment.end()


def sold(transaction: str, gross: int, version: int = 1) -> tuple[bytes, bytes]:
    data = snapshot(transaction, version, lines=[line("1", gross)], store="hoek", customer=None)
    data["customer"] = {"membership_number": "M1"}
    event = {"specversion": "1.0", "type": "stamgast.purchase.v1", "id": "e", "source": "/till", "data": data}
    return f"{MERCHANT}:{transaction}".encode(), json.dumps(event).encode()


async def produce(shop: Deployment, *records: tuple[bytes, bytes], abort: bool = False) -> None:
    producer: Any = AIOKafkaProducer(bootstrap_servers=shop.bootstrap, transactional_id=uuid.uuid4().hex)
    await producer.start()
    await producer.begin_transaction()
    for key, value in records:
        partition = partition_for(key, shop.topics.partitions)
        await producer.send_and_wait(shop.topics.purchases, value, key, partition=partition)
    await (producer.abort_transaction() if abort else producer.commit_transaction())
    await producer.stop()


async def test_what_was_aborted_is_not_applied_and_the_log_goes_on_behind_it(shop: Deployment) -> None:
    await produce(shop, sold("t1", 700))
    await produce(shop, sold("t1", 50_000, version=2), sold("t2", 9_900), abort=True)
    await produce(shop, sold("t3", 1_000))
    await eventually(lambda: figures_are(shop, 2, 1_700), seconds=60, every=0.2, why="what was committed counts")
    await produce(shop, sold("t4", 9_900), abort=True)  # it ends its partition's log

    async def all_tell() -> bool:
        return len(await progress(shop)) == shop.topics.partitions

    await eventually(all_tell, seconds=60, every=0.2, why="each partition says how far it has got")
    before = await progress(shop)

    async def all_go_on() -> bool:
        now = await progress(shop)
        return all(now[number] > reached for number, reached in before.items())

    await eventually(all_go_on, seconds=60, every=0.2, why="no partition waits for a record that does not come")
    shop.all[-1].kill()
    shop.worker()
    await produce(shop, sold("t5", 300))
    await eventually(lambda: figures_are(shop, 3, 2_000), seconds=60, every=0.2, why="a new owner goes on behind it")
    report = shop.run("verify", "--json")
    assert (report["equal"], report["behind"]) == (True, 0), report
    shop.all[-1].kill()
    shop.run("rebuild", "--empty", "--json")
    assert await figures_are(shop, 3, 2_000)


async def figures_are(shop: Deployment, purchases: int, spend: int) -> bool:
    client: Any
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        states = [decode_customer(await client.get(name)) async for name in client.scan_iter(match="{c*}:c:*")]
    return [(state.purchases, state.spend) for state in states] == [(purchases, spend)]


async def progress(shop: Deployment) -> dict[int, int]:
    """How far intake says that it has got, by partition."""
    client: Any
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        metas = {n: await client.hget(transactions(n).meta, PROGRESS.name) for n in range(shop.topics.partitions)}
    return {number: int(value) for number, value in metas.items() if value is not None}

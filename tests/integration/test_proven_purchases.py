"""Purchases that a shop writes to Kafka itself: those of its own key count, and nobody's for another merchant."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
from kafka import KafkaProducer

from stamgast.clock.shop_time import format_time
from stamgast.domain.customer import decode_customer
from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from stamgast.producing import ProducerRecord, Producing
from tests.builders import line, snapshot
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, Deployment

pytestmark = [pytest.mark.slow]

SINCE = "2026-01-01T00:00:00Z"


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    if not kafka.is_kafka:
        pytest.skip("the embedded broker does not say when it appended a record")
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    deployment.env["STAMGAST_SIGNED_SINCE"] = SINCE
    yield deployment
    await deployment.end()


def sale(transaction: str, gross: int = 500, version: int = 1, member: str = "M1") -> dict[str, Any]:
    data = snapshot(transaction, version, lines=[line("1", gross)], store="hoek", customer=None)
    return data | {"customer": {"membership_number": member}}


def bare(record: ProducerRecord, **attributes: Any) -> ProducerRecord:
    """The same without a proof, as anybody can write it; `attributes` come on top."""
    value = json.dumps(json.loads(record["value"]) | attributes).encode()
    return {"key": record["key"], "value": value, "headers": []}


async def produce(shop: Deployment, *records: ProducerRecord) -> None:
    """By a producer that knows nothing of us."""

    def send() -> None:
        producer = KafkaProducer(bootstrap_servers=shop.bootstrap, acks="all")
        for record in records:
            producer.send(shop.topics.purchases, **record).get(10)
        producer.close()

    await asyncio.to_thread(send)


def new_key(shop: Deployment, merchant: str = MERCHANT) -> dict[str, str]:
    made: dict[str, str] = shop.asked("keys", "create", merchant, "--scope", "produce", "--json", code=0)
    return made


async def figures(shop: Deployment) -> list[tuple[int, int, int]]:
    """(purchases, spend, vouchers) of everybody."""
    client: Any
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        states = [decode_customer(await client.get(name)) async for name in client.scan_iter(match="{c*}:c:*")]
    return sorted((state.purchases, state.spend, len(state.vouchers)) for state in states)


async def come_to(shop: Deployment, *wanted: tuple[int, int, int]) -> None:
    async def they_do() -> bool:
        return await figures(shop) == sorted(wanted)

    await eventually(they_do, seconds=60, every=0.2, why=f"{wanted}, and not {await figures(shop)}")


def reasons(shop: Deployment) -> list[str]:
    return [letter["reason"] for letter in shop.asked("dead-letters", "list", "--json", code=0)["dead_letters"]]


async def refused(shop: Deployment, count: int) -> list[str]:
    async def they_are() -> bool:
        return len(reasons(shop)) >= count

    await eventually(they_are, seconds=60, every=0.5, why=f"{count} dead letters")
    told = reasons(shop)
    assert len(told) == count, told
    return told


async def equal(shop: Deployment) -> None:
    """What `verify` and `rebuild` make of the log is what stands in Redis."""
    before = await figures(shop)
    report = shop.run("verify", "--json")
    assert (report["equal"], report["behind"]) == (True, 0), report
    for process in shop.all[2:]:
        process.kill()
    shop.run("rebuild", "--empty", "--json")
    assert await figures(shop) == before
    report = shop.run("verify", "--json")
    assert (report["equal"], report["behind"]) == (True, 0), report


async def test_what_anybody_writes_for_another_merchant_gives_nothing_and_stops_nothing(shop: Deployment) -> None:
    shop.env["STAMGAST_PROVEN_SINCE"] = SINCE
    await shop.start()
    key, rovers = new_key(shop), new_key(shop, "rovers")
    own, others = Producing(MERCHANT, key["key"]), Producing(MERCHANT, rovers["key"])
    await produce(shop, *(bare(own.record(sale(f"a{number}"))) for number in range(12)))
    stamped = {"stamgastrecordedat": 1_790_841_550_000, "stamgastsource": ["t", 0, 2**40, 0]}
    await produce(shop, *(bare(own.record(sale(f"b{number}")), **stamped) for number in range(12)))
    await produce(shop, *(others.record(sale(f"c{number}")) for number in range(12)))
    told = await refused(shop, 36)
    assert sum("nothing proves that it comes from winkel" in each for each in told) == 24
    assert sum(f"key {rovers['id']} is not winkel's" in each for each in told) == 12
    assert all(f"in force: {key['id']} (docs/producing.md, The proof)" in each for each in told)
    assert await figures(shop) == []

    true = own.record(sale("t1"))
    await produce(shop, true, true)
    await shop.enrol(1)
    await shop.buy(range(1, 2))
    await come_to(shop, (1, 500, 1), (1, 1_240, 1))
    changed = own.record(sale("t2", 700))
    stolen: ProducerRecord = {**changed, "value": changed["value"].replace(b"700", b"900")}
    elsewhere: ProducerRecord = {**true, "key": b"rovers:t1"}
    await produce(shop, stolen, elsewhere)
    told = await refused(shop, 38)
    last = "\n".join(told[-2:])  # they may stand in two partitions
    assert f"not the HMAC-SHA256 of the value's bytes as they came, under the whole text of key {key['id']}" in last
    assert f"key {key['id']} is not rovers's" in last
    assert shop.all[-1].exit_code is None, "the worker lives"
    await come_to(shop, (1, 500, 1), (1, 1_240, 1))
    await equal(shop)


async def test_keys_change_over_without_a_gap_and_a_revoked_one_proves_nothing_any_more(shop: Deployment) -> None:
    shop.env["STAMGAST_PROVEN_SINCE"] = f"{MERCHANT}={SINCE}"
    await shop.start()
    first = new_key(shop)
    old = Producing(MERCHANT, first["key"])
    await produce(shop, old.record(sale("t1")))
    await come_to(shop, (1, 500, 1))
    second = new_key(shop)
    third = json.loads(shop.said("keys", "create", MERCHANT, "--scope", "produce", "--json", code=1))
    assert "revoke one first" in third["error"]
    new = Producing(MERCHANT, second["key"])
    await produce(shop, new.record(sale("t2")), old.record(sale("t3")))  # at once: no worker has heard of the key
    await come_to(shop, (3, 1_500, 3))

    worker = shop.all[-1]
    worker.kill()
    await produce(shop, old.record(sale("t4")))
    shop.asked("keys", "revoke", MERCHANT, first["id"], "--json", code=0)
    await produce(shop, old.record(sale("t5")), new.record(sale("t6")))
    shop.worker()
    await come_to(shop, (5, 2_500, 5))  # what was appended before the key's end counts, whenever it is read
    [why] = await refused(shop, 1)
    assert f"its proof is of key {first['id']}, which was revoked at 20" in why
    assert f"in force: {second['id']}" in why
    letter = shop.asked("dead-letters", "list", "--json", code=0)["dead_letters"][0]["id"]
    shop.asked("dead-letters", "replay", letter, "--json", code=0)  # a person stands for it
    await come_to(shop, (6, 3_000, 6))
    await equal(shop)


async def test_a_shop_that_runs_goes_over_and_its_old_log_stays_what_it_was(shop: Deployment) -> None:
    await shop.start()
    await shop.enrol(1)
    await shop.buy(range(1, 2))
    key = new_key(shop)
    own = Producing(MERCHANT, key["key"])
    stamp = 1_790_841_550_000
    canonical = sale("old2") | {"customer": None}
    await produce(
        shop,
        bare(own.record(sale("old1"))),
        bare(own.record(canonical), stamgastrecordedat=stamp),  # merged as it stands, as it always was
        own.record(sale("tried")),  # proofs are looked at from the first one on
        own.record(sale("wrong")) | {"headers": [("stamgast-proof", b"x")]},
    )
    await come_to(shop, (1, 1_240, 1), (2, 1_000, 2))
    [why] = await refused(shop, 1)
    assert "its header stamgast-proof is not `<the key's id>:<64 hexadecimal digits>`" in why
    log = "\n".join(file.read_text() for file in shop.folder.glob("worker*.log"))
    assert "purchases that anybody writes to Kafka are believed" in log
    assert "purchases on Kafka that nobody proved to be the merchant's" in log

    for process in shop.all[1:]:
        process.kill()
    shop.env["STAMGAST_PROVEN_SINCE"] = format_time(int(time.time() * 1_000) + 1)
    shop._process("web", "web", "--port", shop.web_url.rpartition(":")[2])
    shop.worker()
    await eventually(partial(shop._answers, f"{shop.web_health}/readyz"), seconds=60)
    await shop.buy(range(1, 2), visit=2)
    await produce(shop, bare(own.record(sale("old1", 50_000, version=2))), own.record(sale("new")))
    await come_to(shop, (2, 2_480, 2), (3, 1_500, 3))
    assert "nothing proves" in (await refused(shop, 2))[-1]
    await equal(shop)

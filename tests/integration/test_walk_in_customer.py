"""A till's walk-in customer buys before the first worker starts, and what a person spoils later is found and mended.

STAMGAST_WAITING_EVENTS says how many purchases there are.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from stamgast.domain.apart import AT_HAND
from stamgast.domain.customer import decode_customer, encode_customer
from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from stamgast.state.keys import customers
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, RULE, Deployment

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

PURCHASES = int(os.environ.get("STAMGAST_WAITING_EVENTS", "3000"))
_A_POST = 500


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    try:
        await deployment.start(workers=0)
        yield deployment
    finally:
        await deployment.end()


async def buy(shop: Deployment, count: int) -> None:
    """So many purchases of one customer, over HTTP."""
    for first in range(0, count, _A_POST):
        purchases = [
            {
                "transaction_id": f"till:{number}",
                "source_version": 1,
                "status": "completed",
                "end_date_time": "2026-10-01T07:59:10Z",
                "store": {"retail_store_id": "hoek"},
                "customer": {"phone": "0612000000"},
                "price_currency": "EUR",
                "totals": {"gross_minor": 700},
                "line_items": [{"line_id": "1", "gross_minor": 700}],
            }
            for number in range(first, min(first + _A_POST, count))
        ]

        async def taken(purchases: list[dict[str, Any]] = purchases) -> bool:
            answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/purchases", json=purchases)
            return answer.status_code == 202

        await eventually(taken, seconds=60, every=0.2, why="the web takes purchases")


async def found(shop: Deployment) -> dict[str, tuple[int, int]]:
    """Key of a customer's state -> purchases and spend. What is written at each purchase stays small."""
    client: Any
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        names = [name async for name in client.scan_iter(match="{c*}:c:*")]
        states = [decode_customer(await client.get(name)) for name in names]
        waiting = [name async for name in client.scan_iter(match="{c*}:parked:*")]
    assert waiting == [], "something waits still"
    assert [len(encode_customer(state)) for state in states if len(encode_customer(state)) > 6_000] == []
    return {name.decode(): (state.purchases, state.spend) for name, state in zip(names, states, strict=True)}


def verify(shop: Deployment, *words: str) -> tuple[int, dict[str, Any]]:
    done = shop.done("verify", "--json", *words)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


async def test_purchases_before_the_first_worker_count_once_and_what_is_spoilt_later_is_mended(
    shop: Deployment,
) -> None:
    await buy(shop, PURCHASES)
    shop.worker()

    async def applied() -> bool:
        return list((await found(shop)).values()) == [(PURCHASES, 700 * PURCHASES)]

    await eventually(applied, seconds=120 + PURCHASES / 50, every=0.3, why="every purchase counts")
    rules = shop.folder / "config" / "merchants" / MERCHANT / "rules" / "hello.yaml"
    rules.write_text(RULE.replace("Every purchase is thanked for.", "Whoever buys is thanked."))
    shop.run("publish", "--json")
    await eventually(lambda: newest_in_force(shop), seconds=60, every=0.1, why="the second bundle is in force")
    assert await applied(), "nothing came a second time"
    assert verify(shop)[1]["equal"] is True

    (name,) = await found(shop)
    await spoil(shop, name)
    code, report = verify(shop)
    (line,) = [each for each in report["differences"] if "purchases is 7" in each]
    assert code == 1
    (counted,) = [each for each in report["differences"] if "counter" in each]
    assert counted.endswith(f"counter {MERCHANT}|purchases: is {PURCHASES + 10}, should be {PURCHASES}")
    assert f"purchases is 7, should be {PURCHASES}" in line
    assert f"its ledger of {PURCHASES + 2 * (PURCHASES - AT_HAND):,} entries has 1 missing" in line
    assert len(line) < 400
    code, report = verify(shop, "--mend")
    assert (code, report["equal"]) == (0, True)
    # A partition that is filled anew is told its merchant's barrier once more, which is a repeat when it is read.
    await eventually(lambda: verify(shop)[1]["behind"] == 0, seconds=60, every=0.5, why="all of the log is applied")
    assert await applied()


async def newest_in_force(shop: Deployment) -> bool:
    client: Any
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        marks = [await client.hget(customers(n).meta, f"b:{MERCHANT}") for n in range(shop.topics.partitions)]
    return all(mark is not None and not mark.startswith(b"0:") for mark in marks)


async def spoil(shop: Deployment, name: str) -> None:
    """Give a customer other figures, take an entry out of the ledger, and let a counter count ten too many."""
    client: Any
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        state = decode_customer(await client.get(name))
        state.purchases = 7
        await client.set(name, encode_customer(state))
        ledger = name.replace(":c:", ":l:", 1)
        await client.hdel(ledger, (await client.hkeys(ledger))[0])
        await client.hincrby(f"{name.partition(':')[0]}:stats", f"{MERCHANT}|purchases", 10)

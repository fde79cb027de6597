"""Birthdays, days of silence, vouchers about to end and tiers: on real Kafka and Redis, over a restart and a rebuild."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from stamgast.domain.alerts import STAFF_ROOM
from stamgast.domain.customer import Customer, decode_customer
from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, Deployment

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

TIERS = "tiers: {by: spend, in: 1 month, levels: {gold: 10 EUR}}\n"
WORDS = {
    "born": "birthday",
    "soon": "{birthday: {before: 1 day}}",
    "missed": "{not_seen_for: 2 days}",
    "ends": "{reward_expires_in: 29 days}",
    "given": "reward_given",
    "first": "{bought: {category: bread, time: first}}",
    "gold": "{tier_changed: {to: gold}}",
    "fell": "{tier_changed: {to: none}}",
    "spent": "{spend_reached: {amount: 12 EUR, in: 1 month}}",
    "joined": "joined",
}


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    deployment.env["STAMGAST_CLOCK"] = "driven"
    deployment.run("clock", "set", "2026-10-01T08:00:00Z", "--json")
    try:
        await deployment.start(program=PROGRAM + TIERS)
        yield deployment
    finally:
        await deployment.end()


async def enrol(shop: Deployment, number: int, birthday: str) -> None:
    body = {"phone": f"06120{number:05d}", "first_name": "Jo", "birthday": birthday}
    answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/customers", json=body)
    assert answer.status_code in (200, 201), answer.text


async def buy(shop: Deployment, number: int) -> None:
    sale = {
        "transaction_id": f"till:{number}", "source_version": 1, "status": "completed",
        "end_date_time": "2026-10-01T07:59:10Z", "store": {"retail_store_id": "hoek"},
        "customer": {"phone": f"06120{number:05d}"}, "price_currency": "EUR", "totals": {"gross_minor": 1240},
        "line_items": [{"line_id": "1", "gross_minor": 1240, "category": "bread"}],
    }  # fmt: skip
    answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/purchases", json=[sale])
    assert answer.status_code == 202, answer.text


async def states(shop: Deployment) -> list[Customer]:
    client: Any
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        everything = [key async for key in client.scan_iter(match=f"*:c:{MERCHANT}:*")]
        keys = [key for key in everything if not key.endswith(f":{STAFF_ROOM}".encode())]
        found = [decode_customer(value) for value in await client.mget(keys)]
        rolls = [await client.llen(f"{{c{n}}}:roll:{MERCHANT}") for n in range(shop.topics.partitions)]
        assert sum(rolls) == len(found)
        return sorted(found, key=lambda each: each.purchases)


async def tagged(shop: Deployment, *wanted: set[str]) -> None:
    async def so() -> bool:
        assert [set(each.tags) for each in await states(shop)] == list(wanted)
        return True

    await eventually(so, seconds=60, every=0.3, why=f"{wanted}")


async def test_what_rules_wait_for_comes_at_its_time_though_everything_was_restarted_and_filled_anew(
    shop: Deployment,
) -> None:
    await enrol(shop, 1, "1988-10-03")
    await tagged(shop, set())
    rules = shop.folder / "config" / "merchants" / MERCHANT / "rules"
    for name, when in WORDS.items():
        (rules / f"{name}.yaml").write_text(f"rule: {name}\nstatus: live\nwhen: {when}\nthen: [{{tag: {name}}}]\n")
    shop.run("publish", "--json")

    async def planned() -> bool:
        (first,) = await states(shop)
        return {"birthday:0", "birthday:1"} <= set(first.timers)

    await eventually(planned, seconds=60, why="whoever had no timer at all is found as well")
    await enrol(shop, 2, "1988-11-30")
    await buy(shop, 2)
    await tagged(shop, set(), {"joined", "given", "first", "gold", "spent"})

    shop.all.pop().kill()  # the worker
    rebuilt: Any = shop.run("rebuild", "--empty", "--json")
    assert rebuilt["equal"] is True
    shop.worker()
    shop.run("clock", "set", "2026-10-03T08:00:00Z", "--json")
    await tagged(shop, {"born", "soon"}, {"joined", "given", "first", "gold", "spent", "missed", "ends"})
    shop.run("clock", "set", "2026-11-02T08:00:00Z", "--json")
    await tagged(shop, {"born", "soon"}, {"joined", "given", "first", "gold", "spent", "missed", "ends", "fell"})

    async def equal() -> bool:
        found: Any = shop.run("verify", "--json")
        return found["behind"] == 0 and found["equal"]

    await eventually(equal, seconds=60, why="live state is what the log says")

"""Codes of a shop's own on real Kafka and Redis: each goes to one customer, whoever is killed, and a till finds it."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.state.client import RedisClient
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, RULE, Deployment
from tests.integration.web.shop import everything_in

pytestmark = [pytest.mark.slow]

GIFT = RULE.replace("then:", "offered: true\nthen:\n  - give: web")
CODED = PROGRAM.replace(
    "rewards:",
    "rewards:\n  web: {codes: imported, names: {nl: 10% in de webshop}}\n  app: {codes: imported, names: {nl: In de app}}",
)
CODES = [f"WEB-{number:04}" for number in range(9)]


async def test_each_code_goes_to_one_customer_through_kills_and_a_lost_redis(
    kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path
) -> None:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
        shop = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
        file = tmp_path / "codes.csv"
        lines = ["Code;Value", *(f"{code};10" for code in CODES[:7]), f"{CODES[0]};10", "é;10", "A" * 100_000]
        file.write_text("\n".join(lines))

        def bring(reward: str = "web") -> Any:
            return shop.asked(
                "vouchers", "import-codes", str(file), "--merchant", MERCHANT, "--reward", reward, "--json"
            )

        def brought_again() -> Any:
            found = bring()
            assert "added" in found, found  # Redis is being filled anew
            return found

        async def codes_said() -> Counter[str]:
            return Counter(message["body"].rpartition(" ")[2] for message in await shop.messages())

        try:
            await shop.start(rule=GIFT, program=CODED, template="Uw code: {{ voucher.code }}")
            brought = bring()
            assert (brought["added"], [each["line"] for each in brought["rejected"]]) == (7, [9, 10, 11])
            await asyncio.gather(*(shop.enrol(number) for number in range(12)))
            await shop.buy(range(6))
            worker = next(each for each in shop.all if "worker" in each.name)
            await eventually(codes_said, seconds=30, why="the first code was sent")
            worker.kill()
            shop.worker()
            await shop.buy(range(6, 10))
            ended = Counter((await shop.everything_ended(10)).values())
            assert ended["suppressed"] == 3
            assert ended["delivered"] + ended["in_doubt"] == 7  # one was on its way when the worker was killed, or none
            said = await codes_said()
            assert said <= Counter(CODES[:7])
            assert said.total() >= ended["delivered"]
            await client.flushall()
            file.write_text("\n".join(CODES))
            again = await eventually(brought_again, seconds=60, every=1)
            assert (again["added"], again["known"]) == (2, 7), "what is in the pool already is passed over"
            file.write_text("\n".join(["APP-1", CODES[3].replace("-", "."), "APP-2"]))
            other = bring("app")
            assert (other["added"], other["rejected"]) == (
                2,
                [{"line": 2, "reason": "is a code of the reward web"}],
            )
            stock = shop.asked("vouchers", "codes", MERCHANT, "--json")["codes"]
            assert stock == [
                {"reward": "app", "brought": 2, "given": 0, "left": 2}, {"reward": "web", "brought": 9, "given": 7, "left": 2},
            ]  # fmt: skip
            await shop.buy(range(10, 12))
            await shop.everything_ended(12)
            said = await codes_said()
            assert said <= Counter(CODES)
            assert said.total() >= len(CODES) - ended["in_doubt"]
            used = [await redeem(shop, CODES[3].lower(), key) for key in ("till-1-000001", "till-2-000001")]
            assert used == [200, 409], "two tills at once give one yes"
            await nothing_in_the_clear(shop)
            assert shop.run("verify", "--json")["equal"] is True
        finally:
            await shop.end()


async def redeem(shop: Deployment, code: str, key: str) -> int:
    where = f"{shop.web_url}/v1/merchants/{MERCHANT}/vouchers/{code}/redemptions"

    async def answered() -> int | None:
        status = (await shop.http.post(where, json={}, headers={"Idempotency-Key": key})).status_code
        return status if status not in (202, 503) else None

    return int(await eventually(answered, why="the owner answers"))


async def nothing_in_the_clear(shop: Deployment) -> None:
    """A code is money: neither Redis nor a topic says it."""
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        assert b"WEB-0" not in await everything_in(client)
    async with aclosing(RedisClient(shop.redis_url)), LogReader(shop.bootstrap) as reader:
        for topic in (shop.topics.customer_events, shop.topics.activations, shop.topics.facts):
            for partition in range(shop.topics.partitions):
                async for records in reader.read_all(topic, partition):
                    assert not any(b"WEB-0" in (record.value or b"") for record in records), topic

"""A rule's budget on real Kafka and Redis: it holds over all partitions, and survives a Redis that loses everything."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from stamgast.state.keys import customers
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, RULE, Deployment

pytestmark = [pytest.mark.slow]

GIFT = RULE.replace("then:", "then:\n  - give: loaf") + "limits: {budget: 5.60 EUR}\n"
"""Each loaf is 1 euro, each message 10 cents."""
PRICED = (
    PROGRAM.replace("rewards:", "rewards:\n  loaf: {cost: 1 EUR, names: {nl: Een brood}}")
    + "prices: {sms: {NL: 0.10 EUR}}\n"
)


async def test_no_more_is_given_than_the_budget_pays_also_after_redis_was_emptied(
    kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path
) -> None:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
        shop = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)

        async def answered() -> bool:
            return not any([await client.hlen(customers(n).asks) for n in range(topics.partitions)])

        try:
            await shop.start(rule=GIFT, program=PRICED)
            await asyncio.gather(*(shop.enrol(number) for number in range(12)))
            await shop.buy(range(8))
            assert Counter((await shop.everything_ended(8)).values())["suppressed"] == 3
            await eventually(answered, seconds=60, why="everybody is answered")
            await client.flushall()
            await shop.buy(range(8, 12))
            assert Counter((await shop.everything_ended(12)).values())["suppressed"] == 7
            assert len(await shop.messages()) == 5
            given = [shop.asked("customer", "show", MERCHANT, f"06120{number:05d}", "--json") for number in range(12)]
            loaves = [v["state"] for each in given for v in each["vouchers"] if v["reward"] == "loaf"]
            assert loaves == ["open"] * 5
            assert shop.run("verify", "--json")["equal"] is True
            [budget] = shop.asked("report", "--merchant", MERCHANT, "--json")["budgets"].values()
            assert budget["spent_minor"] == {"total": 550}
            shop.beside("prices", "--every", "6 hours", "--a-second", "100")

            async def priced() -> bool:
                ever, within, later = [
                    shop.asked("report", "--merchant", MERCHANT, "--json", *days, code=0)["budgets"]["rule:hello/total"]
                    for days in ((), ("--from", "2026-10-01"), ("--from", "2026-10-02"))
                ]
                assert ever["spent_minor"] == within["spent_minor"] == {"total": round(500 + 5 * 7.5)}
                assert later["spent_minor"] == {}
                return True

            await eventually(priced, seconds=60, every=2, why="what the messages cost after all is booked")
            await client.flushall()
            await eventually(priced, seconds=60, every=2, why="and is again, from the log alone")
            assert shop.run("verify", "--json")["equal"] is True
        finally:
            await shop.end()

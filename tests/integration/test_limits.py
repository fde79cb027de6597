"""A rule's limit a day holds over all customers and partitions, and survives a Redis that loses everything.

It limits what the rule offers as well.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from tests.integration.deployment import MERCHANT, PROGRAM, RULE, Deployment

pytestmark = [pytest.mark.slow]

LIMITED = RULE.replace("then:", "then:\n  - give: loaf") + "limits: {messages: 5 per day}\n"
REWARDS = PROGRAM.replace("rewards:", "rewards:\n  loaf: {names: {nl: Een brood}}")


async def test_no_more_messages_leave_than_the_rule_allows_a_day_also_after_redis_was_emptied(
    kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path
) -> None:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
        shop = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
        try:
            await shop.start(rule=LIMITED, program=REWARDS)
            await asyncio.gather(*(shop.enrol(number) for number in range(12)))
            await shop.buy(range(8))
            assert Counter((await shop.everything_ended(8)).values())["suppressed"] == 3
            await client.flushall()
            await shop.buy(range(8, 12))
            assert Counter((await shop.everything_ended(12)).values())["suppressed"] == 7
            assert len(await shop.messages()) == 5
            given = [shop.asked("customer", "show", MERCHANT, f"06120{number:05d}", "--json") for number in range(12)]
            loaves = [v["state"] for each in given for v in each["vouchers"] if v["reward"] == "loaf"]
            assert loaves == ["open"] * 5, "seven were withdrawn"
            assert shop.run("verify", "--json")["equal"] is True
        finally:
            await shop.end()

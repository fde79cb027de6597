"""A rule's limit a day holds over all customers and partitions, and survives a Redis that loses everything."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from tests.integration.deployment import RULE, Deployment

pytestmark = [pytest.mark.slow]

LIMITED = RULE + "limits: {messages: 5 per day}\n"


async def test_no_more_messages_leave_than_the_rule_allows_a_day_also_after_redis_was_emptied(
    kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path
) -> None:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
        shop = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
        try:
            await shop.start(rule=LIMITED)
            await asyncio.gather(*(shop.enrol(number) for number in range(12)))
            await shop.buy(range(8))
            assert Counter((await shop.everything_ended(8)).values())["suppressed"] == 3
            await client.flushall()
            await shop.buy(range(8, 12))
            assert Counter((await shop.everything_ended(12)).values())["suppressed"] == 7
            assert len(await shop.messages()) == 5
            assert shop.run("verify", "--json")["equal"] is True
        finally:
            await shop.end()

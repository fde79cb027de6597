"""Staff are told through the same way as customers: once, sealed on the topics, so much an hour and the rest in one."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, Deployment

pytestmark = [pytest.mark.slow]

EVA = "+31687654321"
STAFFED = PROGRAM + f'staff: {{eva: {{phone: "{EVA}", hours: "00:00-24:00", per_hour: 2}}}}\n'
TELLS = """\
rule: hello
description: Staff hear of every purchase.
status: live
when: purchase
then:
  - notify: hello
"""


async def test_staff_are_told_once_and_the_rest_of_an_hour_in_one_message_of_the_next(
    kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path
) -> None:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    shop = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    shop.env["STAMGAST_CLOCK"] = "driven"
    shop.run("clock", "set", "2026-10-01T08:00:00Z", "--json")
    try:
        await shop.start(rule=TELLS, program=STAFFED)
        for number in range(5):
            await shop.enrol(number)
        await shop.buy(range(5))

        async def two_are_told() -> bool:
            assert len(await shop.messages()) == 2
            assert await shop.outbox_is_empty()
            return True

        await eventually(two_are_told, seconds=60)
        shop.worker()
        shop.run("clock", "set", "2026-10-01T09:00:30Z", "--json")

        async def three_have_arrived() -> bool:
            fates = await shop.everything_ended(5)
            return sorted(fates.values()) == ["delivered"] * 3 + ["suppressed"] * 2

        await eventually(three_have_arrived, seconds=60, why="the phone's answer comes a moment after the message")
        said = await shop.messages()
        assert [message["to"] for message in said] == [EVA] * 3
        assert sorted(message["body"] for message in said) == ["Dank u!", "Dank u!", "Dank u! (en nog 2)"]
        assert shop.run("verify", "--json")["equal"] is True
        (day,) = shop.asked("day", "--merchant", MERCHANT, "--date", "2026-10-01", "--json")["days"]
        assert (day["purchases"], day["messages"]) == (5, {})
        assert not [topic for topic in await texts(shop) if EVA[1:] in topic], "in the clear on no topic"
    finally:
        await shop.end()


async def texts(shop: Deployment) -> list[str]:
    """Everything that stands on the topics that hold programmes, decisions and facts."""
    found = []
    async with LogReader(shop.bootstrap) as reader:
        for topic, partitions in (
            (shop.topics.programs, 1), (shop.topics.activations, shop.topics.partitions),
            (shop.topics.customer_events, shop.topics.partitions), (shop.topics.facts, shop.topics.partitions),
        ):  # fmt: skip
            for partition in range(partitions):
                async for records in reader.read_all(topic, partition):
                    found += [unpacked(record.value or b"") for record in records]
    return found


def unpacked(value: bytes) -> str:
    try:
        return zlib.decompress(value).decode()
    except zlib.error:
        return value.decode(errors="replace")

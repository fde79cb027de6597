"""Rubbish by the thousand: each record a dead letter, and a log that can still be read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.producers import Emitter
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from tests.conftest import eventually
from tests.integration.asking import asked
from tests.integration.deployment import MERCHANT, Deployment

RUBBISH = 4_000


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    shop = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    await shop.start()
    yield shop
    await shop.end()


async def test_thousands_of_rubbish_records_are_a_dead_letter_each_and_a_few_lines_in_the_log(shop: Deployment):
    emitter = await Emitter.open(shop.bootstrap)
    for partition in range(shop.topics.partitions):
        some = [(b"winkel:%d" % n, b"{not json %d" % n) for n in range(partition, RUBBISH, shop.topics.partitions)]
        await emitter.emit(shop.topics.purchases, partition, some)
    await emitter.close()

    async def letters() -> bool:
        async with LogReader(shop.bootstrap) as reader:
            ends = await reader.ends([(shop.topics.dead_letters, 0)])
        return max(ends.values()) >= RUBBISH

    await eventually(letters, seconds=120, every=0.5)
    await shop.enrol(1)
    await shop.buy(range(1, 2))  # it goes on
    await eventually(lambda: len(told(shop, "dead letter")) > 0, seconds=60)
    assert 0 < len(told(shop, "laid aside")) < 100
    assert len(told(shop, "dead letter")) < 100
    assert len((shop.folder / "worker-2.log").read_bytes().splitlines()) < 400


NEXT_TO_NOTHING: tuple[bytes | None, ...] = (
    None,
    b"",
    b"{}",
    b"[]",
    b"null",
    b'"text"',
    b"\xff\xfe",
    b"[" * 5_000,
    b"\x91" * 5_000,  # the same in msgpack
    b'{"id":' * 5_000,
    b'{"type":"nobody_knows"}',
)


async def test_nothing_that_others_write_to_any_topic_keeps_a_process_from_its_work(
    kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path
):
    """Before the first start, and again while everything runs."""
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    shop = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    try:
        await litter(shop)
        await shop.start()
        await shop.enrol(1)
        await shop.buy(range(1, 2))
        await litter(shop)
        shop.worker()
        await shop.buy(range(1, 2), visit=2)

        async def thanked() -> bool:
            return len(await shop.sent()) == 2

        await eventually(thanked, seconds=120, every=0.5, why="both purchases are thanked for")
        assert [each.exit_code for each in shop.all] == [None] * len(shop.all)
        shop.run("dead-letters", "list", "--json")
        shop.run("keys", "list", MERCHANT, "--json")
        assert shop.run("verify", "--json")["equal"]
    finally:
        await shop.end()


ODD: tuple[str, ...] = ("", "é" * 300, "\x1b[2J\U0001f4a5 {{ x }}")
ASKED: tuple[tuple[str, ...], ...] = (
    ("keys", "list", "ODD"),
    ("keys", "create", "ODD"),
    ("keys", "revoke", MERCHANT, "ODD"),
    ("keys", "public", "ODD"),
    ("customer", "show", MERCHANT, "ODD"),
    ("customer", "show", "ODD", "0612000001"),
    ("customer", "replies", MERCHANT, "ODD"),
    ("customer", "erase", MERCHANT, "ODD"),
    ("rules", "why", MERCHANT, "ODD"),
    ("rules", "check", "ODD"),
    ("purchases", "review", "ODD"),
    ("purchases", "confirm", MERCHANT, "ODD"),
    ("dead-letters", "show", "ODD"),
    ("dead-letters", "replay", "ODD"),
    ("publish", "ODD"),
    ("clv", "segments", "--merchant", "ODD"),
    ("clv", "fit", "--merchant", "ODD"),
    ("clock", "set", "ODD"),
)
PLAIN: tuple[tuple[str, ...], ...] = (
    ("topics", "create"),
    ("keys", "rewrap"),
    ("dead-letters", "list"),
    ("erasures", "verify"),
    ("clock", "repair"),
    ("verify",),
    ("clv", "segments", "--merchant", MERCHANT),
    ("purchases", "review", MERCHANT),
)


@pytest.mark.slow
async def test_no_command_ends_in_a_traceback_for_what_people_and_logs_contain(shop: Deployment):
    await shop.enrol(1)
    await shop.buy(range(1, 2))
    await litter(shop)
    odd_ones = [tuple(odd if each == "ODD" else each for each in words) for words in ASKED for odd in ODD]
    broken = []
    for command in [*PLAIN, *odd_ones]:
        code, told = await asyncio.to_thread(asked, command, shop.folder, shop.env)
        if "Traceback" in told or code not in (0, 1, 2):
            broken.append((command, code, told[-600:]))
    assert broken == []


async def litter(shop: Deployment) -> None:
    emitter = await Emitter.open(shop.bootstrap)
    for name, topic in shop.topics:
        for partition in range(shop.topics.partitions if topic.partitions == "all" else 1):
            keys = [
                b"a:1",
                b"winkel:a:1",
                *(b"winkel:%c:%s" % (letter, b"a" * 24) for letter in b"acdhkps"),
                b"winkel:\xff",
                b"",
                *([] if topic.cleanup == "compact" else [None]),
            ]
            await emitter.emit(name, partition, [(key, value) for key in keys for value in NEXT_TO_NOTHING])
    await emitter.close()


def told(shop: Deployment, event: str) -> list[str]:
    lines = (shop.folder / "worker-2.log").read_text().splitlines()
    return [line for line in lines if f'"event": "{event}"' in line]

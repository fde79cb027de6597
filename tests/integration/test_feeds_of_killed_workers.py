"""Whole workers that are killed while they send a feed: each fact arrives, in order for its customer, under one id."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
from standardwebhooks import Webhook

from stamgast.domain.told import StampsLine, encode_line
from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.appender import Appender
from stamgast.log.topics import Topics
from tests.conftest import eventually
from tests.fakes.receiver import Receiver
from tests.integration.deployment import MERCHANT, PROGRAM, Deployment

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

CUSTOMERS, EACH = 40, 50


@pytest.fixture
async def scene(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    made = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    programme = tmp_path / "config" / "merchants" / MERCHANT / "program.yaml"
    programme.parent.mkdir(parents=True)
    programme.write_text(PROGRAM.partition("templates:")[0])
    made.run("publish", "--json")
    try:
        yield made
    finally:
        await made.end()


def line(customer: str, number: int) -> tuple[bytes, bytes]:
    said = StampsLine("stamps", "stamped", MERCHANT, customer, 1_000 + number, f"till:{number}", "bread", 1, 0, number)
    return f"{MERCHANT}:{customer}".encode(), encode_line(said)


async def test_workers_that_are_killed_lose_nothing(scene: Deployment) -> None:
    crm = Receiver()
    appender = Appender(scene.bootstrap, {scene.topics.facts: scene.topics.partitions}, client_id="test")
    try:
        added = scene.asked("feeds", "add", MERCHANT, "crm", crm.url, "--json", code=0)
        workers = [scene.worker(), scene.worker()]
        lines = [line(f"c{customer}", number) for number in range(EACH) for customer in range(CUSTOMERS)]
        for round_, begin in enumerate(range(0, len(lines), 500)):
            await appender.append(scene.topics.facts, lines[begin : begin + 500])
            await eventually(lambda begin=begin: len(crm.times()) > begin + 50, seconds=90)  # type: ignore[misc]
            workers[round_ % 2].kill()
            workers[round_ % 2] = scene.worker()
        await eventually(lambda: len(crm.times()) >= len(lines), seconds=120)
        for customer in range(CUSTOMERS):
            assert crm.ordinals(f"c{customer}") == [*range(EACH)]
        assert len(crm.times()) == len(lines)
        assert sum(crm.times().values()) < 2 * len(lines)
        assert all(Webhook(added["secret"]).verify(each.body, each.headers) for each in crm.asked[-50:])

        rotated = scene.asked("feeds", "rotate", MERCHANT, "crm", "--json", code=0)
        await appender.append(scene.topics.facts, [line("c0", EACH)])
        await eventually(lambda: len(crm.times()) > len(lines), seconds=60)
        newest = crm.asked[-1]
        for secret in (added["secret"], rotated["secret"]):
            assert Webhook(secret).verify(newest.body, newest.headers)

        async def is_shown() -> bool:
            [row] = scene.asked("feeds", "list", "--json", code=0)
            return row["state"] == "running" and not row["behind"] and row["secrets"] == 2

        await eventually(is_shown, seconds=60, every=0.5)
        assert added["secret"] not in scene.said("feeds", "list")
        before = crm.times()
        scene.said("feeds", "replay", MERCHANT, "crm", "--from", "2020-01-01T00:00:00Z", code=0)
        await eventually(lambda: all(crm.times()[each] > before[each] for each in before), seconds=90)
        assert crm.times().keys() == before.keys()
        assert scene.asked("feeds", "remove", MERCHANT, "crm", "--json", code=0)["removed"]
        assert scene.asked("feeds", "list", "--json", code=0) == []
    finally:
        await appender.close()
        crm.end()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["add", MERCHANT, "crm", "http://crm.example/x"], 2, "is not allowed"),
        (["add", "crm", "https://10.0.0.1/", "--merchant", MERCHANT], 2, "no public address"),
        (["add", "crm", "https://crm.example/"], 2, "feeds add MERCHANT NAME URL"),
        (["add", MERCHANT, "crm", "https://crm.example/", "--merchant", "m2"], 2, "named twice"),
        (["add", "CRM!", "https://crm.example/", "--merchant", MERCHANT], 2, "cannot be a feed's name"),
        (["add", "crm", "https://crm.example/", "--merchant", "De Winkel"], 2, "not a merchant's name"),
        (["add", "crm", "https://crm.example/", "--merchant", MERCHANT, "--only", "fact.vouchr"], 2, "'voucher'"),
        (["add", "crm", "https://crm.example/", "--merchant", MERCHANT, "--from", "yesterday"], 2, "RFC 3339"),
        (["pause", "crm"], 1, "there is no feed 'crm'"),
        (["replay", "crm"], 2, "--laid-aside"),
    ],
)
def test_what_cannot_be_is_told(scene: Deployment, words: list[str], code: int, told: str) -> None:
    answered: dict[str, Any] = scene.asked("feeds", *words, "--json", code=code)
    assert told in answered["error"]

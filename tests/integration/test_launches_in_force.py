"""A launch is in force in every partition of every worker before its command ends, and stays so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from stamgast.domain.customer import decode_customer
from stamgast.local.brokers import Broker
from stamgast.local.processes import free_port
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, RULE, Deployment

pytestmark = [pytest.mark.slow, pytest.mark.multi_worker]

DRAFT = (
    RULE.replace("live", "draft")
    + """\
tests:
  - name: a purchase is thanked for
    given: 1 purchase on 2026-10-01 10:00
    expect: [{send: hello}]
"""
)


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    deployment.env["STAMGAST_WHO"] = "els"
    try:
        yield deployment
    finally:
        await deployment.end()


async def test_a_launch_holds_everywhere_when_its_command_ends_and_a_restart_with_a_lost_redis_keeps_it(
    shop: Deployment, redis_server: RedisServer
) -> None:
    await shop.start(workers=2, rule=DRAFT)
    for number in range(8):
        await shop.enrol(number)
    await shop.buy(range(8))
    await eventually(lambda: _are_applied(redis_server, 8), seconds=60, why="what was bought before the launch")

    launched = shop.asked("rules", "launch", "hello", "live", "--why", "all is well", "--json", code=0)
    assert launched["in_force_everywhere"] is True
    (version,) = launched["versions"]
    assert (version["who"], version["why"], launched["was"]) == ("els", "all is well", "draft")
    await shop.buy(range(8), visit=2)
    assert len(await shop.everything_ended(8)) == 8

    published = shop.asked("publish", "--json", code=0)
    assert published["barriers"] == {"winkel": version["number"]}, "the files are what they were"
    paused = shop.asked("rules", "launch", "hello", "paused", "--why", "enough", "--by", "jan", "--json", code=0)
    assert paused["in_force_everywhere"] is True
    await shop.buy(range(8), visit=3)
    await eventually(lambda: _are_applied(redis_server, 24), seconds=60, why="what was bought while it was paused")
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    await shop.buy(range(8), visit=4)
    await eventually(lambda: _are_applied(redis_server, 32), seconds=60, why="and what was bought then")
    assert len(await shop.everything_ended(8)) == 8, "nobody was thanked while the rule was paused"
    assert shop.run("verify", "--json")["equal"] is True

    back = shop.asked("rules", "rollback", str(version["number"]), "--why", "not enough", "--json", code=0)
    assert back["statuses"] == {"hello": {"was": "paused", "status": "live"}}
    await shop.buy(range(8), visit=5)
    assert len(await shop.everything_ended(16)) == 16
    told = shop.asked("rules", "history", "hello", "--json", code=0)["versions"]
    assert [(each["who"], each["why"], each["status"]) for each in told[1:]] == [
        ("els", "all is well", "live"),
        ("jan", "enough", "paused"),
        ("els", "not enough", "live"),
    ]


async def _are_applied(redis_server: RedisServer, purchases: int) -> bool:
    """Whether workers have applied so many purchases of the merchant's."""
    client: Any
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        keys = [key async for key in client.scan_iter(match=f"*:c:{MERCHANT}:*")]
        states = [decode_customer(value) for value in await client.mget(keys) if value] if keys else []
        return sum(state.purchases for state in states) == purchases


async def test_a_rule_that_sends_more_than_was_expected_is_paused_everywhere_by_itself_and_it_is_told(
    shop: Deployment,
) -> None:
    port = free_port()
    shop.env["STAMGAST_METRICS_PORT"] = str(port)
    await shop.start(workers=1, rule=DRAFT, program=PROGRAM + "launch: {volume: 1}\n")
    for number in range(8):
        await shop.enrol(number)
    command = ("rules", "launch", "hello", "live", "--why", "x", "--expect", "3", "--json")
    shop.asked(*command, code=0)
    await shop.buy(range(8))

    async def paused() -> bool:
        told = shop.asked("rules", "history", "hello", "--json", code=0)["versions"][-1]
        if told["status"] != "paused":
            return False
        assert told["who"] == "stamgast"
        assert told["why"] == "trip wire: 8 messages went today, more than 1 times the 3 expected"
        notes = (await shop.http.get(f"http://127.0.0.1:{port}/readyz")).text
        assert "winkel: hello was paused: 8 messages went today" in notes
        return True

    await eventually(paused, seconds=60, every=1, why="it is paused")
    waiting = shop.asked("rules", "launch", "hello", "paused", "--why", "so it is", "--json", code=0)
    assert (waiting["in_force_everywhere"], waiting["was"]) == (True, "paused")
    await shop.buy(range(8), visit=2)
    assert len(await shop.everything_ended(8)) == 8, "nobody is written to any more"


async def test_without_a_worker_a_launch_says_where_it_is_not_in_force_yet(shop: Deployment) -> None:
    await shop.start(workers=0, rule=DRAFT)
    launched = shop.asked("rules", "launch", "hello", "live", "--why", "x", "--wait", "0.5", "--json", code=0)
    assert launched["in_force_everywhere"] is False
    assert launched["waiting_partitions"] == list(range(shop.topics.partitions))
    said = shop.said("rules", "launch", "hello", "paused", "--why", "x", "--wait", "0", code=0)
    assert "in force nowhere yet: it comes into force as soon as a worker runs" in said
    assert "say why" in shop.asked("rules", "launch", "hello", "paused", "--json", code=2)["error"]
    assert "has no test" not in shop.asked("rules", "launch", "hello", "liv", "--why", "x", "--json", code=2)["error"]

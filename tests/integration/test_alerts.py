"""Staff hear what happens to the shop itself, once: also where workers die between, and where Redis loses everything."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from stamgast.domain.alerts import STAFF_ROOM
from stamgast.domain.events import StaffAlerted, decode_event
from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.programs.publish import newest_bundles
from stamgast.state.client import RedisClient
from stamgast.state.customer_states import live_states
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, RULE, Deployment, Process

pytestmark = [pytest.mark.slow, pytest.mark.multi_worker]

EVA = "+31687654321"
STAFFED = PROGRAM + (
    f'staff: {{eva: {{phone: "{EVA}", hours: "00:00-24:00"}}}}\ncosts: {{contact: {{sms: 0.08 EUR}}}}\n'
)
DRAFT = RULE.replace("status: live", "status: draft")
CALL = """\
rule: call
description: Whoever it is started for is called.
status: live
when: campaign
then: [{tag: called}]
"""


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    try:
        yield deployment
    finally:
        await deployment.end()


async def told(shop: Deployment) -> list[str]:
    """What came to the phone of staff."""
    return [message["body"] for message in await shop.messages() if message["to"] == EVA]


async def is_paused(shop: Deployment) -> bool:
    record = (await newest_bundles(shop.bootstrap, shop.topics.programs))[MERCHANT].record
    return record.launched["hello"].status == "paused"


async def alerts(shop: Deployment) -> list[StaffAlerted]:
    """Those on the log."""
    found = []
    async with LogReader(shop.bootstrap) as reader:
        for partition in range(shop.topics.partitions):
            async for records in reader.read_all(shop.topics.customer_events, partition):
                events = (decode_event(record.value) for record in records if b"staff_alerted" in (record.value or b""))
                found += [event for event in events if isinstance(event, StaffAlerted)]
    return found


async def feed(shop: Deployment) -> list[dict[str, Any]]:
    """Lines of `facts.v1` about what staff are told."""
    found = []
    async with LogReader(shop.bootstrap) as reader:
        for partition in range(shop.topics.partitions):
            async for records in reader.read_all(shop.topics.facts, partition):
                found += [json.loads(record.value) for record in records]
    return [line for line in found if line["kind"] == "notice"]


async def laid_aside(shop: Deployment) -> int:
    """How many events nobody could apply."""
    async with LogReader(shop.bootstrap) as reader:
        return sum((await reader.ends([(shop.topics.dead_letters, 0)])).values())


def worker_of(shop: Deployment) -> Process:
    return [each for each in shop.all if each.name.startswith("worker")][-1]


def kill(worker: Process) -> None:
    worker.kill()


async def trip(shop: Deployment, visit: int) -> None:
    """A rule of which one message a day is expected sends five."""
    shop.run("rules", "launch", "hello", "live", "--expect", "1", "--anyway", "--why", "a try", "--json")
    await shop.buy(range(5), visit)
    await eventually(lambda: is_paused(shop), seconds=60, every=0.1, why="a wire tripped")


async def has_told(shop: Deployment, times: int) -> bool:
    said = await told(shop)
    assert said == ["De Winkel: regel hello staat op pauze. 5 berichten op een dag, hoogstens 3 verwacht."] * times
    return True


async def has_appended(shop: Deployment, times: int) -> bool:
    return len({alert.mark for alert in await alerts(shop)}) == times


async def test_a_wire_that_trips_rings_the_phone_of_staff_once_whatever_dies_meanwhile(shop: Deployment) -> None:
    call = shop.folder / "config/merchants" / MERCHANT / "rules/call.yaml"
    call.parent.mkdir(parents=True)
    call.write_text(CALL)
    await shop.start(rule=DRAFT, program=STAFFED)
    for number in range(5):
        await shop.enrol(number)

    await trip(shop, visit=1)
    kill(worker_of(shop))
    assert await alerts(shop) == [], "it died before it could tell"
    shop.worker()
    await eventually(lambda: has_told(shop, 1), seconds=60)

    await trip(shop, visit=2)
    await eventually(lambda: has_appended(shop, 2), seconds=60, every=0.05)
    kill(worker_of(shop))
    shop.worker()
    await eventually(lambda: has_told(shop, 2), seconds=60)

    kill(worker_of(shop))
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        await client.flushall()
    shop.worker()
    await trip(shop, visit=3)  # by then everything that could be told again would have been
    await eventually(lambda: has_told(shop, 3), seconds=60)
    await eventually(shop.outbox_is_empty, seconds=60)
    found: Any = shop.run("verify", "--json")
    assert (found["equal"], found["customers"]) == (True, 5)
    lines = await feed(shop)
    assert {(line["customer"], line["staff"], line["became"]) for line in lines} == {(STAFF_ROOM, "eva", "sent")}
    assert len({line["activation"] for line in lines}) == 3
    counted = shop.asked("campaign", "start", "call", "--yes", "--json")
    assert (counted["audience"], counted["matched"]) == (5, 5), "who is told of the shop is no customer"

    async def is_walked() -> bool:
        (seen,) = shop.asked("campaign", "status", "--json")["campaigns"]
        assert (seen["audience"], seen["matched"], seen["state"]) == (5, 5, "walked")
        return True

    await eventually(is_walked, seconds=60)
    async with aclosing(RedisClient(shop.redis_url)) as reading:
        states = [each async for piece in live_states(reading, shop.topics.partitions, MERCHANT) for each in piece]
    assert len(states) == 5, "nor for a fit, or what a segment is worth"
    assert await laid_aside(shop) == 0


@pytest.mark.parametrize(
    ("when_spent", "said"),
    [
        ("stop", "0.16 EUR van 0.20 EUR uitgegeven; wat meer kost, wacht of vervalt"),
        ("warn", "0.40 EUR van 0.20 EUR uitgegeven; er wordt niets tegengehouden"),
    ],
)
async def test_staff_hear_of_a_budget_that_is_spent_also_where_it_only_warns(
    shop: Deployment, when_spent: str, said: str
) -> None:
    budget = f"budget: {{amount: 0.20 EUR, per: month, when_spent: {when_spent}}}\n"
    await shop.start(program=STAFFED + budget)
    for number in range(5):
        await shop.enrol(number)
    await shop.buy(range(5))

    async def one_message() -> bool:
        assert await told(shop) == [f"De Winkel: budget op, de hele winkel (2026-10). {said}."]
        return True

    await eventually(one_message, seconds=60)
    assert shop.run("verify", "--json")["equal"] is True

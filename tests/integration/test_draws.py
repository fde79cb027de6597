"""A draw on real Kafka and Redis: drawn at its time, told by message, rechecked from the logs; a prize goes on."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, Deployment

pytestmark = [pytest.mark.slow]

DRAWS = """\
draws:
  october:
    opens: 2026-10-01
    closes: 2026-10-02
    drawn: 2026-10-03 12:00
    prizes: {dinner: 1, coffee: 2}
    reserves: 2
    per_customer: 2
    claim_within: 7 days
  wheel:
    opens: 2026-10-01
    closes: 2026-10-02
    prizes: {coffee: {odds: 50%, stock: 3}}
"""
ENTER = """\
rule: hello
status: live
when: purchase
then: [{enter_draw: october}, {instant_win: wheel}]
"""
WON = """\
rule: won
status: live
when: {drawn: {draw: october, won: true}}
then: [{send: hello, by: [sms]}]
"""
PEOPLE = 12


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    deployment.env["STAMGAST_CLOCK"] = "driven"
    deployment.run("clock", "set", "2026-10-01T08:00:00Z", "--json")
    program = PROGRAM.replace("rewards:", "rewards:\n  dinner: {names: {nl: Een diner}}") + DRAWS
    program = program.replace("    reward: coffee\n", "")
    won = tmp_path / "config" / "merchants" / MERCHANT / "rules" / "won.yaml"
    won.parent.mkdir(parents=True)
    won.write_text(WON)
    try:
        await deployment.start(rule=ENTER, program=program)
        yield deployment
    finally:
        await deployment.end()


async def shown(shop: Deployment, draw: str, state: str) -> dict[str, Any]:
    async def seen() -> dict[str, Any]:
        document: dict[str, Any] = await asyncio.to_thread(shop.asked, "draws", "show", draw, "--json")
        assert document["state"] == state, document
        return document

    return await eventually(seen, seconds=60, every=0.5, why=f"{draw} is {state}")


async def test_a_draw_is_drawn_at_its_time_told_rechecked_and_its_prizes_go_on(shop: Deployment) -> None:
    await asyncio.gather(*(shop.enrol(number) for number in range(PEOPLE)))
    await shop.buy(range(PEOPLE))
    await shop.buy(range(3), visit=2)

    async def entered() -> dict[str, Any]:
        document: dict[str, Any] = await asyncio.to_thread(shop.asked, "draws", "show", "october", "--json")
        assert document["entries"] == PEOPLE + 3, document
        return document

    before = await eventually(entered, seconds=60, every=0.5, why="everybody takes part")
    assert before["seed"] is None
    assert before["winners"] == []
    shop.run("clock", "set", "2026-10-03T10:00:05Z", "--json")
    drawn = await shown(shop, "october", "drawn")
    seed = bytes.fromhex(drawn["seed"])
    assert hashlib.sha256(seed).hexdigest() == drawn["commitment"] == before["commitment"]
    assert [each["reward"] for each in drawn["winners"]] == ["dinner", "coffee", "coffee"]
    for each in (*drawn["winners"], *drawn["reserves"]):
        assert hmac.digest(seed, f"{each['customer']}|{each['entry']}".encode(), "sha256").hex() == each["ticket"]

    async def told() -> bool:
        document = await asyncio.to_thread(shop.asked, "draws", "verify", "october", "--json", code=0)
        assert document["valid"] is True
        assert len(await shop.messages()) == 3, shop.said("customer", "show", MERCHANT, drawn["winners"][0]["customer"])
        return True

    await eventually(told, seconds=60, every=0.5, why="it is drawn in all partitions, and told")
    wheel = await shown(shop, "wheel", "drawn")
    assert wheel["problems"] == []
    assert len(wheel["winners"]) == 3, "half of fifteen hit it, and there were three"

    # a winner does not want it: the first reserve gets it, and hears of it
    first, reserve = drawn["winners"][0]["customer"], drawn["reserves"][0]["customer"]
    done = await asyncio.to_thread(shop.asked, "draws", "redraw", "october", first, "--json", code=0)
    assert done["applied"] is True

    async def gone_on() -> bool:
        document = await asyncio.to_thread(shop.asked, "draws", "verify", "october", "--json", code=0)
        assert document["winners"][0]["passed_on"] is True
        assert [each["customer"] for each in document["winners"] if each["reward"] == "dinner"] == [first, reserve]
        assert len(await shop.messages()) == 4
        return True

    await eventually(gone_on, seconds=60, every=0.5, why="the prize went on")
    assert shop.run("verify", "--json")["equal"] is True
    await asyncio.to_thread(shop.said, "draws", "redraw", "october", first, code=0)
    [listed] = [each for each in shop.asked("draws", "list", "--json")["draws"] if each["draw"] == "october"]
    assert listed["valid"] is True

"""From a purchase to one message on a phone, with workers killed, paused and their Redis lost on the way."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from tests.conftest import eventually
from tests.integration.deployment import Deployment

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

CUSTOMERS = 60


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    try:
        await deployment.start()
        await asyncio.gather(*(deployment.enrol(number) for number in range(CUSTOMERS)))
        yield deployment
    finally:
        await deployment.end()


async def test_every_purchase_becomes_one_message(shop: Deployment) -> None:
    await shop.buy(range(CUSTOMERS))
    fates = await shop.everything_ended(CUSTOMERS)
    assert set(await shop.sent()) == set(fates)
    assert max((await shop.sent()).values()) == 1
    assert shop.run("verify", "--jobs", "2", "--json")["equal"] is True


async def test_workers_killed_and_paused_at_any_moment_send_nothing_twice(shop: Deployment) -> None:
    chance = random.Random(3)
    running = [shop.all[-1], shop.worker()]
    paused = []
    for visit in range(1, 6):
        done = len(await shop.messages()) + chance.randrange(5, CUSTOMERS - 10)  # a few may be unproven
        await shop.buy(range(CUSTOMERS), visit)

        async def some_left(done: int = done) -> bool:
            return len(await shop.messages()) >= done

        await eventually(some_left, seconds=180, every=0.01)
        victim = running.pop(chance.randrange(2))
        if visit % 2:
            victim.kill()
        else:
            victim.signal(signal.SIGSTOP)
            paused.append(victim)
        running.append(shop.worker())
        await shop.everything_ended(CUSTOMERS * visit, seconds=90)
        while paused and visit % 2:
            paused.pop().signal(signal.SIGCONT)
    for sleeper in paused:
        sleeper.signal(signal.SIGCONT)
    fates, sent = await shop.everything_ended(CUSTOMERS * 5), await shop.sent()
    assert max(sent.values()) == 1
    unproven = [name for name, status in fates.items() if status == "in_doubt" and name not in sent]
    assert len(sent) + len(unproven) == CUSTOMERS * 5
    assert all(status == "in_doubt" for name, status in fates.items() if name not in sent)


async def test_an_emptied_redis_sends_nothing_again(shop: Deployment) -> None:
    await shop.buy(range(CUSTOMERS))
    before = await shop.everything_ended(CUSTOMERS)
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        await client.flushall()
    await shop.buy(range(CUSTOMERS), visit=2)
    await shop.everything_ended(2 * CUSTOMERS)
    sent = await shop.sent()
    assert len(before) == CUSTOMERS
    assert (len(sent), max(sent.values())) == (2 * CUSTOMERS, 1)
    assert shop.run("verify", "--json")["equal"] is True

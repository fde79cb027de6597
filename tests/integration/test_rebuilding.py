"""An emptied Redis filled from Kafka on demand: beside a worker, after trouble, and never under another clock."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.processes import free_port
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from tests.integration.deployment import ROOT, Deployment

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

CUSTOMERS = 20
AHEAD = "2099-10-01T08:00:00Z,1x"
"""A trial's time, which is one to come by the broker's clock."""

BREAKS = """
from streams.customers.job import CustomersJob
from stamgast.cli import main

async def taken(self, owned, reader):
    raise ValueError("made for this test")

CustomersJob.taken = taken
main()
"""


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    deployment.env["STAMGAST_METRICS_PORT"] = str(free_port())
    deployment.env["STAMGAST_CLOCK"] = AHEAD
    try:
        await deployment.start()
        yield deployment
    finally:
        await deployment.end()


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stderr + done.stdout
    return done.stderr.splitlines()[-1]


async def test_redis_is_filled_beside_a_worker_that_serves_its_metrics(shop: Deployment) -> None:
    await shop.buy(range(CUSTOMERS))

    await shop.everything_ended(CUSTOMERS)  # nobody agreed to messages: each purchase ends in one that is withheld
    assert (await shop.http.get(f"http://127.0.0.1:{shop.env['STAMGAST_METRICS_PORT']}/readyz")).status_code == 200

    # The trial is over, says somebody. What was applied in its time is still told rightly, and not judged anew.
    real = shop.done("verify", "--json", STAMGAST_CLOCK="real")
    assert real.returncode == 0, real.stdout
    why = refused(shop.done("rebuild", "--empty", "--json", STAMGAST_CLOCK="real"))
    assert "applied under an invented clock" in why
    assert shop.run("verify", "--json")["customers"] == CUSTOMERS  # nothing was emptied

    rebuilt: Any = shop.run("rebuild", "--empty", "--json")
    assert (rebuilt["equal"], rebuilt["customers"], rebuilt["transactions"]) == (True, CUSTOMERS, CUSTOMERS)

    shop.all.pop().kill()  # the worker
    breaking = [sys.executable, "-c", BREAKS, "rebuild", "--empty", "--json"]
    why = refused(subprocess.run(breaking, env=shop.env, cwd=ROOT, capture_output=True, text=True, check=False))
    assert "ValueError: made for this test" in why

"""A template that takes more than a message may, whatever way it came into force, costs its own message and its rule."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from rules.program.template_language import LONGEST_SOURCE
from stamgast.bootstrap import partition_counts
from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.appender import Appender
from stamgast.log.topics import Topics
from stamgast.programs.record import BundleRecord, bundle_hash, encode_bundle
from stamgast.state.keys import customers
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, RULE, Deployment

pytestmark = [pytest.mark.slow]

COSTLY = {
    "program.yaml": PROGRAM,
    "rules/hello.yaml": RULE,
    "templates/nl/hello.j2": "{# " + "waarom " * (LONGEST_SOURCE // 6) + "#}Dank u!",
}
"""As it could be published before there was a bound: what was goes on (ADR 88), as far as it can."""


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    try:
        yield deployment
    finally:
        await deployment.end()


async def test_a_costly_template_fails_its_message_and_pauses_its_rule_until_it_is_mended(shop: Deployment) -> None:
    await shop.start()
    await shop.enrol(0)
    await in_force(shop, await past_publish(shop, COSTLY))
    await shop.buy(range(1))
    assert list((await shop.everything_ended(1)).values()) == ["suppressed"]
    log = shop.folder / "worker-2.log"
    await eventually(lambda: "its rule is paused" in log.read_text(), seconds=60, every=0.2)
    why = shop.said("rules", "why", MERCHANT, "0612000000", "--rule", "hello")
    assert "making it took more than a message may take" in why
    await eventually(
        lambda: "hello (paused" in shop.said("rules", "why", MERCHANT, "0612000000"), seconds=60, every=1
    )  # fmt: skip
    await shop.buy(range(1), visit=2)
    await eventually(
        lambda: shop.asked("customer", "show", MERCHANT, "0612000000", "--json")["purchases"] == 2,
        seconds=60, every=1,
    )  # fmt: skip
    assert len(await shop.fates()) == 1, "the rule rests"
    assert shop.run("verify", "--json")["equal"] is True

    await in_force(shop, shop.asked("publish", "--json", code=0)["barriers"][MERCHANT])
    await shop.buy(range(1), visit=3)
    assert sorted((await shop.everything_ended(2)).values())[1] == "suppressed"
    assert len(await shop.messages()) == 1
    assert shop.all[-1].exit_code is None, "the worker that met it goes on"
    assert shop.run("verify", "--json")["equal"] is True


async def past_publish(shop: Deployment, files: dict[str, str]) -> int:
    """Append a bundle that nobody checked, and return its number."""
    bundle = BundleRecord(merchant=MERCHANT, hash=bundle_hash(files, {}), files=files)
    appender = Appender(shop.bootstrap, partition_counts(shop.topics), client_id="test")
    try:
        (number,) = await appender.append(shop.topics.programs, [(MERCHANT.encode(), encode_bundle(bundle))])
    finally:
        await appender.close()
    return number


async def in_force(shop: Deployment, number: int) -> None:
    """Wait until a bundle is in force in every partition."""

    async def everywhere() -> bool:
        async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
            found: list[Any] = [
                await client.hget(customers(n).meta, f"b:{MERCHANT}") for n in range(shop.topics.partitions)
            ]
        return all(each is not None and int(each.split(b":")[0]) == number for each in found)

    await eventually(everywhere, seconds=60, every=0.1, why="the bundle is in force")

"""A model fitted to live states comes into force by itself: timers move, figures show it, and the log agrees."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from stamgast.domain.customer import Customer, decode_customer
from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, Deployment, sales_of
from tests.unit.clv.purchases import csv_of, drawn_shop

pytestmark = pytest.mark.slow

CUSTOMERS = 160
NOW = datetime(2026, 10, 1, 7, 0, tzinfo=UTC)
QUIET_RULE = """\
rule: hello
description: Who seems to leave is called.
status: live
when: became_at_risk
if:
  - churn_probability: {at_least: 20%}
then:
  - tag: {add: call}
"""


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    try:
        await deployment.start(rule=QUIET_RULE)
        yield deployment
    finally:
        await deployment.end()


def visits(number: int) -> list[datetime]:
    """A third came once of late, the others come every week to month; every fourth of them left in summer."""
    if number % 3 == 0:
        return [NOW - timedelta(days=5 + number % 40)]
    last = NOW - timedelta(days=100 + number % 60 if number % 4 == 1 else number % 9)
    return [last - timedelta(days=each * (7 + number % 23)) for each in range(6 + number % 7)]


async def sell(shop: Deployment) -> int:
    purchases = sales_of(visits(number) for number in range(CUSTOMERS))
    for start in range(0, len(purchases), 500):
        some = purchases[start : start + 500]

        async def taken(some: list[dict[str, Any]] = some) -> bool:
            answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/purchases", json=some)
            assert answer.status_code == 202, answer.text
            return True

        await eventually(taken, seconds=60, every=0.2)
    return len(purchases)


async def states(shop: Deployment) -> dict[str, Customer]:
    client: Any
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        keys = [key async for key in client.scan_iter(match=f"*:c:{MERCHANT}:*")]
        return {key.decode(): decode_customer(value) for key, value in zip(keys, await client.mget(keys), strict=True)}


async def test_a_fit_comes_into_force_moves_what_belongs_earlier_and_is_kept_when_files_are_published(
    shop: Deployment,
) -> None:
    sold = await sell(shop)
    await eventually(lambda: _applied(shop, sold), seconds=60, why="all purchases applied")
    before = await states(shop)

    fitted: Any = shop.run("clv", "fit", "--merchant", MERCHANT, "--model", "mbg_nbd", "--json")
    assert (fitted["published"], fitted["comparison"], fitted["open_days"]) == (True, None, False)
    assert fitted["fit"]["customers"] == CUSTOMERS

    def moved(now: dict[str, Customer]) -> list[str]:
        earlier = lambda name: now[name].timers.get("lapse", 0) < before[name].timers.get("lapse", 0)  # noqa: E731
        return [name for name in now if now[name].visits == before[name].visits == 1 and earlier(name)]

    async def reviewed() -> bool:
        now = await states(shop)
        return len(moved(now)) >= 10

    await eventually(reviewed, seconds=60, why="timers that belong earlier were moved without a new purchase")
    name = moved(await states(shop))[0].rpartition(":")[2]
    shown: Any = shop.run("customer", "show", MERCHANT, name, "--json")
    assert shown["prospects"]["parameters_version"] == fitted["version"]
    assert 0 < shown["prospects"]["churn_probability"] < 1
    assert shown["clv"]["net"] == shown["clv"]["historic"] + shown["clv"]["predicted"]

    program = shop.folder / "config" / "merchants" / MERCHANT / "program.yaml"
    program.write_text(program.read_text() + 'closed: ["2026-12-25"]\n')
    shop.run("publish", "--json")
    again: Any = shop.run("clv", "fit", "--merchant", MERCHANT, "--model", "mbg_nbd", "--json")
    assert again["was"] == fitted["version"], "publishing files kept the fit"
    assert again["comparison"]["customers"] > 50
    assert again["open_days"] is True
    assert again["version"] != fitted["version"], "the version says that closed days are left out"

    async def equal() -> bool:
        found: Any = shop.run("verify", "--json")
        return found["behind"] == 0 and found["equal"]

    await eventually(equal, seconds=60, why="live state is what the log says")
    assert again["comparison"]["cut"] < again["fit"]["as_of"] == "2026-10-01", "both are dates"
    keeps_what_is_in_force(shop, again["version"])
    await _goes_by_several_models_together(shop, name, equal)


async def _goes_by_several_models_together(
    shop: Deployment, customer: str, equal: Callable[[], Awaitable[bool]]
) -> None:
    """Learnt from a file, for these customers are too few to teach it; what is in force cannot be compared with it."""
    file = shop.folder / "drawn.csv"
    file.write_text(csv_of(drawn_shop(700)))
    words = ("--data", str(file), "--model", "combined", "--force")
    together: Any = shop.run("clv", "fit", "--merchant", MERCHANT, *words, "--json")
    assert (together["published"], together["model"]) == (True, "combined")
    assert sum(together["weights"].values()) == pytest.approx(1.0)

    async def in_force() -> bool:
        shown: Any = shop.run("customer", "show", MERCHANT, customer, "--json")
        told = shown["prospects"]
        return (told["model"], told["parameters_version"]) == ("combined", together["version"])

    await eventually(in_force, seconds=60, why="a customer is shown as the combined model has it")
    await eventually(equal, seconds=60, why="live state is what the log says with it too")


def keeps_what_is_in_force(shop: Deployment, version: str) -> None:
    """What is worse founded than the parameters in force does not take their place, unless somebody insists."""

    def fit(*words: str) -> Any:
        return shop.run("clv", "fit", "--merchant", MERCHANT, "--model", "mbg_nbd", "--json", *words)

    def refused(*words: str) -> tuple[int, str]:
        words = ("clv", "fit", "--merchant", MERCHANT, *words)
        done = shop.done(*words)
        return done.returncode, done.stderr

    past = fit("--as-of", "2026-09-01", "--force")
    assert (past["published"], past["fit"]["as_of"], past.get("spend")) == (False, "2026-09-01", None)
    assert "what they had spent" in past["refusal"]
    code, said = refused("--as-of", "2026-12-01")
    assert (code, "give a day that has come" in said) == (2, True)

    two = shop.folder / "two.csv"
    two.write_text(
        "customer,date,amount,currency\nanna,2026-01-02,5,EUR\nanna,2026-03-02,5,EUR\nben,2026-09-30,7,EUR\n"
    )
    few = fit("--data", str(two))
    assert (few["published"], few["barrier"], few["was"]) == (False, None, version)
    assert "2 were read" in few["refusal"]
    dollars = shop.folder / "dollars.csv"
    dollars.write_text(two.read_text().replace("EUR", "USD"))
    code, said = refused("--data", str(dollars), "--force")
    assert (code, "is in USD" in said) == (1, True)
    assert fit("--data", str(two), "--force")["published"] is True


async def _applied(shop: Deployment, sold: int) -> bool:
    return sum(state.purchases for state in (await states(shop)).values()) == sold

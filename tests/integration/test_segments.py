"""What segments of live customers are worth against the cost of winning them."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from stamgast.domain.clv import Clv, clv_of
from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.events import key_of
from stamgast.identity.veiling import Veils
from stamgast.local.brokers import Broker
from stamgast.local.processes import free_port
from stamgast.local.redis_server import RedisServer
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import LogReader
from stamgast.log.segments import Known, SegmentWorth, read_segments
from stamgast.log.topics import Topics
from stamgast.programs.publish import newest_bundles
from stamgast.programs.record import load_record
from stamgast.state.client import RedisClient
from stamgast.state.customer_states import live_states
from stamgast.state.keys import customers
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, ROOT, Deployment, sales_of

pytestmark = pytest.mark.slow

CUSTOMERS = 90
EVA = "+31687654321"
VEIL = Veils(bytes(32)).of(MERCHANT)
NOW = datetime(2026, 10, 1, 7, 0, tzinfo=UTC)
REGULARS = """\
rule: hello
description: Who has come five times is a regular.
status: live
when: {visits_reached: 5}
then:
  - tag: {add: regular}
"""
COSTS = "costs: {margin: 40%, acquisition: 2 EUR, acquisition_by_source: {flyer: FLYER EUR, friend: 0 EUR}}\n"


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    try:
        deployment.env["STAMGAST_METRICS_PORT"] = str(free_port())
        await deployment.start(rule=REGULARS)
        yield deployment
    finally:
        await deployment.end()


def source_of(number: int) -> str | None:
    """What a programme gives a cost, what none names, and nothing."""
    return ("flyer", "friend", "radio" if number % 2 else None)[number % 3]


def visits(number: int) -> list[datetime]:
    return [NOW - timedelta(days=3 + number % 40 + each * (6 + number % 17)) for each in range(1 + number % 8)]


async def stock(shop: Deployment) -> None:
    """Enrol customers with their sources, and let them buy over the months before."""
    for number in range(CUSTOMERS):
        body = {"phone": f"06120{number:05d}", "first_name": "Jo", "acquisition_source": source_of(number)}
        answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/customers", json=body)
        assert answer.status_code in (200, 201), answer.text
    purchases = sales_of(visits(number) for number in range(CUSTOMERS))

    async def taken() -> bool:
        answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/purchases", json=purchases)
        assert answer.status_code == 202, answer.text
        return True

    await eventually(taken, seconds=60, every=0.2)

    async def applied() -> bool:
        return sum(state.purchases for state in await states(shop)) == len(purchases)

    await eventually(applied, seconds=60, why="all purchases applied")


async def states(shop: Deployment) -> list[Customer]:
    async with aclosing(RedisClient(shop.redis_url)) as client:
        names = [name async for piece in live_states(client, shop.topics.partitions, MERCHANT) for name, _ in piece]
        return [await state_of(client, shop.topics.partitions, name) for name in names]


async def state_of(client: RedisClient, partitions: int, customer: str) -> Customer:
    keys = customers(partition_for(key_of(MERCHANT, customer), partitions))
    session = await client.session(keys.meta)
    return decode_customer(await session.call("GET", keys.customer(MERCHANT, customer)))


async def one_by_one(shop: Deployment) -> list[tuple[Customer, Clv]]:
    """What the domain says of each customer under the bundle in force."""
    record = (await newest_bundles(shop.bootstrap, shop.topics.programs))[MERCHANT].record
    program = load_record(record).program.behind(VEIL)
    return [(state, clv_of(state, program, round(NOW.timestamp() * 1_000))) for state in await states(shop)]


def named(state: Customer) -> str:
    """The source of which the state only holds what stands for it."""
    return {VEIL.source(name): name for name in ("flyer", "friend", "radio")}.get(state.source, "(none)")


def publish_costs(shop: Deployment, flyer: str) -> None:
    program = shop.folder / "config" / "merchants" / MERCHANT / "program.yaml"
    kept = [line for line in program.read_text().splitlines(keepends=True) if not line.startswith("costs:")]
    program.write_text("".join(kept) + COSTS.replace("FLYER", flyer))
    shop.run("publish", "--json")


def segments(shop: Deployment, by: str) -> dict[str, Any]:
    return shop.run("clv", "segments", "--merchant", MERCHANT, "--by", by, "--json")


async def test_live_segments_are_worth_what_their_customers_are_and_three_times_their_cost_is_asked(
    shop: Deployment,
) -> None:
    await stock(shop)
    publish_costs(shop, "3.00")
    before: Any = segments(shop, "source")
    assert {each["predicted"] for each in before["segments"]} == {None}, "nothing was fitted yet"
    fitted: Any = shop.run("clv", "fit", "--merchant", MERCHANT, "--model", "mbg_nbd", "--json")

    found = segments(shop, "source")
    assert (found["currency"], found["by"], found["as_of"]) == ("EUR", "source", "2026-10-01")
    assert found["parameters_version"] == fitted["version"]
    by_source = {each["segment"]: each for each in found["segments"]}
    people = await one_by_one(shop)
    assert Counter(named(state) for state, _ in people) == {name: each["customers"] for name, each in by_source.items()}
    flyer = by_source["flyer"]
    theirs = [clv for state, clv in people if named(state) == "flyer"]
    brought = sum(each.historic + (each.predicted or 0) - each.contact_cost for each in theirs)
    assert flyer["acquisition_cost"] == 300
    assert flyer["winning_budget"] == flyer["value_of_new"] * flyer["customers"] // 3
    assert flyer["ratio"] == pytest.approx(brought / (300 * len(theirs)), rel=1e-3)
    assert flyer["new_to_cac"] == pytest.approx(flyer["value_of_new"] / 300)
    assert flyer["new_below"] is (flyer["new_to_cac"] < 3)
    assert by_source["friend"]["ratio"] is None, "winning a friend cost nothing"

    changes: Any = shop.run("clv", "change", "--merchant", MERCHANT, "--json")
    assert changes["parameters_version"] == fitted["version"]
    assert len(changes["customers"]) == len(people)
    assert changes["all"]["spent_last_year"] == pytest.approx(sum(state.spend for state, _ in people) / 100)
    assert changes["all"]["expected_next_year"] > 0

    by_tag = {each["segment"]: each for each in segments(shop, "tag")["segments"]}
    regulars = [state for state, _ in people if "regular" in state.tags]
    assert by_tag["regular"]["customers"] == len(regulars) > 20
    assert by_tag["regular"]["clv"] > by_tag["(none)"]["clv"]


async def told(shop: Deployment) -> Known:
    async with LogReader(shop.bootstrap) as reader:
        return await read_segments(reader, shop.topics.segments)


async def valued_under(shop: Deployment, segment: str = "source|flyer") -> SegmentWorth:
    """What is told of flyers, or of another segment, once the workers have valued segments under the newest bundle."""
    newest = (await newest_bundles(shop.bootstrap, shop.topics.programs))[MERCHANT].record.hash

    async def valued() -> Known | None:
        known = await told(shop)
        return known if MERCHANT in known.valued and known.valued[MERCHANT].bundle == newest else None

    known = await eventually(valued, seconds=60, every=0.5, why="segments were valued under the newest bundle")
    return known.segments[f"{MERCHANT}|{segment}"]


def warnings(shop: Deployment) -> list[int]:
    """How often each worker warned that a segment fell, in the order in which they were started."""
    logs = sorted(shop.folder.glob("worker-*.log"))
    return [log.read_bytes().count(b"a segment fell below") for log in logs]


def flyers(shop: Deployment) -> Any:
    return next(each for each in segments(shop, "source")["segments"] if each["segment"] == "flyer")


async def test_a_segment_that_falls_below_three_is_told_once_and_not_again_after_a_restart(shop: Deployment) -> None:
    await stock(shop)
    publish_costs(shop, "0.01")
    shop.run("clv", "fit", "--merchant", MERCHANT, "--model", "mbg_nbd", "--json")
    worth = await valued_under(shop)
    assert (worth.below, worth.below_since, worth.currency) == (False, None, "EUR")
    known = await told(shop)
    assert sum(known.valued[MERCHANT].values) == CUSTOMERS == known.segments[f"{MERCHANT}|shop|(all)"].customers
    assert len(worth.sample) == len(worth.past) * 10 == 10
    most = flyers(shop)["winning_may_cost"]

    publish_costs(shop, f"{(most + 50) / 100:.2f}")
    worth = await valued_under(shop)
    assert worth.below
    assert worth.fell_from is not None
    assert worth.fell_from > 3 > (worth.ratio or 9)
    shown = flyers(shop)
    assert (shown["new_below"], shown["fell_from"]) == (True, worth.fell_from)
    assert shown["new_to_cac"] == pytest.approx(worth.ratio)
    since = shown["below_since"]
    assert since.startswith("2026-10-01T08:")
    metrics = (await shop.http.get(f"http://127.0.0.1:{shop.env['STAMGAST_METRICS_PORT']}/metrics")).text
    assert 'stamgast_segment_clv_to_cac{by="source",merchant="winkel",segment="flyer"} 2.' in metrics
    assert 'stamgast_segments_fell_below_total{by="source",merchant="winkel"} 1.0' in metrics
    assert warnings(shop) == [1]

    (worker,) = (each for each in shop.all if each.name.startswith("worker"))
    worker.kill()
    shop.worker()
    publish_costs(shop, f"{(most + 60) / 100:.2f}")  # so that all are valued again, by the new worker
    worth = await valued_under(shop)
    assert worth.below
    assert flyers(shop)["below_since"] == since
    assert warnings(shop) == [1, 0]

    publish_costs(shop, "0.01")
    worth = await valued_under(shop)
    assert (worth.below, worth.below_since, worth.fell_from) == (False, None, None)
    assert flyers(shop)["below_since"] is None


async def staff_heard(shop: Deployment) -> list[str]:
    return [message["body"] for message in await shop.messages() if message["to"] == EVA]


async def test_the_recipe_for_it_rings_the_phone_of_staff_once_though_the_worker_dies_just_then(
    shop: Deployment,
) -> None:
    shutil.copytree(ROOT / "config/recipes", shop.folder / "config/recipes")
    answers = ("segment=often", "visits=5", "cost=0.01 EUR", f"phone={EVA}")
    shop.run("rules", "new", "staff-alert", *(word for each in answers for word in ("--set", each)), "--json")
    folder = shop.folder / "config" / "merchants" / MERCHANT
    rule, program = folder / "rules/often.yaml", folder / "program.yaml"
    rule.write_text(rule.read_text().replace("status: draft", "status: live"))
    shop.run("publish", "--json")
    await stock(shop)
    shop.run("clv", "fit", "--merchant", MERCHANT, "--model", "mbg_nbd", "--json")
    assert (await valued_under(shop, "tag|often")).below is False
    assert await staff_heard(shop) == []

    dear = program.read_text().replace("acquisition: 0.01 EUR", "acquisition: 400 EUR")
    program.write_text(dear)
    shop.run("publish", "--json")
    assert (await valued_under(shop, "tag|often")).fell_from is not None
    (worker,) = (each for each in shop.all if each.name.startswith("worker"))
    worker.kill()
    shop.worker()
    (said,) = await eventually(lambda: staff_heard(shop), seconds=60)
    assert said.startswith("De Winkel: kijk naar klanten met label often. Nog 1,")
    assert said.endswith("; 3 is gezond.")

    program.write_text(dear.replace("acquisition: 400 EUR", "acquisition: 410 EUR"))  # so that all are valued again
    shop.run("publish", "--json")
    assert (await valued_under(shop, "tag|often")).below
    assert shop.run("verify", "--json")["equal"] is True
    assert await staff_heard(shop) == [said]

"""Audiences of rules that come by the calendar, on real Kafka and Redis: a list, who bought something, who is what."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from stamgast.domain.customer import Customer, decode_customer
from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, Deployment

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

AUDIENCES = (
    PROGRAM
    + """\
audiences:
  buyers: {bought: {category: bread, from: 2026-09-30, to: 2026-10-31}}
  invited: {file: invited.csv}
  often: {who: [{visits: {at_least: 2}}]}
"""
)
GIVES = "status: live\nearned: true\nthen: [{give: coffee}]\ntests: []\n"
RULES = {
    "party": "rule: party\nwhen: {on: {at: 2026-10-02 10:00, audience: invited}}\n" + GIVES,
    "daily": 'rule: daily\nwhen: {every: {day: true, at: "11:00", audience: buyers}}\n' + GIVES,
    "fair": "rule: fair\nwhen: {on: {at: 2026-10-03 12:00, audience: buyers}}\n" + GIVES,
}


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    deployment.env["STAMGAST_CLOCK"] = "driven"
    deployment.run("clock", "set", "2026-10-01T08:00:00Z", "--json")
    try:
        yield deployment
    finally:
        await deployment.end()


async def states(shop: Deployment) -> list[Customer]:
    client: Any
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        keys = [key async for key in client.scan_iter(match=f"*:c:{MERCHANT}:*", count=1_000)]
        return [decode_customer(value) for value in await client.mget(keys)] if keys else []


async def bought(shop: Deployment, numbers: range, category: str) -> None:
    sales = [
        {
            "transaction_id": f"till:{category}:{number}", "source_version": 1, "status": "completed",
            "end_date_time": "2026-10-01T07:59:10Z", "store": {"retail_store_id": "hoek"},
            "customer": {"phone": f"06120{number:05d}"}, "price_currency": "EUR", "totals": {"gross_minor": 1240},
            "line_items": [{"line_id": "1", "gross_minor": 1240, "category": category}],
        }
        for number in numbers
    ]  # fmt: skip
    answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/purchases", json=sales)
    assert answer.status_code == 202, answer.text


async def known(shop: Deployment, purchases: int) -> None:
    async def all_know() -> bool:
        return sum(each.purchases for each in await states(shop)) == purchases

    await eventually(all_know, seconds=60, every=0.3, why="every purchase is known")


async def given(shop: Deployment, rule: str, *many: int) -> None:
    """So many customers have one gift of the rule, so many two and so on, and nobody has more."""

    async def they_have() -> bool:
        gifts = Counter(sum(voucher.rule == rule for voucher in each.vouchers) for each in await states(shop))
        return {gift: count for gift, count in gifts.items() if gift} == {
            gift: count for gift, count in enumerate(many, 1) if count
        }

    await eventually(they_have, seconds=60, every=0.3, why=f"{many} have what {rule} gives")


async def test_a_list_holds_from_when_it_is_fixed_and_buyers_are_asked_about_at_each_occasion(shop: Deployment) -> None:
    folder = shop.folder / "config" / "merchants" / MERCHANT
    await shop.start(rule=RULES["party"], program=AUDIENCES)
    for name in ("daily", "fair"):
        (folder / "rules" / f"{name}.yaml").write_text(RULES[name])
    shop.run("publish", "--json")
    await bought(shop, range(20), "tea")
    await bought(shop, range(5), "bread")
    await known(shop, 25)

    def schedule(rule: str) -> dict[str, Any]:
        found: Any = shop.asked("campaign", "status", rule, "--json", code=0)
        [mine] = found["schedules"]
        return dict(mine)

    assert schedule("party")["list_is_wanted"] is True
    refused = shop.asked("campaign", "audience", "party", "--yes", "--json", code=1)["error"]
    assert "there is no such file" in refused
    (folder / "audiences").mkdir()
    (folder / "audiences" / "invited.csv").write_text("telefoon\n0612000001\n0612000002\n0698989898\n")
    counted: Any = shop.run("campaign", "audience", "party", "--dry-run", "--json")
    assert (counted["audience"], counted["lines_naming_nobody"]) == (2, 1)
    assert schedule("party")["list_is_wanted"] is True
    shop.run("campaign", "audience", "party", "--yes", "--json")
    (folder / "audiences" / "invited.csv").write_text("telefoon\n0612000003\n0612000004\n0612000005\n")
    fixed: Any = shop.run("campaign", "audience", "party", "--yes", "--json")
    assert (fixed["audience"], fixed["state"]) == (3, "fixed")
    assert (schedule("party")["audience"], schedule("party")["list_is_wanted"]) == (3, False)
    assert shop.run("campaign", "audience", "fair", "--yes", "--json")["audience"] == 5
    every = shop.asked("campaign", "audience", "daily", "--yes", "--json", code=1)["error"]
    assert "asked about anew at each occasion" in every

    shop.run("clock", "set", "2026-10-02T08:00:05Z", "--json")
    await given(shop, "party", 3)
    await given(shop, "daily", 5)  # of the day before, as the clock has passed over it
    shop.run("clock", "set", "2026-10-02T09:00:05Z", "--json")
    await given(shop, "daily", 0, 5)
    await bought(shop, range(5, 8), "bread")
    await known(shop, 28)
    shop.run("clock", "set", "2026-10-03T09:00:05Z", "--json")
    await given(shop, "daily", 3, 0, 5)  # who bought it since is among them
    shop.run("clock", "set", "2026-10-03T10:00:05Z", "--json")
    await given(shop, "fair", 5)
    assert schedule("party")["matched"] == 3
    assert shop.run("verify", "--json")["equal"] is True
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        await client.flushall()

    async def as_before() -> bool:
        return schedule("party")["audience"] == 3 and schedule("fair")["audience"] == 5

    await eventually(as_before, seconds=90, every=1, why="the log says whom they are for")
    await given(shop, "party", 3)


async def test_an_occasion_waits_for_its_list_and_holds_up_nobody_else(shop: Deployment) -> None:
    folder = shop.folder / "config" / "merchants" / MERCHANT
    await shop.start(rule=RULES["party"], program=AUDIENCES)
    (folder / "rules" / "often.yaml").write_text(
        "rule: often\nwhen: {on: {at: 2026-10-02 10:00, audience: often}}\n" + GIVES
    )
    shop.run("publish", "--json")
    await bought(shop, range(6), "tea")
    await known(shop, 6)
    shop.run("clock", "set", "2026-10-02T08:00:05Z", "--json")
    await eventually(lambda: _walked(shop, "often"), seconds=60, every=0.5, why="the other rule of that moment came")
    assert shop.asked("campaign", "status", "party", "--json", code=0)["schedules"][0]["state"] == "waiting"
    (folder / "audiences").mkdir()
    (folder / "audiences" / "invited.csv").write_text("telefoon\n0612000001\n")
    shop.run("campaign", "audience", "party", "--yes", "--json")
    await given(shop, "party", 1)


async def _walked(shop: Deployment, rule: str) -> bool:
    found: Any = shop.asked("campaign", "status", rule, "--json", code=0)
    return bool(found["schedules"][0]["state"] == "walked")

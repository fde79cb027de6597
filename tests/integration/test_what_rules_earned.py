"""`stamgast report` says exactly what somebody finds who reads the public topics and knows nothing of the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.programs.history import BundleShelf
from stamgast.report.reading import Readings
from stamgast.report.spans import Span
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, RULE, Deployment
from tests.oracle_report import WEEK, Terms, differences, once, reckoned
from tests.oracle_report import Topics as Told

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

CUSTOMERS = 40
LETTER = RULE.replace("status: live\n", "status: live\nlimits: {hold_out: 50%}\nonce_per: customer\n")
SHOP = PROGRAM.replace("valid_for: 30 days}", "valid_for: 30 days, cost: 0.40 EUR}") + (
    "costs: {margin: 40%, contact: {sms: 0.08 EUR}}\n"
)


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    try:
        await deployment.start(rule=LETTER, program=SHOP)
        await asyncio.gather(*(deployment.enrol(number) for number in range(CUSTOMERS)))
        yield deployment
    finally:
        await deployment.end()


async def lines(shop: Deployment, topic: str) -> list[dict[str, Any]]:
    """Everything on a topic, each line once, in the order of each partition."""
    async with LogReader(shop.bootstrap) as reader:
        found: list[bytes] = []
        for partition in range(shop.topics.partitions):
            async for records in reader.read_all(topic, partition):
                found += [record.value for record in records if record.value]
    return once(found)


TERMS = Terms(margin=400, price=8_000, holding_out=frozenset({"hello"}))


async def test_the_report_is_what_the_topics_say_though_a_worker_is_killed_and_redis_is_lost(shop: Deployment) -> None:
    await shop.buy(range(CUSTOMERS))
    await shop.everything_ended(CUSTOMERS)

    async def all_arrived() -> bool:
        return all(status in {"delivered", "read", "suppressed"} for status in (await shop.fates()).values())

    await eventually(all_arrived, seconds=60)
    now = max(each["at"] for each in await lines(shop, shop.topics.activations)) + 1
    moment = datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    sales = [sale(number, moment, 900 + 10 * number) for number in range(0, CUSTOMERS, 2)]
    await post(shop, sales)
    shop.all[-1].kill()
    shop.worker()
    await post(shop, [refund(number, moment, 900 + 10 * number) for number in range(0, CUSTOMERS, 8)])

    async def agrees() -> bool:
        facts, notes, events = [
            await lines(shop, topic)
            for topic in (shop.topics.facts, shop.topics.activations, shop.topics.customer_events)
        ]
        assert sum(each["type"] == "purchase_changed" for each in events) == CUSTOMERS + len(sales) + 5
        want = reckoned(Told(facts, notes, events), TERMS)
        found = shop.asked("report", "--merchant", MERCHANT, "--json")
        assert "rules" in found, "a partition is being filled"
        assert differences(want, found["rules"]) == []
        assert want["hello"]["arms"]["held_out"]["people"] > 5
        assert want["hello"]["attributed"]["purchases"] > 3
        given = sum(each["kind"] == "voucher" and each["became"] == "given" for each in facts)
        gone = sum(each["kind"] == "voucher" and each["became"] == "withdrawn" for each in facts)
        assert found["liability"]["vouchers_minor"] == 40 * (given - gone)
        return True

    await eventually(agrees, seconds=150, every=2)
    before = len(await lines(shop, shop.topics.facts))
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        await client.flushall()
    await eventually(agrees, seconds=150, every=2)
    assert len(await lines(shop, shop.topics.facts)) == before, "filling anew tells nothing that was not told"
    assert shop.run("verify", "--json")["equal"] is True
    ever = shop.asked("report", "--merchant", MERCHANT, "--json")
    for days in (("--from", "2026-09-01"), ("--from", "2026-10-01", "--to", "2026-10-01")):
        assert shop.asked("report", "--merchant", MERCHANT, "--json", *days)["rules"] == ever["rules"]
    assert shop.asked("report", "--from", "2026-10-02", "--merchant", MERCHANT, "--json")["rules"]["hello"]["sent"] == 0
    sent = ever["rules"]["hello"]["sent"]
    assert ever["rules"]["hello"]["cost"]["messages_minor"] == 8 * sent
    told = shop.asked("prices", "--a-second", "100", "--json")
    assert (told["told"], told["not_known_yet"], told["left"]) == (sent, 0, 0)

    async def priced() -> bool:
        for days in ((), ("--from", "2026-10-01")):
            found = shop.asked("report", "--merchant", MERCHANT, "--json", *days)["rules"]["hello"]
            assert found["cost"]["messages_minor"] == round(7.5 * sent)
            profit = ever["rules"]["hello"]["arms"]["treated"]["profit_minor"]
            assert abs(found["arms"]["treated"]["profit_minor"] - (profit + 0.5 * sent)) <= 1
        return True

    await eventually(priced, seconds=60, every=2)
    assert shop.asked("prices", "--json")["told"] == 0, "nobody is asked twice"
    assert shop.run("verify", "--json")["equal"] is True
    moments = {MERCHANT: Span(0, now + WEEK)}
    shelf = BundleShelf()
    await shelf.load(shop.bootstrap, shop.topics.programs)
    readings = Readings(shop.bootstrap, shop.topics, shelf, is_real=False)
    far: list[tuple[int, int]] = []
    whole = await readings.sums(moments)
    assert whole[MERCHANT]["measure|hello|t|people"] == ever["rules"]["hello"]["arms"]["treated"]["people"]
    assert await readings.sums(moments, lambda *done: far.append(done), at_once=7) == whole, "whatever is held at once"
    assert far[-1][0] == far[-1][1] > CUSTOMERS


def sale(number: int, moment: str, spent: int) -> dict[str, Any]:
    return {
        "transaction_id": f"till:later:{number}",
        "source_version": 1,
        "status": "completed",
        "end_date_time": moment,
        "store": {"retail_store_id": "hoek"},
        "customer": {"phone": f"06120{number:05d}"},
        "price_currency": "EUR",
        "totals": {"gross_minor": spent},
        "line_items": [{"line_id": "1", "gross_minor": spent}],
    }


def refund(number: int, moment: str, spent: int) -> dict[str, Any]:
    return {
        "transaction_id": f"till:later:{number}",
        "refund_id": f"back:{number}",
        "status": "refund",
        "end_date_time": moment,
        "price_currency": "EUR",
        "totals": {"gross_minor": spent},
        "line_items": [{"original_line_id": "1", "quantity": "1", "gross_minor": spent}],
    }


async def post(shop: Deployment, purchases: list[dict[str, Any]]) -> None:
    async def taken() -> bool:
        answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/purchases", json=purchases)
        assert answer.status_code == 202, answer.text
        return True

    await eventually(taken, seconds=60, every=0.2)

"""`stamgast report` says exactly what somebody finds who reads the public topics and knows nothing of the engine."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
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

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

CUSTOMERS = 40
WEEK = 7 * 86_400_000
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
    found: dict[bytes, dict[str, Any]] = {}
    async with LogReader(shop.bootstrap) as reader:
        for partition in range(shop.topics.partitions):
            async for records in reader.read_all(topic, partition):
                found.update((record.value, json.loads(record.value)) for record in records if record.value)
    return list(found.values())


TAKEN = {"accepted", "sending", "sent", "delivered", "read"}


def reckoned(facts: list[dict[str, Any]], notes: list[dict[str, Any]], events: list[dict[str, Any]]) -> dict[str, Any]:
    """What the rule came to, by the words of docs/campaigns.md."""
    decided: dict[str, tuple[str, int]] = {}
    for each in facts:
        if each["kind"] == "decision":
            arm = "held_out" if each["became"] == "held_out" else "treated"
            decided.setdefault(each["customer"], (arm, each["at"]))
    ended = [each for each in notes if each["kind"] == "outcome"]
    taken = {each["activation"]: each["customer"] for each in ended if each["status"] in TAKEN}
    arrived: dict[str, int] = {}
    for each in ended:
        if each["status"] in {"delivered", "read"}:
            arrived.setdefault(each["customer"], each["at"])
    sales = sales_of(events)
    watched = within({customer: at for customer, (_, at) in decided.items()}, sales)
    attributed = within(arrived, sales)
    return {
        "arms": {arm: side(arm, decided, watched, list(taken.values())) for arm in ("treated", "held_out")},
        "attributed": {
            "purchases": sum(counts for _, counts, _, _ in attributed),
            "revenue_minor": sum(spend for _, _, spend, _ in attributed),
            "profit_minor": sum(profit for _, _, _, profit in attributed),
        },
        "sent": len(taken),
        "delivered": len(arrived),
    }


Sale = tuple[str, int, int, int]
"""Customer, whether it counts, spend, profit."""


def sales_of(events: list[dict[str, Any]]) -> list[tuple[int, Sale]]:
    """What is left of each purchase, by when it was."""
    left: dict[str, tuple[int, Sale]] = {}
    for each in events:
        if each["type"] == "purchase_changed":
            now, spend = each["after"], each["after"]["spend"]
            sale = (each["customer"], int(now.get("counts", True)), spend, (spend * 400 + 500) // 1000)
            left[each["transaction"]] = (now["occurred_at"], sale)
    return list(left.values())


def within(since: dict[str, int], sales: list[tuple[int, Sale]]) -> list[Sale]:
    """Those in the week after a moment of their customer's."""
    return [sale for when, sale in sales if since.get(sale[0], when) < when <= since[sale[0]] + WEEK]


def side(arm: str, decided: dict[str, tuple[str, int]], sales: list[Sale], sent_to: list[str]) -> dict[str, int]:
    """One side of the comparison; a message costs eight cents."""
    people = {customer for customer, (its, _) in decided.items() if its == arm}
    bought: Counter[str] = Counter()
    for customer, counts, _, _ in sales:
        bought[customer] += counts
    profit = sum(profit for customer, _, _, profit in sales if customer in people)
    return {
        "people": len(people),
        "converted": sum(bought[customer] > 0 for customer in people),
        "profit_minor": profit - 8 * sum(customer in people for customer in sent_to),
    }


def said(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in ("arms", "attributed", "sent", "delivered")}


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
    shop.all[-1].send_signal(signal.SIGKILL)
    shop.worker()
    await post(shop, [refund(number, moment, 900 + 10 * number) for number in range(0, CUSTOMERS, 8)])

    async def agrees() -> bool:
        facts, notes, events = [
            await lines(shop, topic)
            for topic in (shop.topics.facts, shop.topics.activations, shop.topics.customer_events)
        ]
        assert sum(each["type"] == "purchase_changed" for each in events) == CUSTOMERS + len(sales) + 5
        want = reckoned(facts, notes, events)
        found = shop.asked("report", "--merchant", MERCHANT, "--json")
        assert "rules" in found, "a partition is being filled"
        assert said(found["rules"]["hello"]) == want
        assert want["arms"]["held_out"]["people"] > 5
        assert want["attributed"]["purchases"] > 3
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

    await eventually(taken, seconds=30, every=0.2)

"""What waits, what a schedule does and what is measured, through every kind of trouble, against the topics alone.

A worker is killed, another one paused, Redis loses everything, the broker crashes; then each customer has got what the
rules promise, once, and the report says what somebody finds who reads the topics.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, Deployment
from tests.oracle_report import Json, Terms, differences, once, reckoned
from tests.oracle_report import Topics as Told

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

PEOPLE: Final = 40
EVEN, ODD = range(0, PEOPLE, 2), range(1, PEOPLE, 2)
"""The even ones come back on the next day, the odd ones do not."""
RULES: Final = {
    "hello": (
        "when: purchase\nonce_per: customer\nlimits: {hold_out: 40%}\nthen: [{send: {a: hello, b: hello}, by: [sms]}]\n"
    ),
    "tips": (
        "when: purchase\nonce_per: month\nlimits: {hold_out: 30%}\n"
        "then: [{send: hello, by: [sms], after: 2 days, unless: purchase}]\n"
    ),
    "weekly": (
        'when: {every: {week: monday, at: "10:00"}}\nif: [{visits: {at_least: 2}}]\nlimits: {hold_out: 30%}\n'
        "then: [{send: hello, by: [sms]}]\n"
    ),
}
ENDS: Final = ("sent", "held_out", "withheld")
TERMS: Final = Terms(margin=400, price=8_000, holding_out=frozenset(RULES))


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    deployment.env["STAMGAST_CLOCK"] = "driven"
    at(deployment, "2026-10-01T08:00:00Z")
    rules = tmp_path / "config" / "merchants" / MERCHANT / "rules"
    rules.mkdir(parents=True)
    texts = {name: f"rule: {name}\nstatus: live\n{text}" for name, text in RULES.items()}
    for name, text in texts.items():
        (rules / f"{name}.yaml").write_text(text)
    try:
        program = f"{PROGRAM}costs: {{margin: 40%, contact: {{sms: 0.08 EUR}}}}\n"
        await deployment.start(rule=texts["hello"], program=program)
        await asyncio.gather(*(deployment.enrol(number) for number in range(PEOPLE)))
        yield deployment
    finally:
        for process in deployment.all:
            process.signal(signal.SIGCONT)
        await deployment.end()


def at(shop: Deployment, moment: str) -> None:
    """Let it be then."""
    shop.run("clock", "set", moment, "--json")


async def sell(shop: Deployment, numbers: Iterable[int], when: str, name: str) -> None:
    await post(shop, [sale(number, when, name) for number in numbers])


def sale(number: int, when: str, name: str) -> Json:
    spent = 900 + 10 * number
    return {
        "transaction_id": f"{name}:{number}", "source_version": 1, "status": "completed", "end_date_time": when,
        "store": {"retail_store_id": "hoek"}, "customer": {"phone": f"06120{number:05d}"}, "price_currency": "EUR",
        "totals": {"gross_minor": spent}, "line_items": [{"line_id": "1", "gross_minor": spent}],
    }  # fmt: skip


def refund(number: int, when: str, name: str) -> Json:
    spent = 900 + 10 * number
    return {
        "transaction_id": f"{name}:{number}", "refund_id": f"back:{number}", "status": "refund", "end_date_time": when,
        "price_currency": "EUR", "totals": {"gross_minor": spent},
        "line_items": [{"original_line_id": "1", "quantity": "1", "gross_minor": spent}],
    }  # fmt: skip


async def post(shop: Deployment, purchases: list[Json]) -> None:
    async def taken() -> bool:
        try:
            answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/purchases", json=purchases)
        except httpx.HTTPError:
            return False
        assert answer.status_code == 202, answer.text
        return True

    await eventually(taken, seconds=90, every=0.3)


async def told(shop: Deployment) -> Told:
    """The topics, each line once, in the order of each partition."""
    found: list[list[Json]] = []
    async with LogReader(shop.bootstrap) as reader:
        for topic in (shop.topics.facts, shop.topics.activations, shop.topics.customer_events):
            values: list[bytes] = []
            for partition in range(shop.topics.partitions):
                async for records in reader.read_all(topic, partition):
                    values += [record.value for record in records if record.value]
            found.append(once(values))
    return Told(*found)


async def decided(shop: Deployment, rule: str, numbers: Iterable[int], *became: str) -> None:
    """Wait until a rule has come to something for these customers (to an end, unless it is said to what)."""

    async def are_there() -> bool:
        topics = await told(shop)
        people = customers_of(topics)
        missing = {people.get(number) for number in numbers} - decisions_of(topics, rule, *(became or ENDS))
        assert not missing, f"{len(missing)} are missing"
        return True

    await eventually(are_there, seconds=120, every=0.5, why=f"{rule} has decided")


def messages_of(topics: Told, rule: str) -> Counter[str]:
    """Customer -> how many messages of a rule the carrier took."""
    taken = {
        (each["customer"], each["activation"])
        for each in topics.notes
        if each["kind"] == "outcome" and each["rule"] == rule and each["status"] in {"accepted", "sent", "delivered"}
    }
    return Counter(customer for customer, _ in taken)


def decisions_of(topics: Told, rule: str, *became: str) -> set[str]:
    """Customers for whom a rule came to that."""
    lines = [each for each in topics.facts if each["kind"] == "decision" and each["rule"] == rule]
    return {each["customer"] for each in lines if each["became"] in became}


async def test_waits_schedules_and_measures_come_out_right_whatever_breaks(shop: Deployment, kafka: Broker) -> None:
    if not kafka.restartable:
        pytest.skip("the broker of STAMGAST_KAFKA_BOOTSTRAP is not ours to break")
    await sell(shop, range(PEOPLE), "2026-10-01T07:59:10Z", "first")
    shop.all[-1].kill()
    paused, other = shop.worker(), shop.worker()
    await decided(shop, "tips", range(PEOPLE), "waits", "held_out")

    at(shop, "2026-10-02T09:00:00Z")
    await sell(shop, EVEN, "2026-10-02T08:59:30Z", "second")
    paused.signal(signal.SIGSTOP)
    at(shop, "2026-10-03T09:00:00Z")
    async with redis.asyncio.Redis.from_url(shop.redis_url) as client:
        await client.flushall()
    await decided(shop, "tips", ODD)
    paused.signal(signal.SIGCONT)

    at(shop, "2026-10-05T08:00:05Z")
    await asyncio.to_thread(kafka.kill)
    await asyncio.to_thread(kafka.start)
    other.kill()
    shop.worker()
    await decided(shop, "weekly", EVEN)
    at(shop, "2026-10-06T09:00:00Z")
    await sell(shop, range(0, PEOPLE, 3), "2026-10-06T08:59:30Z", "fourth")
    await post(shop, [refund(number, "2026-10-06T08:59:50Z", "fourth") for number in range(0, PEOPLE, 6)])

    async def agrees() -> Told:
        topics = await told(shop)
        assert await shop.outbox_is_empty()
        assert sum(each["type"] == "purchase_changed" for each in topics.events) >= PEOPLE + len(EVEN) + 14 + 7
        found = shop.asked("report", "--merchant", MERCHANT, "--json")
        assert "rules" in found, "a partition is being filled"
        assert differences(reckoned(topics, TERMS), found["rules"]) == []
        return topics

    topics = await eventually(agrees, seconds=240, every=3)
    check_promises(topics)
    ever, span = (
        shop.asked("report", "--merchant", MERCHANT, "--json", *days) for days in ((), ("--from", "2026-10-01"))
    )
    assert span["rules"] == ever["rules"]
    assert shop.run("verify", "--json")["equal"] is True


def check_promises(topics: Told) -> None:
    """What each customer got, by what they bought."""
    people = customers_of(topics)
    even, odd = {people[number] for number in EVEN}, {people[number] for number in ODD}
    for rule, those in (("hello", even | odd), ("tips", odd), ("weekly", even)):
        held_out = decisions_of(topics, rule, "held_out")
        got = messages_of(topics, rule)
        assert set(got.values()) <= {1}, f"{rule} spoke to somebody twice"
        assert set(got) == those - held_out, rule
        assert 0 < len(those & held_out) < len(those), "the comparison has two sides"
    assert decisions_of(topics, "tips", "withheld") == even - decisions_of(topics, "tips", "held_out")
    assert decisions_of(topics, "weekly", "sent", "waits", "held_out") == even, "who came once is not asked"


def customers_of(topics: Told) -> dict[int, str]:
    """Number -> customer, by their first purchases."""
    firsts = [each for each in topics.events if each["type"] == "purchase_changed"]
    names: dict[str, Any] = {each["transaction"]: each["customer"] for each in firsts}
    return {number: names[name] for number in range(PEOPLE) if (name := f"first:{number}") in names}

"""Campaigns that a person starts, on real Kafka and Redis: for everybody or a list, through kills, stopped midway."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
from typer.testing import CliRunner

from stamgast.campaigns import starting
from stamgast.commands import campaign
from stamgast.domain.campaign_events import CampaignStarted
from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.events import CalledOff, Scheduled, decode_event
from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.producers import EmitError
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.state.campaign_marks import WALKING
from stamgast.state.partition_meta import CAMPAIGNS
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, Deployment

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

PROGRAM_WITH_AUDIENCES = (
    PROGRAM
    + """\
audiences:
  buyers: {bought: {category: bread, from: 2026-09-30, to: 2026-10-02}}
  of_old: {bought: {category: bread, from: 2024-01-01, to: 2026-10-02}}
  often: {who: [{visits: {at_least: 2}}]}
  invited: {file: invited.csv}
"""
)
RULE = """\
rule: call
status: live
earned: true
when: campaign
if: [{visits: {at_least: 1}}]
then: [{give: coffee}]
tests: []
"""
SPREAD = """\
rule: call
status: live
when: {campaign: {spread: 3 hours}}
then: [{send: hello, by: [sms]}]
"""
MANY = 3_000


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


async def hows(shop: Deployment) -> set[str]:
    """How far the partitions are with what was started."""
    client: Any
    found: set[str] = set()
    async with redis.asyncio.Redis.from_url(shop.redis_url, decode_responses=True) as client:
        for partition in range(shop.topics.partitions):
            found |= {mark.how for mark in CAMPAIGNS.of(await client.hgetall(f"{{c{partition}}}:meta")).values()}
    return found


async def told(shop: Deployment) -> list[Any]:
    found = []
    async with LogReader(shop.bootstrap) as reader:
        for partition in range(shop.topics.partitions):
            async for records in reader.read_all(shop.topics.customer_events, partition):
                found += [decode_event(record.value) for record in records]
    return found


async def bought(shop: Deployment, count: int, category: str = "tea", first: int = 0) -> None:
    for start in range(first, first + count, 500):
        sales = [
            {
                "transaction_id": f"till:{category}:{number}", "source_version": 1, "status": "completed",
                "end_date_time": "2026-10-01T07:59:10Z", "store": {"retail_store_id": "hoek"},
                "customer": {"phone": f"06120{number:05d}"}, "price_currency": "EUR", "totals": {"gross_minor": 1240},
                "line_items": [{"line_id": "1", "gross_minor": 1240, "category": category}],
            }
            for number in range(start, min(start + 500, first + count))
        ]  # fmt: skip
        answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/purchases", json=sales)
        assert answer.status_code == 202, answer.text


async def visits_come_to(shop: Deployment, count: int) -> None:
    async def all_know() -> bool:
        return sum(each.visits for each in await states(shop)) == count

    await eventually(all_know, seconds=60, every=0.3, why="everybody is known")


def gifts(of: list[Customer]) -> Counter[int]:
    """How many customers have so many of the rule's vouchers."""
    return Counter(sum(voucher.rule == "call" for voucher in each.vouchers) for each in of)


async def test_each_customer_is_reached_once_though_the_worker_is_killed_in_the_middle(shop: Deployment) -> None:
    await shop.start(rule=RULE)
    await bought(shop, MANY)
    await visits_come_to(shop, MANY)
    counted: Any = shop.run("campaign", "start", "call", "--dry-run", "--json")
    assert (counted["audience"], counted["matched"], counted["state"]) == (MANY, MANY, "counted")
    assert not any(isinstance(event, CampaignStarted) for event in await told(shop))
    worker = shop.all[-1]
    starting = asyncio.create_task(
        asyncio.to_thread(shop.run, "campaign", "start", "call", "--yes", "--json", "--wait", "0")
    )

    async def is_walking() -> bool:
        return WALKING in await hows(shop)

    await eventually(is_walking, seconds=60, every=0.01, why="somebody walks")
    worker.kill()
    await starting
    left: Any = shop.run("campaign", "status", "call", "--json")
    assert left["state"] in {"walking", "starting"}, "it was killed too late to say anything"
    assert f"is {left['state']} still" in shop.asked("campaign", "start", "call", "--yes", "--json", code=1)["error"]
    shop.worker()

    async def done() -> bool:
        found: Any = shop.asked("campaign", "status", "call", "--json", code=0)
        return found["state"] == "walked"

    await eventually(done, seconds=90, every=0.5, why="all were walked")

    async def all_have_it() -> bool:
        return gifts(await states(shop)) == {1: MANY}

    await eventually(all_have_it, seconds=60, every=0.3, why="each has one gift")
    found: Any = shop.run("campaign", "status", "call", "--json")
    assert (found["audience"], found["matched"], found["appended"], found["withheld"]) == (MANY, MANY, MANY, {})
    for process in shop.all[2:]:
        process.kill()
    rebuilt: Any = shop.run("rebuild", "--empty", "--json")
    assert rebuilt["equal"] is True
    assert gifts(await states(shop)) == {1: MANY}
    again: Any = shop.run("campaign", "status", "call", "--json")
    assert again == found


async def test_a_campaign_is_for_those_who_are_on_its_list_when_it_starts(shop: Deployment) -> None:
    await shop.start(rule=RULE, program=PROGRAM_WITH_AUDIENCES)
    await bought(shop, 30)
    await bought(shop, 10, "bread", first=20)
    await visits_come_to(shop, 30)
    folder = shop.folder / "config" / "merchants" / MERCHANT / "audiences"
    folder.mkdir()
    lines = ["telefoon;naam", "0612000001;Jo", "06 1200 0002;Al", "0612000002;Al", "0698989898;Ed", "x" * 3_000_000, ""]
    (folder / "invited.csv").write_text("\n".join(lines))

    found: Any = shop.run("campaign", "start", "call", "--audience", "invited", "--dry-run", "--json")
    assert (found["audience"], found["matched"]) == (2, 2)
    assert (found["lines_naming_nobody"], found["such_as_lines"], found["lines_naming_somebody_again"]) == (
        2,
        [5, 6],
        1,
    )
    assert shop.run("campaign", "start", "call", "--audience", "buyers", "--dry-run", "--json")["audience"] == 10
    refused = shop.asked("campaign", "start", "call", "--audience", "of_old", "--dry-run", "--json", code=1)
    assert "430 days back is the most" in refused["error"]
    unknown = shop.asked("campaign", "start", "call", "--audience", "invitd", "--dry-run", "--json", code=1)
    assert 'Did you mean "invited"?' in unknown["error"]

    words = ("rules", "backtest", "call", "--merchant", MERCHANT, "--audience", str(folder / "invited.csv"), "--json")
    nobody_started = shop.asked(*words, code=2)
    assert "when is it started?" in nobody_started["error"]
    tried: Any = shop.run(*words, "--campaign-at", "2026-10-01 18:00")
    assert tried["rules"]["call"]["fired"] == 2, "nothing was fixed for the log yet: the file says who is on it"
    assert tried["rules"]["call"]["not_known"] == ["it is for the list invited.csv: 2 of the 2 on it are in this past"]

    shop.run("campaign", "start", "call", "--audience", "invited", "--yes", "--json")

    async def they_have_it() -> bool:
        return gifts(await states(shop)) == {0: 28, 1: 2}

    await eventually(they_have_it, seconds=60, every=0.2, why="those of the list have their gift")
    for raw in [json.dumps(str(event)) for event in await told(shop)]:
        assert "0612000001" not in raw
        assert "31612000001" not in raw
    shop.run("campaign", "start", "call", "--audience", "buyers", "--yes", "--json")

    async def the_others_too() -> bool:
        return gifts(await states(shop)) == {0: 18, 1: 12}

    await eventually(the_others_too, seconds=60, every=0.2, why="those who bought have their gift")
    listed: Any = shop.run("campaign", "status", "--json")
    assert [each["audience_name"] for each in listed["campaigns"]] == ["buyers", "invited"]
    assert [each["state"] for each in listed["campaigns"]] == ["walked", "walked"]


async def test_turns_come_over_the_window_and_a_stop_calls_off_those_that_are_to_come(shop: Deployment) -> None:
    await shop.start(rule=SPREAD)
    many = 60
    for number in range(many):
        await shop.enrol(number)

    async def all_known() -> bool:
        return len(await states(shop)) >= many

    await eventually(all_known, seconds=60, every=0.2, why="everybody is a customer")
    started: Any = shop.run("campaign", "start", "call", "--yes", "--json")
    assert started["audience"] == many

    async def all_wait() -> bool:
        waiting = sum(name.startswith("turn:") for each in await states(shop) for name in each.timers)
        return waiting >= many - 2  # the turn of the first may have come

    await eventually(all_wait, seconds=60, every=0.2, why="everybody's turn is to come")
    shop.run("clock", "set", "2026-10-01T09:00:00Z", "--json")

    async def a_third_is_sent() -> bool:
        found: Any = shop.asked("campaign", "status", "call", "--json", code=0)
        return found["sent"] >= many // 6 and found["waiting"] == 0

    await eventually(a_third_is_sent, seconds=60, every=0.5, why="within an hour about a third were sent")
    stopped: Any = shop.run("campaign", "stop", "call", "--json")
    assert stopped["state"] == "stopped"
    sent = len(await shop.messages())
    assert many // 6 <= sent <= many // 2, "a third of the window has passed"
    assert not any(name.startswith("turn:") for each in await states(shop) for name in each.timers)
    assert sum(isinstance(event, CalledOff) for event in await told(shop)) == many - sent
    shop.run("clock", "set", "2026-10-01T12:00:00Z", "--json")
    await shop.enrol(many)  # and whatever else is to be applied
    assert len(await shop.messages()) == sent
    per_customer = Counter(event.customer for event in await told(shop) if isinstance(event, Scheduled))
    assert set(per_customer.values()) == {1}
    assert len(per_customer) == many
    assert shop.run("campaign", "stop", "call", "--json")["state"] == "stopped"


async def test_a_start_that_only_some_partitions_got_is_brought_to_the_others(
    shop: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.start(rule=RULE, program=PROGRAM_WITH_AUDIENCES)
    await bought(shop, 40, "bread")
    await visits_come_to(shop, 40)
    append = starting._append

    async def append_to_some(emitters: Any, topics: Topics, partition: int, events: Any) -> list[int]:
        if partition >= 2 and isinstance(events[0], CampaignStarted):
            raise EmitError("Kafka is away")
        return await append(emitters, topics, partition, events)

    words = ("start", "call", "--audience", "buyers", "--yes", "--json")
    with monkeypatch.context() as away:
        away.setattr(starting, "_append", append_to_some)
        broken = await asyncio.to_thread(CliRunner().invoke, campaign.app, words, env=shop.env)
    assert broken.exit_code == 1
    assert "--finish" in broken.output

    async def some_have_it() -> bool:
        return 0 < gifts(await states(shop))[1] < 40

    await eventually(some_have_it, seconds=60, every=0.2, why="those of two partitions have their gift")
    assert shop.asked("campaign", "status", "call", "--json", code=0)["state"] == "starting"
    refused = shop.asked("campaign", "start", "call", "--yes", "--json", code=1)["error"]
    assert "`stamgast campaign start call --finish` goes on with it" in refused
    finished: Any = shop.run("campaign", "start", "call", "--finish", "--json")
    assert finished["audience"] == 40

    async def all_have_it() -> bool:
        return gifts(await states(shop)) == {1: 40}

    await eventually(all_have_it, seconds=60, every=0.2, why="the others have it as well, and nobody twice")
    found: Any = shop.run("campaign", "status", "call", "--json")
    assert (found["state"], found["audience_name"], found["matched"]) == ("walked", "buyers", 40)
    assert "no campaign of 'call'" in shop.asked("campaign", "start", "call", "--finish", "--json", code=1)["error"]

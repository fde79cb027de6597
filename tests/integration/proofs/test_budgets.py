"""A budget that all partitions spend, while workers are killed and paused and Redis forgets: never more than there is.

The oracle is told nothing by the engine's accounts: it counts vouchers and messages, and goes through the logs anew.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from stamgast.local.brokers import Broker
from stamgast.log.topics import Topics, create_topics, delete_topics
from stamgast.state.keys import customers
from tests.conftest import eventually
from tests.integration.proofs import merchant
from tests.integration.proofs.fleet import Fault
from tests.integration.proofs.judging import live_customers, read_log
from tests.integration.proofs.merchant import MERCHANT
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import verified

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

PARTITIONS = 4
WHOLE, LOAF, MESSAGE = 4_000, 100, 10
"""Cents: what there is, what a loaf costs, and a message."""
BUDGET = "rule:gift/total"
RULE = """\
rule: gift
status: live
when: purchase
once_per: customer
offered: true
then: [{give: loaf}, {send: thanks, by: [sms]}]
limits: {budget: 40 EUR}
"""


@pytest.fixture
def topics(kafka: Broker) -> Iterator[Topics]:
    """As always, with more partitions."""
    mine = Topics(PARTITIONS, prefix=f"t{uuid.uuid4().hex[:8]}.")
    create_topics(kafka.bootstrap, mine)
    yield mine
    delete_topics(kafka.bootstrap, mine)


def write_shop(config: Path) -> Path:
    """The merchant of the proofs with one rule, that has a budget, and prices."""
    folder = merchant.write_first(config)
    for rule in (folder / "rules").glob("*.yaml"):
        rule.unlink()
    (folder / "rules" / "gift.yaml").write_text(RULE)
    program = (folder / "program.yaml").read_text()
    program = program.replace("loaf: {names", "loaf: {cost: 1 EUR, names") + "prices: {sms: {NL: 0.10 EUR}}\n"
    (folder / "program.yaml").write_text(program)
    return folder


async def answered(scene: Scene) -> None:
    """Wait until nothing waits for money any more, and everything else has come to rest."""

    async def nobody_asks() -> bool:
        async with scene.redis() as client:
            return not any([await client.hlen(customers(n).asks) for n in range(PARTITIONS)])

    await eventually(nobody_asks, seconds=60, every=0.2, why="everybody is answered")
    await scene.settled()


async def counted(scene: Scene) -> int:
    """What the read model says was spent, in thousandths of a cent."""
    field = f"{MERCHANT}|budget|{BUDGET}|total|spent"
    async with scene.redis() as client:
        return sum([int(await client.hget(customers(n).stats, field) or 0) for n in range(PARTITIONS)])


async def judge(scene: Scene) -> None:
    """What people hold and got, and what the logs say, are within the budget, and agree with what is counted."""
    live = await live_customers(scene.settings.redis_url, PARTITIONS)
    loaves = sum(v.rule == "gift" and v.state in {"open", "redeemed"} for each in live.values() for v in each.vouchers)
    statuses = Counter(a.status for each in live.values() for a in each.activations if a.rule == "gift")
    went = sum(n for status, n in statuses.items() if status not in {"suppressed", "expired", "failed"})
    posts = sum(1 for each in await scene.posts() if each["accepted"])
    assert posts <= went
    spent = loaves * LOAF + went * MESSAGE
    assert spent <= WHOLE, f"{loaves} loaves and {went} messages cost {spent}"
    assert await counted(scene) == spent * 1_000
    assert statuses["suppressed"] > 10, "the budget was too large for this proof"
    leased, paid = await from_the_log(scene)
    assert sum(paid.values()) <= leased <= WHOLE * 1_000 + await came_back(scene)
    assert spent > WHOLE - (PARTITIONS + 1) * (LOAF + MESSAGE), "nearly all of it could be spent"
    assert await verified(scene) == []


async def came_back(scene: Scene) -> int:
    field = f"{MERCHANT}|budget|{BUDGET}|total|back"
    async with scene.redis() as client:
        return sum([int(await client.hget(customers(n).stats, field) or 0) for n in range(PARTITIONS)])


async def from_the_log(scene: Scene) -> tuple[int, dict[int, int]]:
    """What was leased to all partitions, each lease once, and what each of them paid out of it."""
    log = await read_log(scene.settings.kafka_bootstrap, scene.topics.customer_events, PARTITIONS)
    leased, paid = 0, defaultdict[int, int](int)
    for number, records in log.items():
        mine, newest = 0, 0
        for event in (json.loads(record.value) for record in records):
            if event["type"] == "budget_leased" and event["number"] > newest:
                newest, mine = event["number"], mine + event["amount"]
            elif event["type"] == "budget_answered" and event["given"] and paid[number] + event["amount"] <= mine:
                paid[number] += event["amount"]
        leased += mine
    return leased, dict(paid)


async def test_a_budget_is_never_overspent_whatever_dies_sleeps_or_forgets(scene: Scene) -> None:
    if not scene.server.restartable:
        pytest.skip("the Redis of STAMGAST_REDIS_URL is not ours to break")
    await scene.publish(write_shop(scene.folder / "config"), ())
    steady = scene.fleet.start()
    doomed = [
        scene.fleet.start(Fault("customers.commit", "kill", nth=5)),
        scene.fleet.start(Fault("customers.think", "stop", nth=4)),
    ]
    for worker in (steady, *doomed):
        await worker.ready()
    await scene.barriers(1)
    for worker in doomed:
        worker.arm()
    feeder = scene.feeder(rate=15, live=1.0)
    feeder.start()
    for worker in doomed:
        await scene.fleet.struck(worker, 1)
    await scene.applied(40)
    doomed[1].wake()
    copy = await asyncio.to_thread(scene.server.copy_data)
    await scene.applied(40)
    before = await scene.tokens()
    await asyncio.to_thread(scene.server.go_back_to, copy)
    await scene.taken_anew(before)
    await scene.applied(40)
    before = await scene.tokens()
    await asyncio.to_thread(scene.server.empty)
    await scene.taken_anew(before)
    await scene.applied(200)
    await feeder.stop()
    await feeder.transactions(150, live=True)
    await feeder.stop()
    await answered(scene)
    await judge(scene)
    await asyncio.gather(*(asyncio.to_thread(worker.process.stop) for worker in scene.fleet.all))


async def test_a_worker_that_dies_between_a_lease_and_its_commit_leases_it_once(scene: Scene) -> None:
    await scene.publish(write_shop(scene.folder / "config"), ())
    doomed = scene.fleet.start(Fault("customers.emit", "kill"))
    await doomed.ready()
    await scene.barriers(1)
    doomed.arm()
    feeder = scene.feeder(rate=20, live=1.0)
    feeder.start()
    await scene.fleet.struck(doomed, 1)
    await scene.fleet.start().ready()
    await scene.applied(200)
    await feeder.stop()
    await feeder.transactions(150, live=True)
    await feeder.stop()
    await answered(scene)
    await judge(scene)

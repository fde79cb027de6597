"""Programmes that came past `stamgast publish` and cannot be used hold up their own merchants, until the next ones."""

from __future__ import annotations

import asyncio

import pytest

from stamgast.domain.customer import Customer
from tests.builders import line, record, snapshot
from tests.conftest import eventually
from tests.integration.proofs.feed import Producer
from tests.integration.proofs.fleet import Worker
from tests.integration.proofs.judging import live_customers
from tests.integration.proofs.merchant import MERCHANT
from tests.integration.proofs.programmes import GOOD, put
from tests.integration.proofs.receipts import now
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import verified
from tests.oracle_customers import Key

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

BAD = {
    "unreadable": {"program.yaml": "merchant: [unreadable\n"},
    "unknown-word": {**GOOD, "rules/thanks.yaml": "rule: thanks\nwhen: moon_is_full\nthen: {tag: {add: seen}}\n"},
    "empty": {},
}
"""Merchant -> its files."""
SPEECHLESS = {
    "too-deep": {
        "program.yaml": f"{GOOD['program.yaml']}templates: {{hello: {{purpose: utility}}}}\n",
        "templates/nl/hello.j2": "{{ " + "(" * 2_000 + "customer.name" + ")" * 2_000 + " }}",
    },
    "padding": {
        "program.yaml": f"{GOOD['program.yaml']}templates: {{hello: {{purpose: utility}}}}\n",
        "templates/nl/hello.j2": "{% for a in 'x'|center(9999) %}" * 3
        + "{% endfor %}" * 3
        + "{{ 'x'|center(999999999) }}",
    },
}
"""The same of those who have a text that no message can be made of: it ends its messages and nothing else."""


async def test_programmes_that_cannot_be_used_hold_up_their_own_merchants_until_the_next_ones(scene: Scene) -> None:
    first = scene.fleet.start()
    await first.ready()
    await scene.barriers()
    await put(scene, MERCHANT, {"program.yaml": "merchant: 12: 13"})  # the one before stays in force
    await scene.parts.appender.append(scene.topics.programs, [(b"nobody", b"no bundle at all")])
    for merchant, files in (BAD | SPEECHLESS).items():
        await put(scene, merchant, files)
    await said_of(first, {*BAD, MERCHANT})
    producer = Producer(scene.settings.kafka_bootstrap)
    bought = [line("1", 350)]
    customers = dict.fromkeys((MERCHANT, *BAD, *SPEECHLESS), scene.people[:20])
    sales = [
        (*record(snapshot(f"t{n}", lines=bought, when=now(), customer=who), now(), merchant), None)
        for merchant, people in customers.items()
        for n, who in enumerate(people)
    ]
    await producer.send(scene.topics.purchases, sales)
    await producer.close()
    await scene.settled()
    assert {merchant for merchant, _ in await bought_by(scene)} == {MERCHANT, *SPEECHLESS}, "the others' wait"
    assert await asyncio.to_thread(first.process.stop, seconds=90) == 0
    second = scene.fleet.start()  # what cannot be read is met at the taking, too
    await second.ready()
    await said_of(second, {*BAD, MERCHANT})
    for merchant in BAD:
        await put(scene, merchant, GOOD)
    await said_of(second, {MERCHANT})
    await scene.settled()
    live = await bought_by(scene)
    assert {merchant: {who for m, who in live if m == merchant} for merchant in customers} == {
        merchant: set(people) for merchant, people in customers.items()
    }
    assert {state.purchases for state in live.values()} == {1}
    assert await verified(scene) == []


async def said_of(worker: Worker, merchants: set[str]) -> None:
    """Wait until the worker, which is ready all the same, names exactly these merchants."""

    def asked() -> bool:
        assert worker.process.exit_code is None, worker.process.log_tail()
        status, page = worker.answer("/readyz")
        _, figures = worker.answer("/metrics")
        lines = [each for each in figures.splitlines() if each.startswith("stamgast_refused_bundles{")]
        counted = {each.split('"')[1] for each in lines}
        return status == 200 and {each.split(":")[0] for each in page.splitlines()[1:]} == merchants == counted

    await eventually(lambda: asyncio.to_thread(asked), seconds=60, every=0.1, why=f"{merchants} are named")


async def bought_by(scene: Scene) -> dict[Key, Customer]:
    """Who has bought something."""
    live = await live_customers(scene.settings.redis_url, scene.topics.partitions)
    return {key: state for key, state in live.items() if state.purchases}

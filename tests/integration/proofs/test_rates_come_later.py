"""Purchases in a currency without a rate, before and after the rate is published, while workers come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests.builders import line, refund, snapshot
from tests.conftest import eventually
from tests.integration.proofs.judging import live_customers
from tests.integration.proofs.merchant import FIRST, MERCHANT
from tests.integration.proofs.receipts import now
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.shop_desk import command, members, till
from tests.integration.proofs.verdicts import verified

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

MEMBERS = tuple("abcdef")
BEFORE = [(0, 0)] * 3 + [(1, 1_000)] * 3
AFTER = [(1, 2_000)] * 3 + [(1, 500)] * 3
"""Purchases and spend of each: the first three paid in dollars, the others got dollars back."""


async def test_what_waits_for_a_rate_counts_once_it_is_published_and_a_rebuild_comes_to_the_same(scene: Scene) -> None:
    workers = [scene.fleet.start(), scene.fleet.start()]
    for worker in workers:
        await worker.ready()
    await scene.barriers()
    people = await members(scene, MEMBERS)
    async with till(scene) as http:
        answer = await http.post("/purchases", json=deliveries())
        assert answer.status_code == 202, answer.text
        (told,) = answer.json()["warnings"]
        assert (told["pointer"], told["purchases"]) == ("/0/price_currency", 6)
        wrong = await http.post("/purchases", json=[sale(0, "euro"), sale(1, "ZZZ"), sale(2, "")])
        assert (wrong.status_code, len(wrong.json()["errors"]), wrong.json()["errors"][0]["nearest"]) == (422, 3, "EUR")
    await eventually(lambda: figures_are(scene, people, BEFORE), seconds=60, why="nothing was given and nothing taken")
    await eventually(lambda: waiting_are(scene, 6), seconds=60, every=1, why="all six are listed")
    await publish_rate(scene)
    await scene.barriers(1)
    await asyncio.to_thread(workers[0].process.kill)
    await eventually(lambda: figures_are(scene, people, AFTER), seconds=60, why="all six came right")
    await eventually(lambda: waiting_are(scene, 0), seconds=60, every=1, why="and left the list")
    await scene.settled()
    assert await verified(scene) == []
    before = await scene.tokens()
    async with scene.redis() as client:
        await client.flushall()
    await scene.taken_anew(before)
    await eventually(lambda: figures_are(scene, people, AFTER), seconds=60, why="the log alone says the same")
    assert await verified(scene) == []


def sale(number: int, currency: str, gross: int = 4_000) -> dict[str, Any]:
    lines = [line("1", gross, "2", category="bread")]
    told = snapshot(f"abroad{number}", lines=lines, when=now(), customer=None, price_currency=currency)
    return told | {"customer": {"membership_number": MEMBERS[number]}}


def deliveries() -> list[dict[str, Any]]:
    paid = [sale(number, "USD") for number in range(3)]
    kept = [sale(number, "EUR", 1_000) for number in range(3, 6)]
    back = [refund(f"abroad{number}", gross=1_000, when=now(), price_currency="USD") for number in range(3, 6)]
    return [*paid, *kept, *back]


async def figures_are(scene: Scene, people: Mapping[str, str], wanted: list[tuple[int, int]]) -> bool:
    live = await live_customers(scene.settings.redis_url, scene.topics.partitions)
    states = [live.get((MERCHANT, customer)) for customer in people.values()]
    return [(state.purchases, state.spend) if state else None for state in states] == wanted


async def waiting_are(scene: Scene, count: int) -> bool:
    return len((await command(scene, "review", MERCHANT))["purchases"]) == count


async def publish_rate(scene: Scene) -> None:
    folder = scene.folder / "config" / "merchants" / MERCHANT
    file = folder / "program.yaml"
    file.write_text(file.read_text() + "exchange: {USD: 0.5}\n")
    await scene.publish(folder, FIRST)

"""Purchases that nobody can have meant, in the midst of others: nobody stands still, and a person decides."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from stamgast.state.keys import customers
from tests.builders import line, snapshot
from tests.conftest import eventually
from tests.integration.proofs.judging import live_customers
from tests.integration.proofs.merchant import FIRST, MERCHANT
from tests.integration.proofs.receipts import now
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.shop_desk import command, members, till
from tests.integration.proofs.verdicts import judged, verified

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

PER_ITEM = "  rolls: {stamps: 7, per: item, reward: coffee}\n  euros: {stamps: 1, per: 10 EUR, reward: coffee}\n"
"""The cards of whoever reported it: a barcode fills 13.8 million of the one, a million euros 100,000 of the other."""


async def test_a_barcode_in_the_quantity_and_a_price_of_millions_wait_for_a_person_while_everybody_else_goes_on(
    scene: Scene,
) -> None:
    await publish_cards(scene)
    workers = [scene.fleet.start(), scene.fleet.start()]
    for worker in workers:
        await worker.ready()
    people = await members(scene, tuple(ABSURD))
    feeder = scene.feeder()
    await feeder.transactions(30)
    async with till(scene) as http:
        answers = [await http.post("/purchases", json=sold(name)) for name in ABSURD]
        assert [answer.status_code for answer in answers] == [202] * len(ABSURD)
        told = [answer.json()["warnings"][0]["detail"] for answer in answers]
        assert ["96,385,074 pieces" in told[0], "1000000.00 EUR" in told[1], "5000000.00 EUR" in told[2]] == [True] * 3
        await feeder.transactions(30)
        await scene.settled()
        listed = (await command(scene, "review", MERCHANT))["purchases"]
        assert {each["transaction"] for each in listed} == set(ABSURD)
        assert await counted(scene, people) == set()

        refused = await command(scene, "confirm", MERCHANT, "scanned", code=1)
        assert "13,769,298 rewards" in refused["error"]
        assert "did you mean 'scanned'" in (await command(scene, "void", MERCHANT, "scaned", code=1))["error"]
        assert (await command(scene, "void", MERCHANT, "scanned"))["applied"]
        assert (await command(scene, "confirm", MERCHANT, "party"))["applied"]
        corrected = sold("million") | {"source_version": 2, "totals": {"gross_minor": 350}}
        corrected["line_items"] = [line("1", 350, category="bread")]
        assert (await http.post("/purchases", json=corrected)).status_code == 202
    await feeder.stop()
    await asyncio.to_thread(workers[0].process.kill)
    await scene.settled()

    async def left() -> bool:
        waiting = (await command(scene, "review", MERCHANT))["purchases"]
        return [each["transaction"] for each in waiting] == ["five million"]

    await eventually(left, seconds=60, every=1, why="one is left for a person to look at")
    assert await counted(scene, people) == {"million", "party"}
    await judged(scene, unproven=0, confirmed={"party"})
    async with scene.redis() as client:
        for number in range(scene.topics.partitions):
            await client.delete(customers(number).review)
    (missed,) = await verified(scene)
    assert missed.endswith(f"purchase to review {MERCHANT}:{people['five million']}:five million: not in Redis")
    assert workers[1].process.exit_code is None
    assert "stands still" not in "".join(each.process.log_tail(100_000) for each in workers)


ABSURD = {
    "scanned": ("96385074", 350),
    "million": ("1", 100_000_000),
    "five million": ("1", 500_000_000),
    "party": ("1100", 1_500),
}
"""Transaction -> quantity and amount. The last one was meant."""


def sold(name: str) -> dict[str, Any]:
    """One of them as its till tells it."""
    quantity, gross = ABSURD[name]
    lines = [line("1", gross, quantity, category="bread")]
    return snapshot(name, lines=lines, when=now(), customer=None) | {"customer": {"membership_number": name}}


async def counted(scene: Scene, people: Mapping[str, str]) -> set[str]:
    """Which of them count."""
    live = await live_customers(scene.settings.redis_url, scene.topics.partitions)
    return {name for name in ABSURD if live[MERCHANT, people[name]].purchases}


async def publish_cards(scene: Scene) -> None:
    """Two cards more."""
    folder = scene.folder / "config" / "merchants" / MERCHANT
    file = folder / "program.yaml"
    text = file.read_text().replace("rewards:\n", f"{PER_ITEM}rewards:\n", 1)
    file.write_text(text)
    await scene.publish(folder, FIRST)

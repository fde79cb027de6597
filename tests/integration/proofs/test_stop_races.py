"""STOP against a send that is about to begin: once STOP was answered, nothing begins any more."""

from __future__ import annotations

import asyncio
import json
import random
import time

import pytest

from tests.builders import line, record, snapshot
from tests.integration.pacing import until
from tests.integration.proofs.feed import Producer
from tests.integration.proofs.fleet import monotonic_ns
from tests.integration.proofs.merchant import MERCHANT, SENDER
from tests.integration.proofs.receipts import now
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]

RACES = 120
PURCHASES = 4


async def test_no_message_begins_after_a_stop_was_answered(scene: Scene) -> None:
    for worker in [scene.fleet.start(), scene.fleet.start()]:
        await worker.ready()
    await scene.barriers()
    await scene.settled()
    producer = Producer(scene.settings.kafka_bootstrap)
    draw = random.Random(3)
    answered: dict[str, int] = {}

    async def race(customer: str) -> None:
        bread = [line("1", 350, category="bread")]
        sales = [snapshot(f"{customer}:{n}", lines=bread, when=now(), customer=customer) for n in range(PURCHASES)]
        await producer.send(scene.topics.purchases, [(*record(each, now(), MERCHANT), None) for each in sales])
        await until(time.monotonic() + draw.uniform(0, 0.12))  # the race: STOP comes anywhere from decision to answer
        phone = scene.phones[customer]
        body = {"from": phone, "to": SENDER, "body": "STOP", "channel": "sms"}
        answer = (await scene.http.post("/sandbox/inbound", json=body)).json()
        assert answer["webhook_status"] == 200
        answered[scene.parts.identities.hash_phone(MERCHANT, phone)] = monotonic_ns()
        scene.stopped.add((MERCHANT, customer))

    racing = scene.people[:RACES]
    for start in range(0, RACES, 6):
        await asyncio.gather(*map(race, racing[start : start + 6]))
    await producer.close()
    await judged(scene, unproven=0)
    began, stopped = 0, 0
    for worker in scene.fleet.all:
        for text in worker.trace.read_text().splitlines():
            when, activation, stop_key, answer = json.loads(text)
            began += answer == "ok"
            stopped += answer == "stopped"
            assert answer != "ok" or when < answered[stop_key.rpartition(":")[2]], f"{activation} began after STOP"
    print("STOP", json.dumps({"rounds": len(answered), "began before": began, "stopped at the last look": stopped}))
    assert 0 < began < RACES * PURCHASES

"""Thousands of messages wait in one partition, and whoever takes it is killed again and again on the way.

STAMGAST_BACKLOG says how many (50,000 take some minutes). Most of them are for people whose phone nobody knows: they
wait as all others do, and end without keeping the sandbox busy.
"""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from stamgast.domain.events import ConsentChanged, encode_event, key_of
from stamgast.log.topics import Topics, create_topics, delete_topics
from stamgast.services import Broker
from stamgast.state.keys import customers
from tests.builders import line, snapshot
from tests.conftest import eventually
from tests.integration.proofs.feed import Feeder
from tests.integration.proofs.fleet import Fault
from tests.integration.proofs.merchant import MERCHANT
from tests.integration.proofs.receipts import Delivery, Till, now
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

BACKLOG = int(os.environ.get("STAMGAST_BACKLOG", "3000"))
_LETTERS = str.maketrans("0123456789", "abcdefghij")
PATIENCE_S = 60 + BACKLOG / 100

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow, pytest.mark.timeout(int(400 + BACKLOG / 20))]


@pytest.fixture
def topics(kafka: Broker) -> Iterator[Topics]:
    """As always, with one partition."""
    mine = Topics(1, prefix=f"t{uuid.uuid4().hex[:8]}.")
    create_topics(kafka.bootstrap, mine)
    yield mine
    delete_topics(kafka.bootstrap, mine)


class Crowd(Till):
    """Everybody buys a loaf, one after the other."""

    def transaction(self, *, live: bool) -> list[Delivery]:
        """The only delivery of the next one's purchase."""
        customer = self._customers[self.count]
        self.count += 1
        bread: list[Any] = [line("0", 350, "1", category="bread")]
        return [snapshot(f"{self._prefix}{self.count}", 1, lines=bread, customer=customer, store="shop", when=now())]


async def agreeing(scene: Scene, count: int) -> list[str]:
    """People who want messages, and have no phone."""
    names = [f"cstranger{number:016}".translate(_LETTERS) for number in range(count)]
    scene.strangers |= {(MERCHANT, name) for name in names}
    about = {"merchant": MERCHANT, "purpose": "marketing", "channel": "sms", "granted": True}
    consents = [ConsentChanged(**about, customer=name, at=now()) for name in names]
    records = [(key_of(MERCHANT, each.customer), encode_event(each)) for each in consents]
    for start in range(0, count, 1_000):
        await scene.parts.appender.append(scene.topics.customer_events, records[start : start + 1_000])
    return names


async def waiting(scene: Scene) -> int:
    async with scene.redis() as client:
        return int(await client.hlen(customers(0).outbox))


async def test_a_backlog_outlives_every_worker_and_each_message_goes_once(scene: Scene) -> None:
    first = scene.fleet.start()
    await first.ready()
    await scene.barriers()
    await scene.switch(slow="always", slow_ms=2_500)
    half = len(scene.people) // 2
    crowd = [*scene.people[:half], *await agreeing(scene, BACKLOG), *scene.people[half:]]
    feeder = Feeder(scene.settings.kafka_bootstrap, scene.topics, Crowd(crowd, seed=1, prefix="crowd"))
    await feeder.transactions(len(crowd))
    await feeder.stop()

    async def most_wait() -> bool:
        return await waiting(scene) >= BACKLOG * 2 // 3

    await eventually(most_wait, seconds=PATIENCE_S, every=0.2, why="they wait")
    scene.fleet.kills += 1
    first.process.signal(signal.SIGKILL)
    for fault in (Fault("customers.begin", "kill", nth=9), Fault("customers.told", "kill", nth=BACKLOG // 3)):
        doomed = scene.fleet.start(fault)
        await doomed.ready()
        doomed.arm()
        await scene.fleet.struck(doomed, 1, seconds=PATIENCE_S)
        await scene.switch(reset=True)
        assert await waiting(scene) > BACKLOG // 4
    await scene.fleet.start().ready()
    await scene.settled(seconds=PATIENCE_S)
    verdict = await judged(scene)
    assert verdict.sent > half
    assert scene.fleet.kills == 3

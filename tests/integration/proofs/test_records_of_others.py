"""Records that the engine did not make: in the wrong partition, without a key, by membership number, or rubbish."""

from __future__ import annotations

import asyncio

import pytest

from stamgast.identity.ids import Identifier, identifier_hash
from stamgast.identity.records import Alias, encode, entry_key
from stamgast.log.topics import check_topics
from tests.builders import line, record, snapshot
from tests.conftest import eventually
from tests.fakes.people import lately
from tests.integration.proofs.feed import Producer
from tests.integration.proofs.fleet import Fault
from tests.integration.proofs.judging import ID_KEY, read_log
from tests.integration.proofs.merchant import MERCHANT
from tests.integration.proofs.receipts import now
from tests.integration.proofs.scene import Scene
from tests.integration.proofs.verdicts import judged

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]


async def test_a_foreign_partitioner_made_up_sources_and_rubbish_in_between_change_nothing(scene: Scene) -> None:
    """Were a made-up source believed, every true record taken over after it would be skipped as a repeat."""
    workers = [scene.fleet.start(), scene.fleet.start()]
    for worker in workers:
        await worker.ready()
    await scene.barriers()
    feeder = scene.feeder()
    feeder.foreign = True
    cluster = await asyncio.to_thread(check_topics, scene.settings.kafka_bootstrap, scene.topics)
    feeder.forging = cluster.topic_ids[scene.topics.purchases]
    for _ in range(6):
        await feeder.transactions(20)
        await feeder.throw_rubbish()
    await feeder.stop()
    verdict = await judged(scene, unproven=0)
    assert verdict.letters == feeder.letters == 18
    assert [worker.process.exit_code for worker in workers] == [None, None]


async def test_a_membership_number_that_changes_hands_while_its_purchase_is_appended_again_counts_once(
    scene: Scene,
) -> None:
    """The worker dies between its append and its commit; meanwhile the number becomes somebody else's."""
    doomed = scene.fleet.start(Fault("intake.emit", "kill"))
    doomed.arm()
    await doomed.ready()
    await scene.barriers()
    people = [(await scene.parts.identities.resolve(MERCHANT, [member(n)], now(), lately)).customer for n in range(24)]
    producer = Producer(scene.settings.kafka_bootstrap)
    bread = [line("1", 350, category="bread")]
    sales = [snapshot(f"m{n}", lines=bread, when=now(), customer=None) for n in range(24)]
    named = [data | {"customer": {"membership_number": f"M{n}"}} for n, data in enumerate(sales)]
    await producer.send(scene.topics.purchases, [(*record(data, now(), MERCHANT), None) for data in named])
    await scene.fleet.struck(doomed, 1)
    others = [scene.people[n] for n in range(24)]
    await scene.parts.appender.append(
        scene.topics.identities, [alias(scene, n, other) for n, other in enumerate(others)]
    )

    async def changed_hands() -> bool:
        found = [
            (await scene.parts.identities.resolve(MERCHANT, [member(n)], now(), lately)).customer for n in range(24)
        ]
        return found == others

    await eventually(changed_hands, why="the view knows whose the numbers are now")
    await scene.fleet.start().ready()
    await producer.close()
    await judged(scene, unproven=0)
    log = await read_log(scene.settings.kafka_bootstrap, scene.topics.purchases, scene.topics.partitions)
    again = [each for records in log.values() for each in records if b"stamgastsource" in each.value]
    assert len(again) > len(sales), "some were appended again by both workers"
    assert {each.value.split(b'"customer_id":"')[1][:25].decode() for each in again} & set(others)
    assert set(people) - set(others)


def member(number: int) -> Identifier:
    return Identifier("membership", f"M{number}")


def alias(scene: Scene, number: int, customer: str) -> tuple[bytes, bytes]:
    hashed = identifier_hash(ID_KEY, MERCHANT, "membership", f"M{number}")
    return entry_key(MERCHANT, "a", hashed), encode(Alias("membership", customer, now()))

"""Several deliveries of one transaction in one chunk: each is told from what the one before it left."""

from typing import Any

from stamgast.clock.shop_time import RealClock
from stamgast.domain.events import decode_event
from stamgast.log.partitioning import partition_for
from stamgast.state import keys
from streams.intake.job import IntakeJob
from streams.runtime.position import Position
from tests.builders import ANNA, BRAM, MERCHANT, T0, line, record, refund, snapshot
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.foreign_records import NOBODYS, PROOFS
from tests.steps import TOPICS, records_of


async def events_of(*deliveries: dict[str, Any]) -> list[tuple[str, int | None, int | None]]:
    """(customer, spend before, spend after) of what one chunk leads to."""
    pairs = [record(data, T0) for data in deliveries]
    partition = partition_for(pairs[0][0], TOPICS.partitions)
    owned = OwnedByTest(MemoryLease(keys.transactions(partition)), Position())
    nothing: Any = None
    job = IntakeJob(
        topics=TOPICS, naming=NOBODYS, proofs=PROOFS, proving=nothing, aside=nothing, clock=RealClock(), metrics=nothing
    )
    effects = await job.step(owned, records_of(*pairs))
    told = [decode_event(emission.value) for emission in effects.emissions]
    assert all(event.merchant == MERCHANT for event in told)
    return [(event.customer, event.before and event.before.spend, event.after and event.after.spend) for event in told]


async def test_a_sale_and_its_refund_in_one_chunk_are_one_purchase():
    sale = snapshot(lines=[line("1", 700, "2")])
    assert await events_of(sale, refund(gross=350)) == [(ANNA, None, 700), (ANNA, 700, 350)]


async def test_a_sale_whose_customer_changes_within_a_chunk_leaves_the_first_one():
    first, second = snapshot(lines=[line("1", 700)]), snapshot(version=2, lines=[line("1", 700)], customer=BRAM)
    assert await events_of(first, second) == [(ANNA, None, 700), (ANNA, 700, None), (BRAM, None, 700)]


async def test_the_same_delivery_twice_in_one_chunk_is_told_once():
    sale = snapshot(lines=[line("1", 700)])
    assert await events_of(sale, sale, sale) == [(ANNA, None, 700)]

"""Several deliveries of one transaction in one chunk: each is told from what the one before it left."""

from typing import Any

from stamgast.clock.shop_time import RealClock
from stamgast.domain.claims import Asked, ClaimOutcome, Limit, decode_answer, encode_claim
from stamgast.domain.events import decode_event
from stamgast.domain.units import DAY
from stamgast.log.partitioning import partition_for
from stamgast.state import keys
from streams.intake.job import IntakeJob
from streams.runtime.position import Position
from tests.builders import ANNA, BRAM, MERCHANT, T0, line, record, refund, snapshot
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.foreign_records import NOBODYS, PROOFS
from tests.steps import TOPICS, records_of


async def events_of(*deliveries: dict[str, Any] | Asked) -> list[tuple[str, int | None, int | None]]:
    """(customer, spend before, spend after) of what one chunk leads to."""
    effects = await effects_of(*deliveries)
    told = [decode_event(emission.value) for emission in effects.emissions]
    assert all(event.merchant == MERCHANT for event in told)
    return [(event.customer, event.before and event.before.spend, event.after and event.after.spend) for event in told]


async def effects_of(*deliveries: dict[str, Any] | Asked) -> Any:
    pairs = [encode_claim(MERCHANT, each, T0) if isinstance(each, Asked) else record(each, T0) for each in deliveries]
    partition = partition_for(pairs[0][0], TOPICS.partitions)
    owned = OwnedByTest(MemoryLease(keys.transactions(partition)), Position())
    nothing: Any = None
    job = IntakeJob(
        topics=TOPICS, naming=NOBODYS, proofs=PROOFS, proving=nothing, aside=nothing, clock=RealClock(), metrics=nothing
    )
    return await job.step(owned, records_of(*pairs))


async def test_a_sale_and_its_refund_in_one_chunk_are_one_purchase():
    sale = snapshot(lines=[line("1", 700, "2")])
    assert await events_of(sale, refund(gross=350)) == [(ANNA, None, 700), (ANNA, 700, 350)]


async def test_a_sale_whose_customer_changes_within_a_chunk_leaves_the_first_one():
    first, second = snapshot(lines=[line("1", 700)]), snapshot(version=2, lines=[line("1", 700)], customer=BRAM)
    assert await events_of(first, second) == [(ANNA, None, 700), (ANNA, 700, None), (BRAM, None, 700)]


async def test_the_same_delivery_twice_in_one_chunk_is_told_once():
    sale = snapshot(lines=[line("1", 700)])
    assert await events_of(sale, sale, sale) == [(ANNA, None, 700)]


def claim(name: str, customer: str, **more: Any) -> Asked:
    return Asked("t1", name, name, customer, request=f"by {customer}", within=DAY, **more)


def answers_in(effects: Any) -> dict[str, str]:
    """Request -> what it is answered, of what a step writes."""
    words, found = iter(effects.writes.commands), {}
    for count in words:
        command, key, *rest = [next(words) for _ in range(count)]
        if command == "SET" and ":r:" in key:
            found[key.rpartition(":")[2]] = decode_answer(rest[0]).outcome.value
    return found


async def test_of_a_sale_and_its_claims_in_one_chunk_the_first_claim_gets_it_and_its_refund():
    sale = snapshot(lines=[line("1", 700, "2")], customer=None)
    chunk = (sale, claim("k1", ANNA), claim("k2", BRAM), claim("k1", ANNA), refund(gross=350))
    assert await events_of(*chunk) == [(ANNA, None, 700), (ANNA, 700, 350)]
    assert answers_in(await effects_of(*chunk)) == {"k1": ClaimOutcome.CLAIMED, "k2": ClaimOutcome.TAKEN}


async def test_a_claim_before_its_sale_is_answered_so_and_its_repeat_gets_the_same_answer():
    sale = snapshot(lines=[line("1", 700)], customer=None)
    chunk = (claim("k1", ANNA), sale, claim("k1", ANNA))
    assert await events_of(*chunk) == []
    assert answers_in(await effects_of(*chunk)) == {"k1": ClaimOutcome.NO_RECEIPT}
    assert await events_of(*chunk, claim("k2", ANNA)) == [(ANNA, None, 700)]


async def test_a_word_on_a_claim_is_the_answer_to_the_claim_as_well():
    sale = snapshot(lines=[line("1", 700)], customer=None)
    waits = claim("k1", ANNA, over=(Limit.CUSTOMER,))
    for word, outcome, told in (
        (Asked("t1", "w1", "k1", verdict="confirm"), ClaimOutcome.CLAIMED, [(ANNA, None, 700)]),
        (Asked("t1", "w1", "k1", verdict="refuse"), ClaimOutcome.REFUSED, []),
    ):
        chunk = (sale, waits, word)
        assert await events_of(*chunk) == told
        assert answers_in(await effects_of(*chunk)) == {"k1": outcome, "w1": outcome}

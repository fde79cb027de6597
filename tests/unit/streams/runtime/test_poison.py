"""A record that nobody foresaw is laid aside; what stands before and after it is applied, and `verify` agrees."""

from typing import Any

import pytest

from stamgast import fold
from stamgast.clock.shop_time import RealClock
from stamgast.domain.customer import decode_customer, encode_customer
from stamgast.domain.events import decode_event, encode_event
from stamgast.domain.purchases import merge as merge_whole
from stamgast.domain.transactions import decode_transaction, encode_transaction
from stamgast.log.partitioning import partition_for
from stamgast.state import keys
from streams.customers import batch
from streams.customers import writes as customer_writes
from streams.customers.in_force import Standing
from streams.intake import merge as merging
from streams.intake.job import IntakeJob
from streams.intake.record_mac import Proofs
from streams.maintenance.replay import PartitionReplay
from streams.maintenance.verify import TransactionReplay
from streams.metrics import Metrics
from streams.runtime.position import Position
from tests.builders import ANNA, BRAM, KEY, MERCHANT, T0, bought, bundle, line, program, record, snapshot, sure
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.foreign_records import NOBODYS
from tests.steps import TOPICS, aside, customers_job, customers_partition, records_of, written

PROOFS = Proofs(b"k" * 32)
DEEP = b"[" * 50_000


def laid_aside(effects: Any) -> list[int]:
    """Offsets of what went to the dead letters."""
    letters = [each for each in effects.emissions if each.topic == TOPICS.dead_letters]
    return [int(letter.key.rpartition(b"-")[2].decode()) for letter in letters]


async def taken_in(records: list[Any], stored: dict[str, bytes] | None = None) -> Any:
    """What intake makes of a chunk, checked against the recomputation."""
    partition = partition_for(records[0].key, TOPICS.partitions)
    nobody: Any = None
    metrics = Metrics()
    job = IntakeJob(
        topics=TOPICS, naming=NOBODYS, proofs=PROOFS, proving=nobody, aside=aside(), clock=RealClock(), metrics=metrics
    )
    effects = await job.step(OwnedByTest(MemoryLease(keys.transactions(partition), stored), Position()), records)
    replay = TransactionReplay(partition, TOPICS.partitions, PROOFS, real_time=True)
    for each in records:
        replay.apply(each)
    counted = metrics.registry.get_sample_value("stamgast_dead_letters_total", {"service": "intake"})
    assert (counted or 0) == len(laid_aside(effects))
    if not stored:
        live = {name: decode_transaction(value) for name, value in written(effects).items()}
        assert live == {keys.transactions(partition).transaction(*n): state for n, state in replay.states.items()}
    return effects


SALE = snapshot(lines=[line("1", 700)])
EDIT = snapshot(version=2, lines=[line("1", 900)])


async def test_a_purchase_that_cannot_be_merged_is_laid_aside_and_its_neighbours_are_not(monkeypatch):
    def merge(state: Any, delivery: Any, at: int) -> bool:
        state.customer = "half"
        if delivery.source_version == 2:
            raise OverflowError
        return whole(state, delivery, at)

    whole = merge_whole
    monkeypatch.setattr(merging, "merge", merge)
    effects = await taken_in(records_of(record(SALE, T0), record(EDIT, T0), record(EDIT | {"source_version": 3}, T0)))
    assert laid_aside(effects) == [1]
    told = [decode_event(each.value) for each in effects.emissions if each.topic == TOPICS.customer_events]
    assert [event.after.spend for event in told] == [700, 900]


async def test_a_purchase_whose_state_cannot_be_written_is_laid_aside(monkeypatch):
    def encode(state: Any) -> bytes:
        if state.snapshot.version == 2:
            raise OverflowError
        return writes(state)

    writes = encode_transaction
    monkeypatch.setattr(merging, "encode_transaction", encode)
    effects = await taken_in(records_of(record(SALE, T0), record(EDIT, T0)))
    assert laid_aside(effects) == [1]
    assert [sure(decode_transaction(value).snapshot).version for value in written(effects).values()] == [1]


@pytest.mark.parametrize("value", [b'{"x":' + DEEP, b'{"data":' + DEEP, DEEP])
@pytest.mark.parametrize("keyed", [True, False])
async def test_brackets_in_brackets_are_laid_aside(value, keyed):
    key, sale = record(SALE, T0)
    effects = await taken_in(records_of((key, sale), (key if keyed else None, value)))
    assert laid_aside(effects) == [1]
    assert len(written(effects)) == 1


async def test_a_transaction_that_redis_holds_garbage_of_does_not_stop_the_others():
    key, sale = record(SALE, T0)
    name = keys.transactions(partition_for(key, TOPICS.partitions)).transaction(*key.decode().split(":", 1))
    assert laid_aside(await taken_in(records_of((key, sale)), {name: b"garbage"})) == [0]


# -- customers

SHOP = bundle(program())


async def applied(records: list[Any], stored: dict[str, bytes] | None = None) -> Any:
    """What the customers service makes of a chunk, checked against the recomputation."""
    standing = Standing(in_force={MERCHANT: SHOP}, numbers={MERCHANT: 1})
    effects = await customers_job().step(customers_partition(standing, stored), records)
    replay = PartitionReplay(0, KEY, lambda *_: SHOP)
    replay._in_force[MERCHANT] = SHOP
    for each in records:
        replay.apply(each.offset, each.value)
    if not stored:
        states = {keys.customers(0).customer(*name): value for name, value in replay.fold.states.items()}
        assert written(effects) == states
        assert replay.passed_over == laid_aside(effects)
    return effects


def events_of(*events: Any) -> list[Any]:
    return records_of(*((None, each if isinstance(each, bytes) else encode_event(each)) for each in events))


async def test_an_event_whose_outcome_cannot_be_written_is_laid_aside_and_its_neighbours_are_not(monkeypatch):
    def encode(state: Any) -> bytes:
        if state.purchases == 2:
            raise OverflowError
        return writes(state)

    writes = encode_customer
    monkeypatch.setattr(batch, "encode_customer", encode)
    monkeypatch.setattr(customer_writes, "encode_customer", encode, raising=False)
    monkeypatch.setattr(fold, "encode_customer", encode)
    events = events_of(bought("t1", T0), bought("t2", T0, customer=BRAM), bought("t3", T0 + 1))
    effects = await applied(events)
    assert laid_aside(effects) == [2]
    assert [decode_customer(value).purchases for value in written(effects).values()] == [1, 1]


async def test_an_event_of_brackets_in_brackets_is_laid_aside():
    effects = await applied(events_of(bought("t1", T0), b'{"x":' + DEEP, bought("t2", T0)))
    assert laid_aside(effects) == [1]


async def test_a_customer_whom_redis_holds_garbage_of_does_not_stop_the_others():
    stored = {keys.customers(0).customer(MERCHANT, ANNA): b"garbage"}
    effects = await applied(events_of(bought("t1", T0), bought("t2", T0, customer=BRAM)), stored)
    assert laid_aside(effects) == [0]
    assert list(written(effects)) == [keys.customers(0).customer(MERCHANT, BRAM)]

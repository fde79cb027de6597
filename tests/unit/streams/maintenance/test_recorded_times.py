"""What a clock that ran ahead wrote into a log does no harm when the log is read, by the worker as by `verify`."""

from __future__ import annotations

import json
from typing import Any

from stamgast.domain.events import AnyEvent, TimerDue, encode_event
from stamgast.domain.recorded import bounded_event
from stamgast.domain.units import DAY, MINUTE, SECOND, Millis
from stamgast.state import keys
from streams.customers.in_force import Standing
from streams.intake.canonical import read_record
from streams.intake.record_mac import Proofs
from streams.maintenance.replay import PartitionReplay
from streams.maintenance.verify import TransactionReplay
from tests.builders import ANNA, KEY, MERCHANT, T0, bought, bundle, line, program, record, snapshot, sure
from tests.fakes.records import LogRecord
from tests.steps import customers_job, customers_partition, written

YEAR = 365 * DAY
SHOP = bundle(program())
Appended = tuple[AnyEvent, Millis]
"""An event, and when the log had it."""


def by_log(*log: Appended, held: bool = True) -> PartitionReplay:
    """The partition as the log alone says."""
    replay = PartitionReplay(0, KEY, lambda *_: SHOP)
    replay._in_force[MERCHANT] = SHOP
    for offset, (event, appended_at) in enumerate(log):
        replay.apply(offset, encode_event(event), appended_at if held else 0)
    return replay


async def by_worker(*log: Appended) -> bytes:
    """Anna's state as the customers service writes it."""
    partition = customers_partition(Standing(clocks="0:bounded", in_force={MERCHANT: SHOP}, numbers={MERCHANT: 1}))
    records = [
        LogRecord(offset, encode_event(event), timestamp=appended_at) for offset, (event, appended_at) in enumerate(log)
    ]
    effects = await customers_job().step(partition, records)
    return written(effects)[keys.customers(0).customer(MERCHANT, ANNA)]


def due(when: Millis, *, at: Millis) -> TimerDue:
    return TimerDue(merchant=MERCHANT, customer=ANNA, at=at, due=when)


async def test_a_timer_that_a_wrong_clock_called_due_does_nothing_and_comes_due_at_its_time():
    sale = (bought("t1", T0), T0 + SECOND)
    before = sure(by_log(sale).fold.state((MERCHANT, ANNA)))
    first = min(before.timers.values())
    ahead = (due(first, at=T0 + YEAR), T0 + MINUTE)
    after = sure(by_log(sale, ahead).fold.state((MERCHANT, ANNA)))
    assert (after.stage, after.timers, after.recorded_at) == (before.stage, before.timers, T0 + MINUTE)
    assert await by_worker(sale, ahead) == by_log(sale, ahead).fold.states[MERCHANT, ANNA]

    as_written = sure(by_log(sale, ahead, held=False).fold.state((MERCHANT, ANNA)))
    assert as_written.stage != before.stage
    at_its_time = sure(by_log(sale, ahead, (due(first, at=first + 40), first + 50)).fold.state((MERCHANT, ANNA)))
    assert at_its_time.stage == as_written.stage


async def test_what_comes_after_a_wrong_clock_is_recorded_when_it_happened():
    spoilt: list[Appended] = [
        (bought("t1", T0), T0 + SECOND),
        (due(T0 + 90 * DAY, at=T0 + YEAR), T0 + MINUTE),
        (bought("t2", T0 + DAY, recorded=T0 + YEAR), T0 + DAY + 30),
        (bought("t3", T0 + 2 * DAY), T0 + 2 * DAY + 30),
    ]
    state = sure(by_log(*spoilt).fold.state((MERCHANT, ANNA)))
    assert state.recorded_at == T0 + 2 * DAY
    assert state.purchases == 3
    assert await by_worker(*spoilt) == by_log(*spoilt).fold.states[MERCHANT, ANNA]


def test_an_undated_sale_that_a_wrong_clock_dated_falls_on_the_day_the_log_had_it():
    event: Any = bounded_event(bought("t1", T0 + YEAR), T0)
    assert (event.at, event.after.occurred_at, event.happened_at) == (T0, T0, T0)


def test_stamps_as_clocks_differ_stay_as_they_are():
    for stamp in (T0 - YEAR, T0, T0 + 5 * MINUTE):
        event = bought("t1", T0, recorded=stamp)
        assert bounded_event(event, T0) is event
        assert bounded_event(event, 0) is event


def of_purchases(stamp: Millis, appended_at: Millis, number: int, *, proven: bool = True) -> Any:
    """A record that a worker took over, and stamped."""
    key, value = record(snapshot(id_=f"t{number}", lines=[line("1", 700)]), stamp)
    if proven:
        value = PROOFS.add(key, json.dumps(json.loads(value) | {"stamgastsource": ["p", 0, number, 0]}).encode())
    return LogRecord(number, value, key, appended_at)


PROOFS = Proofs(b"k" * 32)


def test_a_purchase_that_a_worker_with_a_wrong_clock_took_over_does_not_move_intakes_time():
    for clocks, time in (("0:bounded", T0), ("0:real", T0 + YEAR), ("0:shop", T0 + YEAR)):
        replay = TransactionReplay(0, 1, PROOFS, real_time=True, clocks=clocks)
        replay.apply(of_purchases(T0 + YEAR, T0, 0))
        assert replay.position.time == time
        (state,) = replay.states.values()
        assert state.first_at == time


def test_another_producers_stamp_of_the_time_to_come_is_replaced_as_before():
    read = read_record(
        of_purchases(T0 + YEAR, T0, 0, proven=False), is_here=True, proofs=PROOFS, real_time=True, held=True
    )
    assert read.wanting
    assert not read.stamped

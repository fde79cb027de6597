"""What waits for a merchant's bundle is taken up in bounded steps, and when changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.events import AnyEvent, Barrier, Enrolled, RulePaused, TimerDue, encode_event
from stamgast.domain.units import DAY, HOUR
from stamgast.log.topics import Topics
from stamgast.state.backlogs import decode_backlogs
from stamgast.state.errors import SpoiltError
from stamgast.state.partition_meta import WAITS
from streams.customers import parking
from streams.maintenance.replay import PartitionReplay
from streams.runtime.job import Record, own_of
from tests.builders import (
    ANNA,
    BRAM,
    KEY,
    MERCHANT,
    T0,
    bought,
    bundle,
    card,
    card_rule,
    consent,
    hello_rule,
    program,
    sure,
)
from tests.builders import tag_rule as tagged
from tests.fakes.memory_partition import NAMES, MemoryPartition, Shelf
from tests.fakes.records import log_of

OTHER = "elders"
BUNDLES = {
    (MERCHANT, "hash1"): bundle(program(card()), card_rule(), tagged("tag", "purchase", "first"), number=1),
    (MERCHANT, "hash2"): bundle(program(card(stamps=2)), hello_rule(), tagged("tag", "purchase", "second"), number=2),
    (MERCHANT, "bad"): None,
    (OTHER, "hash1"): bundle(program(card(), merchant=OTHER), card_rule(), number=1),
}


def barrier(number: int, content: str = "", merchant: str = MERCHANT, when: int = T0) -> Barrier:
    return Barrier(merchant=merchant, customer="", at=when, number=number, hash=content or f"hash{number}")


def logged(events: Sequence[AnyEvent], start: int = 0) -> list[Record]:
    values = [encode_event(event) for event in events]
    return list(log_of(values, start=start, key=b"k"))


def folded(records: Sequence[Record], shelf: Shelf) -> PartitionReplay:
    replay = PartitionReplay(0, KEY, shelf.find)
    for each in records:
        replay.apply(each.offset, each.value)
    return replay


@st.composite
def histories(draw: st.DrawFn) -> list[AnyEvent]:
    """Two merchants' customers, with good and bad bundles and pauses anywhere, and records that come twice."""
    events: list[AnyEvent] = []
    for number in range(draw(st.integers(1, 30))):
        when = T0 + number * HOUR + draw(st.sampled_from((0, 0, -DAY, 20 * DAY)))
        merchant, who = draw(st.sampled_from((MERCHANT, MERCHANT, OTHER))), draw(st.sampled_from((ANNA, BRAM)))
        kind = draw(st.sampled_from(("buy", "buy", "buy", "consent", "enrol", "timer", "barrier", "pause", "again")))
        event: AnyEvent
        if kind == "barrier":
            content = draw(st.sampled_from(("hash1", "hash2", "bad", "nobody's")))
            event = barrier(draw(st.integers(1, 5)), content, MERCHANT, when)
            event = barrier(1, "hash1", OTHER, when) if merchant == OTHER else event
        elif kind == "pause":
            event = RulePaused(
                merchant=MERCHANT, customer="", at=when, number=draw(st.integers(1, 3)), rule="tag", reason="x"
            )
        elif kind == "again" and events:
            event = draw(st.sampled_from(events))
        else:
            others: dict[str, AnyEvent] = {
                "consent": consent(who, when),
                "enrol": Enrolled(merchant=MERCHANT, customer=who, at=when, language="nl"),
                "timer": TimerDue(merchant=MERCHANT, customer=who, at=when, due=when - HOUR),
            }
            event = others.get(kind) or bought(f"t{number}", when - 2 * HOUR, customer=who, recorded=when)
            event = msgspec.structs.replace(event, merchant=merchant, source=("p", 0, number, 0))
        events.append(event)
    return events


@given(histories(), st.data())
def test_whichever_piece_is_taken_up_when_the_outcome_is_that_of_the_log(history: list[AnyEvent], data: st.DataObject):
    records, shelf = logged(history), Shelf(BUNDLES)

    async def play() -> None:
        partition = MemoryPartition(shelf)
        await partition.take()
        along = PartitionReplay(0, KEY, shelf.find)
        at = 0
        while at < len(records):
            size = data.draw(st.integers(1, 9))
            await partition.step(records[at : at + size])
            at += size
            for _ in range(data.draw(st.integers(0, 3))):
                if partition.wanted:
                    await partition.take_up()
            if data.draw(st.integers(0, 4)) == 0:
                await partition.take()
            reached = {m: b.reached for m, b in own_of(partition).standing.backlogs.items()}
            along.taken_up(reached)
            for each in records[along.watermark + 1 : at]:
                along.apply(each.offset, each.value)
            along.taken_up(reached)
            assert partition.departs_from(along) == []
        await partition.take_up_everything()
        assert partition.departs_from(folded(records, shelf)) == []

    with patch.object(parking, "PIECE", data.draw(st.integers(1, 4))):
        asyncio.run(play())


async def waiting_for(count: int, *more: AnyEvent) -> MemoryPartition:
    """A partition in which so many purchases waited when their merchant's barrier came, and what came in its step."""
    partition = MemoryPartition(Shelf(BUNDLES))
    await partition.take()
    events = [bought(f"t{n}", T0 + n, recorded=T0 + n) for n in range(count)]
    for start in range(0, count, 1_000):
        await partition.step(logged(events[start : start + 1_000], start))
    await partition.step(logged([barrier(1, when=T0 + DAY), *more], count))
    return partition


async def test_a_barrier_applies_nothing_of_what_waits_and_each_step_a_piece_of_it():
    partition = await waiting_for(1_200)
    assert partition.state(MERCHANT, ANNA) is None
    found = []
    while partition.wanted:
        await partition.take_up()
        state = sure(partition.state(MERCHANT, ANNA))
        found.append((state.purchases, len(partition.redis.lists[NAMES.parked(MERCHANT)])))
    assert found == [(500, 700), (1_000, 200), (1_200, 0)]
    assert decode_backlogs(partition.redis.hashes[NAMES.meta][WAITS.name]) == {}


async def test_a_piece_is_bounded_in_bytes():
    partition = MemoryPartition(Shelf(BUNDLES))
    await partition.take()
    big = [msgspec.structs.replace(bought(f"t{n}", T0), id="x" * 400_000) for n in range(5)]
    await partition.step(logged(big))
    await partition.step(logged([barrier(1)], 5))
    await partition.take_up()
    assert sure(partition.state(MERCHANT, ANNA)).purchases == 2


async def test_what_waited_happens_at_its_barrier_and_what_comes_behind_it_in_its_own_time():
    partition = await waiting_for(2, bought("later", T0 + 2 * DAY))
    await partition.take_up_everything()
    assert sure(partition.state(MERCHANT, ANNA)).recorded_at == T0 + 2 * DAY
    partition = await waiting_for(2)
    await partition.take_up_everything()
    assert sure(partition.state(MERCHANT, ANNA)).recorded_at == T0 + DAY


async def test_nothing_is_taken_up_twice_by_an_owner_whose_predecessor_did_not_cut_it_off():
    partition = await waiting_for(700)
    waits = list(partition.redis.lists[NAMES.parked(MERCHANT)])
    await partition.take_up()
    partition.redis.lists[NAMES.parked(MERCHANT)] = waits
    await partition.take()
    with patch.object(parking, "PIECE", 70):
        await partition.take_up_everything()
    assert sure(partition.state(MERCHANT, ANNA)).purchases == 700


async def test_a_repeat_of_what_waits_is_recognised_when_it_comes():
    partition = MemoryPartition(Shelf(BUNDLES))
    await partition.take()
    one = msgspec.structs.replace(bought("t1", T0), source=("p", 0, 7, 0))
    await partition.step(logged([one, one, barrier(1), one]))
    await partition.take_up_everything()
    await partition.step(logged([one], 4))
    assert partition.redis.hashes[NAMES.stats][f"{MERCHANT}|purchases"] == 1


async def test_others_go_on_while_a_merchant_takes_up_what_waited():
    partition = await waiting_for(5_000)
    sale = msgspec.structs.replace(bought("t1", T0), merchant=OTHER)
    await partition.step(logged([barrier(1, merchant=OTHER), sale], 5_001))
    assert sure(partition.state(OTHER, ANNA)).purchases == 1
    assert partition.wanted == 2, "one piece, and then the log again"
    await partition.take_up()
    assert partition.wanted == 1, "only if there is nothing else to do"


async def test_the_list_grows_shorter_although_as_much_comes_for_the_same_merchant():
    partition = await waiting_for(3_000)
    before = len(partition.redis.lists[NAMES.parked(MERCHANT)])
    await partition.step(logged([bought(f"u{n}", T0 + 2 * DAY) for n in range(1_000)], 3_001))
    while partition.wanted > 1:
        await partition.take_up()
    assert len(partition.redis.lists[NAMES.parked(MERCHANT)]) <= before - 1_000


async def test_what_had_its_effects_before_is_not_told_again_and_a_piece_is_all_one_or_all_the_other():
    shelf = Shelf(BUNDLES)
    events: list[AnyEvent] = [consent(), *(bought(f"t{n}", T0 + n) for n in range(9))]
    records = logged([*events[:4], barrier(2), *events[4:]])
    told = []
    for settled in (0, 4, 7, 99):
        partition = MemoryPartition(shelf, settled=settled)
        await partition.take()
        await partition.step(records[:5])
        await partition.step(records[5:])
        await partition.take_up_everything()
        told.append(len(partition.redis.notes))
        assert partition.noted[0] == 4 or settled == 99, "what waits has its effects after its barrier"
        assert partition.noted[-1] == 11
    # Nothing was had; up to the barrier and not what waited for it; up to offset 7; everything.
    assert told[0] == told[1] > told[2] > told[3] == 0


async def test_notes_of_pieces_at_one_place_of_the_log_have_ids_that_grow():
    partition = MemoryPartition(Shelf(BUNDLES))
    await partition.take()
    await partition.step(logged([*(bought(f"t{n}", T0 + n) for n in range(20)), barrier(2), bought("t20", T0 + 99)]))
    with patch.object(parking, "PIECE", 7):
        await partition.take_up()
        await partition.take()
        await partition.take_up_everything()
    await partition.step(logged([bought("t21", T0 + DAY)], 22))
    assert len(partition.redis.note_ids) == 4
    assert len(partition.redis.notes) == 22


async def test_what_should_wait_and_does_not_sends_the_partition_to_the_log():
    partition = await waiting_for(3)
    partition.redis.lists.clear()
    with pytest.raises(SpoiltError, match=f"what waits of {MERCHANT} is gone"):
        await partition.take_up()


async def test_what_came_while_a_bundle_could_not_be_had_is_taken_up_once_it_can():
    shelf = Shelf(BUNDLES)
    partition = MemoryPartition(shelf)
    await partition.take()
    await partition.step(logged([barrier(1), bought("t1", T0)]))
    shelf.bundles[MERCHANT, "hash1"] = None
    await partition.take()
    await partition.step(logged([bought("t2", T0), bought("t3", T0)], 2))
    assert sure(partition.state(MERCHANT, ANNA)).purchases == 1
    shelf.bundles.update(BUNDLES)
    await partition.take()
    await partition.step(logged([bought("t4", T0)], 4))
    await partition.take_up_everything()
    assert sure(partition.state(MERCHANT, ANNA)).purchases == 4


async def test_a_record_that_ends_workers_is_cut_off_when_it_is_laid_aside():
    partition = await waiting_for(3)
    (first, *_) = await own_of(partition).taking_up.next()
    effects = partition.job.passing_over(partition, first, "it ended the worker twice")
    partition.redis.apply(effects.writes, partition.lease.watermark)
    partition.job.committed(partition, effects, [])
    assert [each.topic for each in effects.emissions] == [Topics(4).dead_letters]
    await partition.take_up_everything()
    assert sure(partition.state(MERCHANT, ANNA)).purchases == 2

"""When Redis went back, lines of `activations.v1` and `facts.v1` are written again, and each is an earlier one byte for byte."""

import asyncio
import copy
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.activation import RANKS
from stamgast.domain.events import ActivationOutcome, AnyEvent, Barrier, encode_event
from stamgast.domain.told import decode_line
from stamgast.domain.units import DAY, HOUR
from stamgast.state.outbox import decode_note
from tests.builders import ANNA, BRAM, MERCHANT, T0, bought, bundle, card, card_rule, consent, hello_rule, program
from tests.fakes.memory_partition import MemoryPartition, MemoryRedis, Shelf
from tests.fakes.records import LogRecord, log_of

SHELF = Shelf({(MERCHANT, "hash1"): bundle(program(card()), card_rule(), hello_rule())})


def by_activation(notes: list[bytes]) -> dict[str, list[bytes]]:
    found = defaultdict(list)
    for note in notes:
        found[decode_note(note).activation].append(note)
    return found


def lived() -> list[AnyEvent]:
    """Two customers buy, and what they are sent is delivered."""
    events: list[AnyEvent] = [
        Barrier(merchant=MERCHANT, customer="", at=T0, number=1, hash="hash1"),
        consent(ANNA, T0 - DAY), consent(BRAM, T0 - DAY),
    ]  # fmt: skip
    for number in range(12):
        when = T0 + number * HOUR
        events.append(bought(f"t{number}", when, customer=(ANNA, BRAM)[number % 2], recorded=when))
    return events


def answered(events: list[AnyEvent], notes: list[bytes]) -> list[AnyEvent]:
    told = [decode_note(note) for note in notes]
    outcomes = [
        ActivationOutcome(
            merchant=MERCHANT, customer=note.customer, at=T0 + 2 * DAY, activation=note.activation,
            status="delivered", rank=RANKS["delivered"], attempt="attempt-1",
        )
        for note in told if note.status == "submitted"
    ]  # fmt: skip
    return [*events, *outcomes]


async def applied(redis: MemoryRedis | None, records: list[LogRecord], sizes: list[int]) -> MemoryPartition:
    partition = MemoryPartition(SHELF, redis)
    await partition.take()
    left = [record for record in records if record.offset > partition.lease.watermark]
    for size in [*sizes, len(left)]:
        some, left = left[:size], left[size:]
        if some:
            await partition.step(some)
    return partition


def by_customer(told: list[bytes]) -> dict[str, list[bytes]]:
    found = defaultdict(list)
    for line in told:
        found[decode_line(line).customer].append(line)
    return found


@given(st.integers(1, 14), st.lists(st.integers(1, 6), max_size=6))
def test_a_line_that_comes_again_is_an_earlier_one(at: int, sizes: list[int]):
    async def play() -> None:
        events = lived()
        first = await applied(None, log_of([encode_event(event) for event in events]), [])
        events = answered(events, first.redis.notes)
        records = log_of([encode_event(event) for event in events])
        half = await applied(None, records[:at], [])
        earlier = copy.deepcopy(half.redis)
        whole = await applied(half.redis, records[at:], [1] * len(records))
        again = await applied(earlier, records, sizes)
        written = by_activation(whole.redis.notes)
        assert any(decode_note(note).kind == "outcome" for note in whole.redis.notes)
        assert by_activation(again.redis.notes) == written, "nothing that differs, and in its order"
        assert {decode_line(line).kind for line in whole.redis.told} >= {"stamps", "voucher", "decision"}
        assert by_customer(again.redis.told) == by_customer(whole.redis.told)

    asyncio.run(play())

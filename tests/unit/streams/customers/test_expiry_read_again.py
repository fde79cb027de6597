"""Stamps that run out come to the same however the log is cut, whoever is killed, and when Redis lost everything."""

from __future__ import annotations

import random

import pytest

from stamgast.domain.activation import Submission
from stamgast.domain.events import ActivationOutcome, AnyEvent, Barrier, TimerDue, decode_event, encode_event
from stamgast.domain.units import DAY, HOUR
from stamgast.service import Change
from streams.maintenance.replay import PartitionReplay
from tests.builders import ANNA, BRAM, KEY, MERCHANT, at, bought, consent, taken_back
from tests.fakes.in_memory import Owner
from tests.fakes.lying_cards import became, pass_until, shop
from tests.fakes.memory_partition import NAMES, MemoryPartition, MemoryRedis, Shelf
from tests.fakes.records import log_of

FIRST = at("2025-10-03T12:00:00")
LAST_DAY = at("2026-10-03T12:00:00")


class Written(Owner):
    """Writes down what it applies, as it would stand in the log."""

    def __init__(self) -> None:
        super().__init__(shop(number=0))
        self.log: list[bytes] = [
            encode_event(Barrier(merchant=MERCHANT, customer="", at=FIRST - 2 * DAY, number=0, hash="hash0"))
        ]

    def apply(self, *events: AnyEvent) -> Change:
        self.log += map(encode_event, events)
        return super().apply(*events)


def history() -> Written:
    """Anna's stamps run out, and one of her purchases comes back; Bram, warned as well, buys again in time."""
    owner, sent = Written(), dict[str, list[Submission]]()
    for name in (ANNA, BRAM):
        owner.apply(consent(name, FIRST - DAY))
        for number in range(3):
            owner.apply(bought(f"{name}{number}", FIRST + number, customer=name))
        sent[name] = pass_until(owner, LAST_DAY - 29 * DAY, name)
        became(owner, sent[name], LAST_DAY - 30 * DAY, customer=name)
    owner.apply(bought("new", LAST_DAY - 20 * DAY, customer=BRAM))
    for name in (ANNA, BRAM):
        pass_until(owner, LAST_DAY + 11 * HOUR, name)
    owner.apply(taken_back(bought(f"{ANNA}0", FIRST), LAST_DAY + DAY))
    owner.apply(bought("again", LAST_DAY + 2 * DAY))
    anna, bram = (owner.state(name).cards["bread"] for name in (ANNA, BRAM))
    assert (anna.balance, anna.expired, bram.balance, bram.expired) == (1, 2, 4, 0)
    return owner


async def read(log: list[bytes], redis: MemoryRedis, shelf: Shelf, draw: random.Random) -> MemoryPartition:
    """Apply the log from where Redis is, cut at random; now and then somebody new takes over."""
    partition = MemoryPartition(shelf, redis)
    await partition.take()
    records = list(log_of(log, key=b"k"))
    done = 0
    while done < len(records):
        size = draw.randint(1, 7)
        await partition.step(records[done : done + size])
        done += size
        if draw.random() < 0.2:
            partition = MemoryPartition(shelf, redis)
            await partition.take()
    return partition


@pytest.mark.parametrize("seed", range(4))
async def test_it_comes_to_the_same(seed: int) -> None:
    draw, owner = random.Random(seed), history()
    shelf = Shelf({(MERCHANT, "hash0"): owner.bundle})
    said_twice = [each for each in map(decode_event, owner.log) if type(each) in {TimerDue, ActivationOutcome}]
    owner.log += map(encode_event, draw.sample(said_twice, 4))  # by an owner that was paused
    first = await read(owner.log, MemoryRedis(), shelf, draw)
    lost = await read(owner.log, MemoryRedis(), shelf, draw)
    assert first.redis.values == lost.redis.values
    assert first.redis.hashes[NAMES.stats] == lost.redis.hashes[NAMES.stats]
    replay = PartitionReplay(0, KEY, shelf.find)
    for offset, value in enumerate(owner.log):
        replay.apply(offset, value)
    assert first.departs_from(replay) == []
    anna = first.state(MERCHANT, ANNA)
    assert anna is not None
    assert (anna.cards["bread"].balance, anna.cards["bread"].expired) == (1, 2)
    assert first.redis.hashes[NAMES.stats][f"{MERCHANT}|card|bread|ran_out"] == 3

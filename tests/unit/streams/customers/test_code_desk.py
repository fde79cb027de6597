"""Codes of a shop's own are given once each, whoever is killed; however the log is read again, it comes to the same."""

from __future__ import annotations

import random
from typing import Any

import pytest

import streams.customers.code_desk as module
from stamgast.domain.code_events import CodeGiven, CodesBrought, CodesDealt, CodesWished
from stamgast.domain.events import (
    decode_event,
)
from stamgast.domain.shop_codes import Pool, Shelf, deal, given_from, hidden, stocked, with_more
from stamgast.service import Bundle
from streams.customers.code_desk import CodeDesk
from streams.customers.in_force import Standing
from streams.maintenance.replay import PartitionReplay
from tests.budgeted_shop import NOON
from tests.builders import KEY
from tests.fakes.desk_worker import DeskWorker
from tests.fakes.memory_partition import NAMES, MemoryPartition, MemoryRedis
from tests.fakes.records import log_of
from tests.unit.rules.small_shop import PROGRAM, load

OFFER = """
rule: example
status: live
when: purchase
once_per: purchase
offered: true
then: [{give: coffee}, {send: hello}]
"""
CODED = PROGRAM.replace("coffee: {names", "coffee: {codes: imported, names")


class Worker(DeskWorker):
    """The pool stands with its partition."""

    def __init__(self) -> None:
        loaded = load(OFFER, CODED)
        assert loaded.ok, loaded.problems
        self.brought = 0
        super().__init__(NAMES.wants, Bundle(0, "hash0", loaded.program, loaded.rules))

    def sit_down(self) -> None:
        self.desk = CodeDesk(self.partition, "events", 1, self.clock)

    async def look_at(self, standing: Standing) -> None:
        await self.desk.look(standing)

    def bring(self, count: int) -> None:
        codes = tuple(hidden(f"C{number:04}", "") for number in range(self.brought, self.brought + count))
        event = CodesBrought(merchant="shop", customer="", at=NOON, reward="coffee", first=self.brought, codes=codes)
        self.say(event)
        self.brought += count

    @property
    def codes(self) -> list[str]:
        """What open vouchers have."""
        states = [self.partition.state("shop", f"c{number}") for number in range(100)]
        vouchers = [each for state in states if state is not None for each in state.vouchers if each.state == "open"]
        return sorted(each.terms.shop_code if each.terms is not None else "" for each in vouchers)


async def test_each_gets_the_next_code_and_when_none_is_left_the_offer_is_withheld() -> None:
    worker = Worker()
    worker.bring(5)
    worker.come(8)
    await worker.work()
    assert worker.codes == [f"C{number:04}." for number in range(5)]
    assert worker.partition.redis.hashes[NAMES.stats]["shop|rule|example|withheld|no_codes"] == 3
    worker.bring(2)
    worker.come(1, begin=20)
    worker.begin(worker.partition.redis)
    await worker.work()
    assert worker.codes[-1] == "C0005.", "more came in"
    assert {f"{NAMES.voucher('shop', 'shop:C0005')}"} <= worker.partition.redis.values.keys(), "a till finds it"


@pytest.mark.parametrize("seed", range(6))
async def test_no_code_is_given_twice_whoever_is_killed_and_the_log_comes_to_the_same(seed: int) -> None:
    draw = random.Random(seed)
    worker = Worker()
    worker.bring(20)
    for turn in range(6):
        worker.come(draw.randint(1, 5), begin=10 * turn)
        await worker.apply()
        said = [await worker.look() for _ in range(draw.randint(0, 3))]
        if draw.random() < 0.5:  # killed before what it said was applied, and its successor says it again
            worker.begin(worker.partition.redis)
            await worker.apply()
        old = [decode_event(value) for value in worker.log]
        again = [each for each in old if type(each) in {CodesBrought, CodesWished, CodesDealt, CodeGiven}]
        worker.say(*draw.sample(again, min(4, len(again))))
        await worker.work()
        assert said is not None
    assert len(set(worker.codes)) == len(worker.codes)
    assert set(worker.codes) <= {f"C{number:04}." for number in range(20)}
    again_read = MemoryPartition(worker.shelf)
    lease: Any = again_read.lease

    async def call(*words: Any) -> Any:
        return [each.encode() for each in again_read.redis.lists[words[1]][words[2] : words[3] + 1]]  # type: ignore[attr-defined]

    lease.call = call
    await again_read.take()
    records = list(log_of(worker.log, key=b"k"))
    while records:
        size = draw.randint(1, 12)
        await again_read.step(records[:size])
        records = records[size:]
    now, before = again_read.redis, worker.partition.redis
    assert now.values == before.values
    assert now.hashes[NAMES.stats] == before.hashes[NAMES.stats]
    assert _marks(now) == _marks(before)
    assert now.lists[NAMES.pool("shop", "coffee")] == before.lists[NAMES.pool("shop", "coffee")]
    replay = PartitionReplay(0, KEY, worker.shelf.find)
    for offset, value in enumerate(worker.log):
        replay.apply(offset, value)
    assert again_read.departs_from(replay) == []
    assert replay.fold.wants == now.hashes[NAMES.wants] == {}
    assert {name: each for name, each in replay.meta().items() if name.startswith(("o:", "y:"))} == _marks(now)
    assert replay.pooled["shop:coffee"].length == 20


def _marks(redis: MemoryRedis) -> dict[str, str]:
    return {name: value for name, value in redis.hashes[NAMES.meta].items() if name.startswith(("o:", "y:"))}


async def test_a_code_that_is_not_the_next_one_is_passed_over_and_the_voucher_gets_its_own() -> None:
    worker = Worker()
    worker.bring(3)
    worker.come(1)
    await worker.apply()
    [name] = worker.partition.redis.hashes[NAMES.wants]
    voucher = str(name).rpartition(":")[2]
    worker.say(CodeGiven(merchant="shop", customer="c0", at=NOON, voucher=voucher, reward="coffee", code="C0002."))
    await worker.apply()
    assert worker.codes == [""]
    await worker.work()
    assert worker.codes == ["C0000."]


async def test_what_was_wished_for_and_does_not_come_is_wished_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker()
    worker.bring(3)
    worker.come(2)
    await worker.apply()
    [wish] = await worker.look()
    assert isinstance(wish, CodesWished)
    assert (wish.number, wish.need) == (1, 2)
    assert await worker.look() == [], "it is under way"
    monkeypatch.setattr(module, "_LOST_S", 0.0)
    [again] = await worker.look()
    assert isinstance(again, CodesWished)
    assert again.number == 1
    await worker.work()
    assert worker.codes == ["C0000.", "C0001."]


@pytest.mark.parametrize("seed", range(20))
def test_partitions_are_never_dealt_the_same_code_and_together_have_all_of_them(seed: int) -> None:
    draw, pool, shelves = random.Random(seed), Pool(), dict[int, Shelf]()
    codes = [str(number) for number in range(300)]
    had: list[str] = []
    wishes: list[tuple[int, int, int]] = []
    for _ in range(600):
        if draw.random() < 0.02 and pool.brought < len(codes):
            pool = with_more(pool, draw.choice([pool.brought, 0]), 50)
        by = draw.randrange(4)
        shelf = shelves.get(by, Shelf())
        if shelf.codes:
            code = draw.choice([shelf.codes[0], *had[-1:]])
            after = given_from(shelf, code)
            if after is not None:
                had.append(code)
                shelves[by] = after
            continue
        wishes.append((by, shelf.number + 1, draw.randint(1, 5)))
        by, number, need = draw.choice([wishes[-1], draw.choice(wishes)])
        pool, share = deal(pool, by, 4, number, need)
        some = tuple(codes[share.first : share.first + share.count])
        shelves[by] = stocked(shelves.get(by, Shelf()), share.number, some, pool.left)
    there = [code for shelf in shelves.values() for code in shelf.codes]
    assert sorted(had + there, key=int) == codes[: pool.dealt]

"""Money that is asked for is answered on the log, out of leases; however the log is read again, it comes to the same."""

from __future__ import annotations

import random
from typing import Any

import pytest

import streams.customers.cashier as module
from stamgast.domain.budget_events import BudgetAnswered, BudgetLeased, BudgetWished
from stamgast.domain.budgets import MILLS
from stamgast.domain.events import (
    Barrier,
    decode_event,
)
from stamgast.domain.purses import CHEST, purse_of
from stamgast.domain.units import HOUR, MINUTE
from stamgast.service import Bundle
from streams.customers.cashier import Cashier
from streams.customers.in_force import Standing
from streams.maintenance.replay import PartitionReplay
from streams.runtime.job import own_of
from tests.budgeted_shop import COSTS, NOON, WELCOME
from tests.builders import KEY
from tests.fakes.desk_worker import DeskWorker
from tests.fakes.memory_partition import NAMES, MemoryPartition, MemoryRedis
from tests.fakes.records import log_of
from tests.unit.rules.small_shop import load

BUDGET = ("shop", "rule:example/total")


def bundle_of(budget: str, number: int = 0) -> Bundle:
    loaded = load(WELCOME % budget, COSTS)
    assert loaded.ok, loaded.problems
    return Bundle(number, f"hash{number}", loaded.program, loaded.rules)


class Worker(DeskWorker):
    """The chests stand with its partition."""

    def __init__(self, *budgets: str) -> None:
        super().__init__(NAMES.asks, *(bundle_of(each, number) for number, each in enumerate(budgets or ("5 EUR",))))

    def sit_down(self) -> None:
        self.cashier = Cashier(self.partition, "events", 1, self.clock)

    async def look_at(self, standing: Standing) -> None:
        async def find(_merchant: str) -> Bundle | None:
            return standing.in_force.get("shop")

        await self.cashier.look(standing, find)

    @property
    def vouchers(self) -> int:
        states = (self.partition.state("shop", f"c{number}") for number in range(100))
        return sum(state is not None and bool(state.vouchers) for state in states)


async def test_everybody_is_answered_while_there_is_money_and_told_when_there_is_none() -> None:
    worker = Worker("5 EUR")
    worker.come(12)
    await worker.work()
    assert worker.vouchers == 4, "1.20 each: what messages are put by for comes back when they have gone"
    purse = purse_of(own_of(worker.partition).standing.purses, BUDGET, "total")
    assert purse.spent == 4 * 120 * MILLS <= purse.leased <= 500 * MILLS
    kinds = {type(decode_event(value)) for value in worker.log}
    assert {BudgetWished, BudgetLeased, BudgetAnswered} <= kinds


@pytest.mark.parametrize("seed", range(6))
async def test_however_the_log_is_cut_or_read_again_it_comes_to_the_same(seed: int) -> None:
    draw = random.Random(seed)
    worker = Worker("5 EUR")
    worker.come(9)
    await worker.work()
    # an owner that was paused says once more what it said, and something that it never could
    said = [decode_event(value) for value in worker.log]
    worker.say(*draw.sample([each for each in said if type(each) in {BudgetWished, BudgetLeased, BudgetAnswered}], 5))
    worker.come(3, begin=20)
    await worker.work()
    again = MemoryPartition(worker.shelf)
    await again.take()
    records = list(log_of(worker.log, key=b"k"))
    while records:
        size = draw.randint(1, 12)
        await again.step(records[:size])
        records = records[size:]
    assert again.redis.values == worker.partition.redis.values
    assert again.redis.hashes[NAMES.stats] == worker.partition.redis.hashes[NAMES.stats]
    assert _budgets(again.redis) == _budgets(worker.partition.redis)
    replay = PartitionReplay(0, KEY, worker.shelf.find)
    for offset, value in enumerate(worker.log):
        replay.apply(offset, value)
    assert again.departs_from(replay) == []
    assert replay.fold.asks == again.redis.hashes[NAMES.asks] == {}


def _budgets(redis: MemoryRedis) -> dict[str, str]:
    return {name: value for name, value in redis.hashes[NAMES.meta].items() if name.startswith(("u:", "v:"))}


async def test_an_answer_that_its_purse_cannot_pay_is_passed_over_and_given_again_when_it_can() -> None:
    worker = Worker("5 EUR")
    worker.come(1)
    await worker.apply()
    [name] = worker.partition.redis.hashes[NAMES.asks]
    activation = (name.decode() if isinstance(name, bytes) else name).rpartition(":")[2]
    worker.say(
        BudgetAnswered(
            merchant="shop", customer="c0", at=NOON + MINUTE, activation=activation, given=True,
            to=(f"{BUDGET[1]}@total",), amount=120 * MILLS,
        )
    )  # fmt: skip
    await worker.apply()
    assert worker.vouchers == 0
    assert worker.partition.redis.hashes[NAMES.asks]
    await worker.work()
    assert worker.vouchers == 1


async def test_a_lease_that_does_not_come_is_wished_for_again_under_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker("5 EUR")
    worker.come(2)
    await worker.apply()
    [wish] = await worker.look()
    assert isinstance(wish, BudgetWished)
    assert (wish.number, wish.need, wish.by, CHEST) == (1, 120 * MILLS, 0, 0)
    assert await worker.look() == [], "it is under way"
    monkeypatch.setattr(module, "_LOST_S", 0.0)
    [again] = await worker.look()
    assert isinstance(again, BudgetWished)
    assert again.number == 1
    monkeypatch.undo()
    await worker.work()
    assert worker.vouchers == 2
    purse = purse_of(own_of(worker.partition).standing.purses, BUDGET, "total")
    assert purse.leased <= 500 * MILLS


async def test_a_chest_that_had_nothing_is_not_asked_again_before_something_has_changed() -> None:
    worker = Worker("1.30 EUR", "5 EUR")
    worker.come(4)
    await worker.work()
    assert worker.vouchers == 1
    wishes = len([value for value in worker.log if isinstance(decode_event(value), BudgetWished)])
    worker.come(3, begin=10)
    await worker.work()
    assert len([value for value in worker.log if isinstance(decode_event(value), BudgetWished)]) == wishes
    worker.say(Barrier(merchant="shop", customer="", at=NOON + HOUR, number=1, hash="hash1"))
    worker.come(1, begin=20)
    await worker.work()
    assert worker.vouchers == 2, "there is more money now"


async def test_who_has_no_budget_is_not_even_looked_for() -> None:
    worker = Worker()
    worker.shelf.bundles["shop", "hash0"] = Bundle(0, "hash0", load().program, load().rules)
    worker.come(1)
    await worker.apply()
    assert await worker.look() == []
    lease: Any = worker.partition.lease
    lease.call = None
    assert await worker.look() == [], "nothing is asked of Redis"

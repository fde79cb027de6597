"""A budget is spent when it says so, or when it holds something back; staff hear of it once in each of its times."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

import streams.customers.merchant_watch as module
from stamgast.domain.budgets import told
from stamgast.domain.events import StaffAlerted, decode_event
from stamgast.domain.purses import Chest, Share
from stamgast.domain.units import DAY
from stamgast.log.topics import Topics
from stamgast.service import Bundle
from streams.customers.budget_watch import BudgetWatch
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing
from streams.metrics import Metrics
from tests.builders import T0
from tests.fakes.clock import StillClock
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.unit.rules.small_shop import CALL_BACK, WITH_STAFF, load

NAME = ("shop", "shop/day")


class Shop:
    """A budget of 10 EUR a day, of which each of four partitions has spent the same."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        when_spent: str,
        more: str = "",
        lease: Spending | None = None,
        amount: str = "10 EUR",
    ) -> None:
        monkeypatch.setattr(module, "_EVERY_S", 0.0)
        self.clock, self.lease = StillClock(), lease or Spending()
        self.clock.at = T0
        self.owned = OwnedByTest[None](self.lease)
        loaded = load(
            program=f"{WITH_STAFF}{more}budget: {{amount: {amount}, per: day, when_spent: {when_spent}}}\n",
            more=CALL_BACK,
        )
        assert loaded.ok, loaded.problems
        self.standing = Standing(in_force={"shop": Bundle(0, "", loaded.program, loaded.rules)})
        self.watch = BudgetWatch(self.owned, Topics(4), Bundles(), self.clock, Metrics())

    async def look(self, spent_each: int) -> list[tuple[str, str, int, int, str]]:
        """Look, when each partition has spent so many thousandths of a cent; what was said to staff by then."""
        self.lease.spent = spent_each
        await self.watch.look(self.standing)
        events = [decode_event(value) for value in self.owned.log.values("customer.events.v1")]
        return [(e.what, e.how, e.found, e.of, e.mark) for e in events if isinstance(e, StaffAlerted)]


class Spending(MemoryLease):
    """A lease at which every partition has spent the same, and nobody has heard anything."""

    def __init__(self) -> None:
        super().__init__()
        self.spent = 0
        self.hashes: dict[tuple[str, str], bytes] = {}

    async def call(self, *words: Any) -> Any:
        name, key, field, *value = words
        if name == "HGET":
            return self.hashes.get((key, field))
        assert name == "HSET"
        self.hashes[key, field] = str(value[0]).encode()
        return 1

    async def look_elsewhere(self, *words: object) -> object:
        return None if words[0] == "GET" else [str(self.spent).encode() for _ in words[2:]]


async def test_one_that_only_warns_is_told_when_it_is_spent_and_again_in_its_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = Shop(monkeypatch, "warn")
    assert await shop.look(249_000) == []
    first = ("shop/day", "warn", 1_000, 1_000, "2025-10-01/1000")
    heard = await shop.look(250_000)
    assert [each[:4] for each in heard] == [first[:4]]
    assert await shop.look(260_000) == heard
    shop.clock.at += DAY
    assert [each[:4] for each in await shop.look(250_000)] == [first[:4]] * 2


@pytest.mark.parametrize("when_spent", ["stop", "shrink"])
async def test_one_that_holds_back_is_spent_as_soon_as_it_does(
    monkeypatch: pytest.MonkeyPatch, when_spent: str
) -> None:
    shop = Shop(monkeypatch, when_spent)
    assert await shop.look(240_000) == []
    period = (await Shop(monkeypatch, "warn").look(250_000))[0][4].partition("/")[0]
    shop.standing.chests[NAME] = (Chest(period, 960_000, {2: Share(3, 40_000), 1: Share(2, 10_000)}),)
    assert await shop.look(240_000) == [], "each got what it asked for"
    shop.standing.chests[NAME] = (Chest(period, 960_000, {2: Share(3, 0), 1: Share(2, 10_000)}),)
    assert await shop.look(240_000) == [("shop/day", when_spent, 960, 1_000, f"{period}/1000")]


async def test_where_nobody_is_to_hear_it_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await Shop(monkeypatch, "warn", "alerts: {budget_spent: false}\n").look(300_000) == []


async def test_what_was_logged_of_a_budget_is_not_logged_again_by_the_next_owner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lease = Spending()

    async def logged(spent_each: int, days: int = 0, amount: str = "10 EUR") -> list[str]:
        """What the next owner logs, who begins by reading what stands in Redis."""
        shop = Shop(monkeypatch, "warn", lease=lease, amount=amount)
        shop.clock.at += days * DAY
        with capture_logs() as logs:
            await shop.look(spent_each)
            await shop.look(spent_each)
        return [each["event"] for each in logs if each["log_level"] == "warning"]

    assert await logged(200_000) == []
    assert await logged(230_000) == ["a budget is nearly spent"]
    assert await logged(240_000) == []
    assert await logged(250_000) == ["a budget is spent"]
    assert await logged(250_000) == []
    assert await logged(230_000) == [], "something came back"
    assert await logged(270_000, amount="11 EUR") == ["a budget is nearly spent"], "it is another amount"
    assert await logged(230_000, days=1) == ["a budget is nearly spent"], "it is another day"
    assert len(lease.hashes) == 1


async def test_staff_read_the_same_amount_as_whoever_reads_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two messages of 0.0875 and two loaves are 4.175: a report has it as 4.18."""
    shop = Shop(monkeypatch, "warn", amount="4.00 EUR")
    assert told(4 * 104_375) == 418
    assert [each[2] for each in await shop.look(104_375)] == [418]

"""What budgets have spent, over all partitions: shown as metrics, and told when they come to their end.

Each partition counts in its owner's commit; the owner of the first partition of customers sums it up. A budget that
only warns says so here, and one that holds back says when it begins to: as soon as its chest, which stands with the
same partition, could not pay for something. Staff hear of it once in each of its times, and again if it is another
amount.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from stamgast.clock.shop_time import Clock
from stamgast.domain.alerts import STAFF_ROOM, AlertKind
from stamgast.domain.budgets import MILLS, Booked, Budget, Mills, period_of, told
from stamgast.domain.counters import BETWEEN, Counter, counter
from stamgast.domain.currencies import format_money
from stamgast.domain.events import StaffAlerted
from stamgast.domain.program import Program
from stamgast.domain.purses import Chest, Chests, has_refused
from stamgast.domain.units import Millis
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.programs.record import Glance
from stamgast.service import Bundle
from stamgast.state.keys import customers
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing
from streams.customers.merchant_watch import MerchantWatch
from streams.metrics import Metrics
from streams.runtime.job import OwnedPartition

log = get_logger(__name__)

_NEARLY: Final = 90
"""Percent of a budget."""


class BudgetWatch(MerchantWatch):
    """Sums up every budget in force."""

    def __init__(self, owned: OwnedPartition, topics: Topics, bundles: Bundles, clock: Clock, metrics: Metrics) -> None:
        super().__init__(owned, topics, bundles, clock, metrics)
        self._told: dict[str, _Told] = {}
        """Budget -> what was logged of it last, as Redis has it for whoever owns the partition next."""

    def _may_concern(self, seen: Glance) -> bool:
        return seen.may_have_budgets

    async def _judge(self, bundles: Sequence[Bundle], standing: Standing) -> None:
        for bundle in bundles:
            if bundle.rules.budgets:
                await self._look_at(bundle, standing.chests)

    async def _look_at(self, bundle: Bundle, chests: Chests) -> None:
        program, now = bundle.program, self._clock.now()
        periods = {name: period_of(each.per, now, program.time_zone) for name, each in bundle.rules.budgets.items()}
        fields = [
            f"{program.merchant}{BETWEEN}{counter(Counter.BUDGET, name, period, Booked.SPENT)}"
            for name, period in periods.items()
        ]
        look = self._owned.lease.look_elsewhere
        asked = (look("HMGET", customers(each).stats, *fields) for each in range(self._topics.partitions))
        answers = await asyncio.gather(*asked)
        for place, (name, budget) in enumerate(bundle.rules.budgets.items()):
            spent = sum(int(each[place] or 0) for each in answers)
            self._metrics.budget_spent.labels(program.merchant, name).set(spent / MILLS)
            self._metrics.budget_amount.labels(program.merchant, name).set(budget.amount)
            seen = _Seen(name, periods[name], budget, spent)
            is_spent = seen.is_all or _has_refused(chests.get((program.merchant, name), ()), seen)
            await self._warn(program, seen, is_spent=is_spent)
            if is_spent:
                await self._news.tell(program, _news(program, seen, now))

    async def _warn(self, program: Program, seen: _Seen, *, is_spent: bool) -> None:
        budget, spent = seen.budget, told(seen.spent)
        reached = 100 if is_spent else _NEARLY if seen.percent >= _NEARLY else 0
        name, now = f"{program.merchant}:{seen.name}", _Told(f"{seen.period}/{budget.amount}", reached)
        if not reached or self._told.get(name, _NOTHING).holds(now):
            return
        lease = self._owned.lease
        if name not in self._told:
            self._told[name] = _told_of(await lease.call("HGET", lease.keys.told, name))
            if self._told[name].holds(now):
                return
        log.warning(
            "a budget is spent" if reached == 100 else "a budget is nearly spent",
            merchant=program.merchant, budget=seen.name, period=seen.period, when_spent=budget.when_spent.value,
            spent=format_money(spent, program.currency), of=format_money(budget.amount, program.currency),
        )  # fmt: skip
        self._told[name] = now
        await lease.call("HSET", lease.keys.told, name, f"{now.of}|{now.percent}")


class _Told(NamedTuple):
    """How much of a budget, of one amount in one time, people have read that it is spent."""

    of: str
    percent: int

    def holds(self, other: _Told) -> bool:
        return self.of == other.of and self.percent >= other.percent


_NOTHING: Final = _Told("", 0)


def _told_of(stored: bytes | None) -> _Told:
    of, _, percent = (stored or b"").decode().rpartition("|")
    return _Told(of, int(percent)) if percent.isdecimal() else _NOTHING


class _Seen(NamedTuple):
    """A budget in one time, and what all partitions have spent of it."""

    name: str
    period: str
    budget: Budget
    spent: Mills

    @property
    def is_all(self) -> bool:
        return self.spent >= self.budget.mills

    @property
    def percent(self) -> int:
        return self.spent * 100 // self.budget.mills


def _has_refused(known: Sequence[Chest], seen: _Seen) -> bool:
    """Whether it holds something back already: what is left of it pays for nothing that was asked for."""
    return seen.budget.holds and any(has_refused(chest) for chest in known if chest.period == seen.period)


def _news(program: Program, seen: _Seen, now: Millis) -> StaffAlerted:
    budget = seen.budget
    return StaffAlerted(
        merchant=program.merchant,
        customer=STAFF_ROOM,
        at=now,
        kind=AlertKind.BUDGET_SPENT,
        what=seen.name,
        how=budget.when_spent,
        mark=f"{seen.period}/{budget.amount}",
        since=now,
        found=told(seen.spent),
        of=budget.amount,
    )

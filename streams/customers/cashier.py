"""Money that activations of a partition wait for: the owner answers on the log, out of what it was leased.

It reads what is asked beside the states, and the purses that the log has led to. Where a purse cannot pay it wishes for
a lease, on the log of the partition that the chests stand with, and answers once that has come. Whatever it says is
believed only as far as the purses go (`streams.customers.leases`), so an owner that is paused, or knows less than the
next one, can give away nothing that is not there.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from stamgast.clock.shop_time import Clock
from stamgast.domain.budget_events import BudgetAnswered, BudgetWished
from stamgast.domain.budgets import Booked, Budget, WhenSpent, parts_of
from stamgast.domain.counters import BETWEEN, Counter, counter
from stamgast.domain.purses import CHEST, KEPT, Ask, Purse, decode_ask, is_reached, purse_of
from stamgast.service import Bundle
from streams.customers.desk import Desk
from streams.customers.in_force import Standing
from streams.runtime.job import OwnedPartition

FindBundle = Callable[[str], Awaitable[Bundle | None]]
_LOST_S: Final = 10.0
"""A lease that has not come by then is wished for again, under its number."""
_ASK_AGAIN_S: Final = 60.0
"""So long a chest that had nothing is not asked again, unless another bundle comes into force."""


class _Wished(NamedTuple):
    """A lease that was wished for."""

    number: int
    need: int
    bundle: int
    at: float


class _Limit(NamedTuple):
    """A budget that is asked, in one time, and what the partition has of it."""

    merchant: str
    name: str
    period: str
    budget: Budget
    purse: Purse
    is_past: bool

    @property
    def key(self) -> str:
        return f"{self.merchant}:{self.name}@{self.period}"


_Wishes = dict[str, tuple[_Limit, _Wished]]


class Cashier:
    """Answers what one owned partition asks of budgets; `look` does some of it."""

    def __init__(self, owned: OwnedPartition, topic: str, partitions: int, clock: Clock) -> None:
        self._owned = owned
        self._partitions = partitions
        self._clock = clock
        self._desk = Desk(owned, topic, owned.lease.keys.asks, decode_ask, _oldest)
        self._wished: dict[str, _Wished] = {}

    async def look(self, standing: Standing, find: FindBundle) -> None:
        """Answer what can be answered. Raises StateError or EmitError."""
        if self._desk.is_idle(comes=any(bundle.budgets for bundle in standing.in_force.values())):
            return
        asks = await self._desk.waiting()
        spent: dict[str, int] = {}
        answers: list[BudgetAnswered] = []
        wishes: _Wishes = {}
        for ask in asks:
            bundle = await find(ask.merchant)
            if bundle is not None:
                answers += self._answer(ask, bundle, standing, spent, wishes)
        for limit, wished in wishes.values():
            await self._wish(limit, wished)
        await self._desk.answer(answers)

    def _answer(
        self,
        ask: Ask,
        bundle: Bundle,
        standing: Standing,
        spent: dict[str, int],
        wishes: _Wishes,
    ) -> Sequence[BudgetAnswered]:
        """What is said of it now; nothing while a lease is waited for."""
        limits = [*_limits_of(ask, bundle, standing)]
        left_out = [each for each in limits if _is_left_out(each, ask)]
        if left_out or any(each.is_past for each in limits):
            for each in left_out:  # what is left of it may be more by now
                if not self._has_wished_lately(each, bundle.number):
                    self._note_wish(wishes, each, ask.amount, bundle.number)
            return [self._said(ask, given=False)]
        short = [(each, ask.amount - each.purse.room + spent.get(each.key, 0)) for each in limits]
        short = [(limit, lacks) for limit, lacks in short if lacks > 0]
        if not short:
            for each in limits:
                spent[each.key] = spent.get(each.key, 0) + ask.amount
            return [self._said(ask, given=True, to=tuple(f"{each.name}@{each.period}" for each in limits))]
        if any(self._is_spent(limit, lacks, bundle.number) for limit, lacks in short):
            return [self._said(ask, given=False)]
        for limit, lacks in short:
            wished = self._wished.get(limit.key)
            if wished is None or wished.number <= limit.purse.number or time.monotonic() - wished.at >= _LOST_S:
                self._note_wish(wishes, limit, lacks, bundle.number)
        return []

    def _note_wish(self, wishes: _Wishes, limit: _Limit, need: int, bundle: int) -> None:
        wishes.setdefault(limit.key, (limit, _Wished(limit.purse.number + 1, need, bundle, time.monotonic())))

    def _has_wished_lately(self, limit: _Limit, bundle: int) -> bool:
        """Whether asking the chest again would hardly tell anything new."""
        wished = self._wished.get(limit.key)
        return wished is not None and wished.bundle == bundle and time.monotonic() - wished.at < _ASK_AGAIN_S

    def _is_spent(self, limit: _Limit, lacks: int, bundle: int) -> bool:
        """Whether the chest has said lately that it has not as much."""
        wished = self._wished.get(limit.key)
        if wished is None or not limit.purse.dry or wished.number != limit.purse.number:
            return False
        return lacks >= wished.need and self._has_wished_lately(limit, bundle)

    def _said(self, ask: Ask, *, given: bool, to: tuple[str, ...] = ()) -> BudgetAnswered:
        return BudgetAnswered(
            merchant=ask.merchant, customer=ask.customer, at=self._clock.now(),
            activation=ask.activation, given=given, to=to, amount=ask.amount,
        )  # fmt: skip

    async def _wish(self, limit: _Limit, wished: _Wished) -> None:
        lease = self._owned.lease
        as_of = lease.watermark
        name = counter(Counter.BUDGET, limit.name, limit.period, Booked.BACK)
        back = int(await lease.call("HGET", lease.keys.stats, f"{limit.merchant}{BETWEEN}{name}") or 0)
        event = BudgetWished(
            merchant=limit.merchant, customer="", at=self._clock.now(), budget=limit.name, period=limit.period,
            by=self._owned.number, of=self._partitions, number=wished.number, need=wished.need, back=back, as_of=as_of,
        )  # fmt: skip
        await self._desk.tell(CHEST, [event])
        self._wished[limit.key] = wished


def _oldest(ask: Ask) -> tuple[object, ...]:
    """Those of one event are in their order."""
    return ask.at, ask.customer, ask.place, ask.activation


def _limits_of(ask: Ask, bundle: Bundle, standing: Standing) -> Sequence[_Limit]:
    """The budgets that it is asked of, as the bundle in force has them; one that is gone holds nothing back."""
    found: list[_Limit] = []
    for each in ask.to:
        name, period = parts_of(each)
        budget = bundle.budgets.get(name)
        if budget is not None and budget.holds:
            known = standing.purses.get((ask.merchant, name), ())
            is_past = len(known) == KEPT and period < known[0].period
            purse = purse_of(standing.purses, (ask.merchant, name), period)
            found.append(_Limit(ask.merchant, name, period, budget, purse, is_past))
    return found


def _is_left_out(limit: _Limit, ask: Ask) -> bool:
    """Whether a budget that shrinks no longer reaches the customer."""
    shrinks = limit.budget.when_spent is WhenSpent.SHRINK
    return shrinks and not is_reached(limit.name, ask.merchant, ask.customer, limit.purse.left)

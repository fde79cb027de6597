"""What budgets have spent, over all partitions: shown as metrics, and told when they come to their end.

Each partition counts in its owner's commit; the owner of the first partition of customers sums it up. A budget that
only warns says so here, and one that holds back says when it begins to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from stamgast.clock.shop_time import Clock
from stamgast.domain.budgets import MILLS, Booked, Budget, period_of
from stamgast.domain.currencies import format_money
from stamgast.domain.vocabulary import BETWEEN, Counter, counter
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.programs.record import Glance
from stamgast.service import Bundle
from stamgast.state.keys import customers
from streams.customers.bundles import Bundles
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
        self._told: dict[str, int] = {}
        """merchant, budget and time -> percent of it of which people were told."""

    def _may_concern(self, seen: Glance) -> bool:
        return seen.may_have_budgets

    async def _judge(self, bundles: Sequence[Bundle]) -> None:
        for bundle in bundles:
            if bundle.rules.budgets:
                await self._look_at(bundle)

    async def _look_at(self, bundle: Bundle) -> None:
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
            self._tell(bundle, name, periods[name], budget, spent)

    def _tell(self, bundle: Bundle, name: str, period: str, budget: Budget, spent: int) -> None:
        program = bundle.program
        percent = spent * 100 // budget.mills
        key = f"{program.merchant}:{name}@{period}"
        reached = 100 if percent >= 100 else _NEARLY if percent >= _NEARLY else 0
        if reached <= self._told.get(key, 0):
            return
        self._told[key] = reached
        log.warning(
            "a budget is spent" if reached == 100 else "a budget is nearly spent",
            merchant=program.merchant, budget=name, period=period, when_spent=budget.when_spent.value,
            spent=format_money(spent // MILLS, program.currency), of=format_money(budget.amount, program.currency),
        )  # fmt: skip

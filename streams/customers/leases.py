"""Events about budgets, applied in the order of the log: leases that are asked for, given, and spent.

What was spent is taken out of a purse when the answer is read, before anybody thinks about the customer, so that it
makes no difference how the log is cut into batches.
"""

from __future__ import annotations

from collections.abc import Mapping

from stamgast.domain.budget_events import BudgetAnswered, BudgetLeased, BudgetWished
from stamgast.domain.budgets import Budget
from stamgast.domain.purses import Chest, Lease, Name, Purse, Wish, granted, spend, with_lease


def lease(
    chests: dict[Name, tuple[Chest, ...]], event: BudgetWished, budgets: Mapping[str, Budget]
) -> BudgetLeased | None:
    """Take a lease out of the chest; None where nothing can be said: nobody knows the budget here, or it is past."""
    budget = budgets.get(event.budget)
    if budget is None or not budget.holds or event.by >= event.of:
        return None
    name = (event.merchant, event.budget)
    wish = Wish(event.period, event.by, event.of, event.number, event.need, event.back, event.as_of)
    chests[name], given = granted(chests.get(name, ()), budget.mills, wish)
    if given is None:
        return None
    return BudgetLeased(
        merchant=event.merchant, customer="", at=event.at, budget=event.budget, period=event.period,
        number=given.number, amount=given.amount, left=given.left,
    )  # fmt: skip


def note_lease(purses: dict[Name, tuple[Purse, ...]], event: BudgetLeased) -> None:
    """Put a lease into its purse."""
    name = (event.merchant, event.budget)
    purses[name] = with_lease(purses.get(name, ()), event.period, Lease(event.number, event.amount, event.left))


def is_paid(purses: dict[Name, tuple[Purse, ...]], event: BudgetAnswered) -> bool:
    """Whether an answer stands: that there is no money, or money that the purses have; it is taken out of them."""
    return not event.given or spend(purses, event.merchant, event.to, event.amount)

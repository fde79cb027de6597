"""Events about money that rules ask for: leases of budgets to partitions, and answers to what asked."""

from typing import Annotated, ClassVar

from msgspec import Meta

from stamgast.domain.event import EXACT, Amount, Count, Event


class BudgetWished(Event, frozen=True, kw_only=True, tag="budget_wished", gc=False):
    """A partition of customers (`by`, of `of`) asks for a lease of a budget (`stamgast.domain.purses.Wish`)."""

    budget: Annotated[str, Meta(max_length=200)]
    period: Annotated[str, Meta(max_length=16)]
    by: Count
    of: Count
    number: Count
    need: Amount
    back: Amount
    as_of: Annotated[int, EXACT]
    about: ClassVar[str] = "merchant"


class BudgetLeased(Event, frozen=True, kw_only=True, tag="budget_leased", gc=False):
    """What the chest of a budget answers (`stamgast.domain.purses.Lease`): so much may be spent in this partition."""

    budget: Annotated[str, Meta(max_length=200)]
    period: Annotated[str, Meta(max_length=16)]
    number: Count
    amount: Amount
    left: Count
    about: ClassVar[str] = "merchant"


class BudgetAnswered(Event, frozen=True, kw_only=True, tag="budget_answered", gc=False):
    """An activation gets the money that it asked for, or does not. It is passed over if a purse cannot pay it."""

    activation: str
    given: bool
    to: tuple[str, ...] = ()
    """The budgets that pay, each with the time it is for."""
    amount: Amount = 0

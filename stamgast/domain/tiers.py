"""Tiers: what a customer spent, or how often they came, earns them; falling below it costs them, after a grace.

A tier rises with the purchase that earns it. It falls when the span rolls on and the grace is over, or at once when a
refund takes back what it was earned by.
"""

from typing import Final, Literal

from msgspec import Struct

from stamgast.domain.calendar import at_local, business_day
from stamgast.domain.customer import Customer, TierHeld
from stamgast.domain.days import decode_days
from stamgast.domain.program import Program, Tiers
from stamgast.domain.spending import per_day, spent
from stamgast.domain.units import Day, Millis

NO_TIER: Final = "none"
Direction = Literal["up", "down"]


class Moved(Struct, frozen=True):
    """A customer went from one tier to another; ranks count from 1, 0 is none."""

    was: str
    tier: str
    before: int
    after: int
    occasion: str
    held: str
    """The occasion on which they had come to the tier that they were on."""


def figure(customer: Customer, tiers: Tiers, today: Day) -> int:
    """What counts for the tier today."""
    if tiers.by == "spend":
        return spent(customer, tiers.span, today)
    if tiers.span is None:
        return customer.visits
    since = tiers.span.since(today)
    return sum(day >= since for day, _ in decode_days(customer.days))


def rank_of(customer: Customer, tiers: Tiers) -> int:
    """Where they stand."""
    return 0 if customer.tier is None else tiers.rank(customer.tier.name)


def take_stock(customer: Customer, tiers: Tiers, today: Day) -> None:
    """Who had earned a tier before there were any has it, and it is no news."""
    if customer.tier is None or (customer.tier.name and not tiers.rank(customer.tier.name)):
        rank = tiers.earned_by(figure(customer, tiers, today))
        customer.tier = TierHeld(tiers.name(rank), today) if rank else None


def rise(customer: Customer, tiers: Tiers, today: Day) -> Moved | None:
    """Move them up if they have earned more."""
    earned = tiers.earned_by(figure(customer, tiers, today))
    return _move(customer, tiers, earned, today) if earned > rank_of(customer, tiers) else None


def fall(customer: Customer, tiers: Tiers, today: Day, *, at_once: bool) -> Moved | None:
    """Move them down if they no longer have what their tier takes; `at_once`: a refund took it."""
    rank, earned = rank_of(customer, tiers), tiers.earned_by(figure(customer, tiers, today))
    if earned >= rank:
        return None
    one_step = tiers.downgrade == "one_step" and not at_once
    return _move(customer, tiers, rank - 1 if one_step else earned, today)


def drops_at(customer: Customer, program: Program, at: Millis, held: Millis | None) -> Millis | None:
    """When to look whether they fall, as seen at a moment at which that timer stands at `held`."""
    tiers = program.tiers
    rank = 0 if tiers is None else rank_of(customer, tiers)
    if tiers is None or not rank or tiers.downgrade == "never":
        return None
    today = business_day(at, program.time_zone)
    threshold = tiers.levels[rank - 1][1]
    left = figure(customer, tiers, today)
    if left < threshold:
        return at + tiers.grace if held is None else held
    if tiers.span is None:
        return None
    since = tiers.span.since(today)
    days = per_day(customer) if tiers.by == "spend" else [(day, 1) for day, _ in decode_days(customer.days)]
    for day, amount in days:
        if day >= since:
            left -= amount
            if left < threshold:
                return at_local(tiers.span.leaves(day), 0, program.time_zone) + tiers.grace
    return None


def _move(customer: Customer, tiers: Tiers, rank: int, today: Day) -> Moved:
    before, was = rank_of(customer, tiers), customer.tier
    name = tiers.name(rank)
    customer.tier = TierHeld(name, today) if rank else None
    held = "" if was is None else f"tier:{was.name}:{was.since}"
    return Moved(was.name if was else NO_TIER, name or NO_TIER, before, rank, f"tier:{name or NO_TIER}:{today}", held)

"""Tiers: what a customer spent, or how often they came, earns them; falling below it costs them, after a grace.

A tier rises with the purchase that earns it. It falls when the span rolls on and the grace is over, or at once when a
refund takes back what it was earned by. Rules may give one beside it: then the higher of the two is the customer's.
"""

from typing import Final, Literal, NamedTuple

from msgspec import Struct

from stamgast.domain.calendar import at_local, business_day
from stamgast.domain.customer import Customer, GivenTier, TierHeld
from stamgast.domain.days import days_since
from stamgast.domain.events import Purchase
from stamgast.domain.facts import Fact
from stamgast.domain.program import Program, Tiers
from stamgast.domain.spending import per_day, spent
from stamgast.domain.units import Day, Millis
from stamgast.domain.vocabulary import FactName

NO_TIER: Final = "none"
Direction = Literal["up", "down"]


class Standing(NamedTuple):
    """The tier that a customer is on, earned or given, and since when. Ranks count from 1; 0 is none."""

    rank: int
    name: str
    since: Day


NOWHERE: Final = Standing(0, NO_TIER, 0)


class Moved(Struct, frozen=True):
    """A customer went from one tier to another; ranks count from 1, 0 is none."""

    was: str
    tier: str
    before: int
    after: int
    occasion: str
    held: str
    """The occasion on which they had come to the tier that they were on."""

    def fact(self, purchase: Purchase | None = None, rule: str = "") -> Fact:
        """What rules hear of it; `rule`: which one gave it, or lost its reason to."""
        data = {"tier": self.tier, "was": self.was} | ({"rule": rule} if rule else {})
        return Fact(FactName.TIER_CHANGED, self.occasion, self.before, self.after, data, purchase)


def figure(customer: Customer, tiers: Tiers, today: Day) -> int:
    """What counts for the tier today."""
    if tiers.by == "spend":
        return spent(customer, tiers.span, today)
    if tiers.span is None:
        return customer.visits
    since = tiers.span.since(today)
    return len(days_since(customer.days, customer.last_day, since))


def rank_of(customer: Customer, tiers: Tiers) -> int:
    """Where they stand by what they earned."""
    return 0 if customer.tier is None else tiers.rank(customer.tier.name)


def standing(customer: Customer, tiers: Tiers | None) -> Standing:
    """Where they stand by all that counts."""
    holds = customer.tier if tiers is None or not customer.given_tiers else _holding(customer, tiers)
    if holds is None:
        return NOWHERE
    return Standing(0 if tiers is None else tiers.rank(holds.name), holds.name, holds.since)


def _holding(customer: Customer, tiers: Tiers) -> TierHeld | GivenTier | None:
    """What they stand by: of the same rank, what they earned."""
    highest: TierHeld | GivenTier | None = customer.tier
    rank = rank_of(customer, tiers)
    for given in customer.given_tiers:
        if not given.back and tiers.rank(given.name) > rank:
            highest, rank = given, tiers.rank(given.name)
    return highest


def moved_since(customer: Customer, tiers: Tiers, stood: Standing, today: Day) -> Moved | None:
    """What came of a change of what they earned or were given; None if they are on the tier that they were on."""
    stands = standing(customer, tiers)
    stays = stands.rank == stood.rank
    holding = _holding(customer, tiers)
    if holding is not None:
        holding.since = stood.since if stays else today
    if stays:
        return None
    held = f"tier:{stood.name}:{stood.since}" if stood.rank else ""
    return Moved(stood.name, stands.name, stood.rank, stands.rank, f"tier:{stands.name}:{today}", held)


def take_stock(customer: Customer, tiers: Tiers, today: Day) -> None:
    """Who had earned a tier before there were any has it, and it is no news."""
    if customer.tier is None or (customer.tier.name and not tiers.rank(customer.tier.name)):
        rank = tiers.earned_by(figure(customer, tiers, today))
        customer.tier = TierHeld(tiers.name(rank), today) if rank else None
    if customer.given_tiers:
        customer.given_tiers = [given for given in customer.given_tiers if tiers.rank(given.name)]


def rise(customer: Customer, tiers: Tiers, today: Day) -> bool:
    """Move what they earned up if they have earned more; whether they have."""
    earned = tiers.earned_by(figure(customer, tiers, today))
    if earned <= rank_of(customer, tiers):
        return False
    customer.tier = TierHeld(tiers.name(earned), today)
    return True


def fall(customer: Customer, tiers: Tiers, today: Day, *, at_once: bool) -> bool:
    """Move what they earned down if they no longer have what it takes; `at_once`: a refund took it.

    What was given until it is earned, and was earned, goes with what they earned by time.
    """
    rank, earned = rank_of(customer, tiers), tiers.earned_by(figure(customer, tiers, today))
    if earned >= rank:
        return False
    to = rank - 1 if tiers.downgrade == "one_step" and not at_once else earned
    customer.tier = TierHeld(tiers.name(to), today) if to else None
    if customer.given_tiers and not at_once:
        customer.given_tiers = [each for each in customer.given_tiers if each.until or tiers.rank(each.name) > rank]
    return True


def given_ends_at(customer: Customer) -> Millis | None:
    """When the first of the tiers that rules gave for a time is over."""
    return min((given.until for given in customer.given_tiers if given.until and not given.back), default=None)


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
    visited = days_since(customer.days, customer.last_day, since) if tiers.by != "spend" else []
    days = per_day(customer) if tiers.by == "spend" else [(day, 1) for day in visited]
    for day, amount in days:
        if day >= since:
            left -= amount
            if left < threshold:
                return at_local(tiers.span.leaves(day), 0, program.time_zone) + tiers.grace
    return None

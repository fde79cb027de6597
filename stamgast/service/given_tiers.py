"""Tiers that rules give: they stand beside what purchases earned, for a time or until they are earned."""

from collections.abc import Callable
from typing import Final

from rules.actions import SetTier
from stamgast.domain import tiers
from stamgast.domain.calendar import at_local, business_day
from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.customer import GivenTier
from stamgast.domain.facts import Fact
from stamgast.domain.program import Tiers
from stamgast.domain.tiers import Standing
from stamgast.domain.units import Day, Millis
from stamgast.service.case import Case, Firing

MOST: Final = 10
"""Tiers that rules gave one customer, and that still stand beside each other."""


def give(case: Case, firing: Firing, action: SetTier) -> None:
    """Put the customer on a tier; for an occasion that comes about again, on the one that was taken back."""
    levels = case.program.tiers
    if levels is None or not levels.rank(action.tier):
        return
    customer, rule, today = case.customer, firing.rule.id, _today(case)
    this = (rule, firing.occasion, action.tier)
    known = next((each for each in customer.given_tiers if (each.rule, each.occasion, each.name) == this), None)
    if (known is None and firing.again) or (known is not None and not _may_come_back(known, case.at)):
        return
    stood = tiers.standing(customer, levels)
    if known is not None:
        known.back = False
    else:
        end = 0 if action.span is None else at_local(action.span.leaves(today), 0, case.program.time_zone)
        given = GivenTier(action.tier, today, rule, firing.fact.occasion, firing.occasion, end)
        customer.given_tiers = _bounded(case, [*customer.given_tiers, given], levels)
        case.count(counter(Counter.TIER, action.tier, Tally.ISSUED))
    case.change.tiers.append((rule, action.tier, True))
    _move(case, levels, stood, today, rule)


def take_off(case: Case, undone: Callable[[str, str], bool]) -> str:
    """The reason went away. Returns the occasion of the tier that was lost by it, empty if none was.

    `undone` is asked with cause and rule.
    """
    levels, customer = case.program.tiers, case.customer
    going = [each for each in customer.given_tiers if not each.back and undone(each.cause, each.rule)]
    if not going or levels is None:
        return ""
    stood = tiers.standing(customer, levels)
    for each in going:
        each.back = True
        case.change.tiers.append((each.rule, each.name, False))
    return _move(case, levels, stood, _today(case), going[0].rule)


def over(case: Case) -> list[Fact]:
    """The time of some is over: what that means."""
    levels, customer = case.program.tiers, case.customer
    if levels is None:
        return []
    stood, today = tiers.standing(customer, levels), _today(case)
    customer.given_tiers = [each for each in customer.given_tiers if not each.until or each.until > case.at]
    moved = tiers.moved_since(customer, levels, stood, today)
    return [] if moved is None else [moved.fact()]


def _may_come_back(given: GivenTier, at: Millis) -> bool:
    return given.back and not 0 < given.until <= at


def _bounded(case: Case, given: list[GivenTier], levels: Tiers) -> list[GivenTier]:
    """Without the least of them if there are too many."""
    if len(given) <= MOST:
        return given
    least = min(given, key=lambda each: (not each.back, levels.rank(each.name), each.since))
    case.count(counter(Counter.TIER, least.name, Tally.TOO_MANY))
    return [each for each in given if each is not least]


def _move(case: Case, levels: Tiers, stood: Standing, today: Day, rule: str) -> str:
    """Rules answer what came of it once all others have spoken."""
    moved = tiers.moved_since(case.customer, levels, stood, today)
    if moved is None:
        return ""
    case.moved.append(moved.fact(rule=rule))
    return moved.held if moved.after < moved.before else ""


def _today(case: Case) -> Day:
    return business_day(case.at, case.program.time_zone)

"""What a fit is worth: how often what it recommends is bought next, in the part of the time that it has not seen.

Each customer who came before a day and after it is asked about once: what is recommended after their last visit before
it, and whether they bought that at their first one after it. Beside it stands the best seller among what they never
had, for the same customers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from stamgast.domain.calendar import date_of
from stamgast.domain.recommendations import ByHand, Fitted, Held, Instead, Product, Table, Wanted, bought, pick
from stamgast.domain.units import Day
from stamgast.recommendations.counts import NEXT_WITHIN
from stamgast.recommendations.shelf import Visit

HELD_OUT: Final = 0.2
"""Share of the purchases that is held out, the newest ones."""
FEWEST_ASKED: Final = 30
"""Customers that have to be asked about for a fit to be compared with anything."""
TOO_FAR: Final = 1.64
"""Standard errors by which a fit may be behind and still not be called worse."""
_NOBODY: Final = ByHand()


class Asked(NamedTuple):
    """One customer: whether they bought what was recommended (None: nothing was), and the best seller."""

    hit: bool | None
    best_hit: bool


def cut_of(days: Sequence[tuple[Day, int]]) -> Day:
    """The first day of those held out. `days`: purchases of each, in their order."""
    left = HELD_OUT * sum(number for _, number in days)
    for day, number in reversed(days):
        left -= number
        if left <= 0:
            return day
    return days[0][0] if days else 0


def ask(table: Table, customers: Iterable[Sequence[Visit]], skus: Sequence[str], cut: Day) -> list[Asked]:
    """Ask about every customer who came before and soon enough after."""
    best_sellers = _only_best(table.fitted)
    found = []
    for visits in customers:
        before = [visit for visit in visits if visit.day < cut]
        after = next((visit for visit in visits if visit.day >= cut), None)
        if not before or after is None or after.day - before[-1].day > NEXT_WITHIN:
            continue
        kept = b""
        for visit in before:
            kept = bought(kept, (skus[each] for each in visit.goods), visit.day)
        last, had = tuple(skus[each] for each in before[-1].goods), {skus[each] for each in after.goods}
        product = pick(table, _NOBODY, Wanted(after=last), kept, after.day)
        best = pick(best_sellers, _NOBODY, Wanted(Instead.BEST_SELLER, after=last), kept, after.day)
        found.append(Asked(None if product is None else product.sku in had, best is not None and best.sku in had))
    return found


def _only_best(fitted: Fitted) -> Table:
    """What knows the best sellers alone."""
    products = tuple(Product(each.sku, each.name) for each in fitted.products)
    return Table(Fitted(products=products, best=fitted.best))


def held(asked: Sequence[Asked], cut: Day) -> Held:
    """What it came to, for those to whom something is recommended."""
    those = [each for each in asked if each.hit is not None]
    hits, best = [bool(each.hit) for each in those], [each.best_hit for each in those]
    mean, error = difference(hits, best)
    return Held(
        customers=len(those),
        hits=sum(hits),
        best_hits=sum(best),
        hit_rate=round(sum(hits) / len(those), 6) if those else 0.0,
        baseline=round(sum(best) / len(those), 6) if those else 0.0,
        difference=round(mean, 6),
        error=round(error, 6),
        cut=str(date_of(cut)),
    )


def compared(ours: Sequence[Asked], theirs: Sequence[Asked]) -> tuple[float, float]:
    """How much more often one table hit than another, over all who were asked about, and the standard error."""
    return difference([bool(each.hit) for each in ours], [bool(each.hit) for each in theirs])


def difference(ours: Sequence[bool], theirs: Sequence[bool]) -> tuple[float, float]:
    """How much more often one hit than the other, of the same customers, and the standard error of that."""
    number = len(ours)
    if not number:
        return 0.0, 0.0
    each = [int(a) - int(b) for a, b in zip(ours, theirs, strict=True)]
    mean = sum(each) / number
    spread = sum((one - mean) ** 2 for one in each) / max(1, number - 1)
    return mean, math.sqrt(spread / number)


def is_worse(mean: float, error: float) -> bool:
    """Whether one is behind by more than chance explains."""
    return mean < -TOO_FAR * error if error else mean < 0

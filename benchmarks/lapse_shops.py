"""Drawn shops whose customers' end is known: each comes by a rhythm of their own until a visit that was the last."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.units import Day

BEGIN: Final[Day] = 20_000
SPREAD_OF_SPREADS: Final = 0.2
"""Of ln(spread of ln(gap)) between customers."""


@dataclass(frozen=True)
class Kind:
    """Customers of a sort. A gap is gamma with that shape around the customer's own mean, or log-normal without one."""

    gap: float
    """Days, of the middle customer."""
    between: float
    """Spread of ln(mean gap) between customers."""
    visits: float
    """So many, on average, until they leave."""
    shape: float = 0.0
    within: float = 0.0
    """Spread of ln(gap) of one customer, where no shape is told."""


@dataclass(frozen=True)
class Shop:
    """What is drawn: customers of each kind, the days before the fit, and those over which alerts are counted."""

    name: str
    kinds: tuple[tuple[Kind, int], ...]
    before: int
    watched: int
    joined: int = 0
    """So many days before the fit the first ones came; 0: from the beginning."""
    closed: ClosedDays = field(default_factory=ClosedDays)
    """Nobody comes then, and nobody's time goes on."""


@dataclass(frozen=True)
class Rhythm:
    """How one customer comes: the kind, and their own mean gap and spread."""

    kind: Kind
    mean: float
    within: float


@dataclass(frozen=True)
class Drawn:
    """One customer: visit days until the end of the watch, whether the last one was the last for ever, the rhythm."""

    days: tuple[Day, ...]
    left: bool
    rhythm: Rhythm


@dataclass(frozen=True)
class Past:
    """A drawn shop: its customers, the day of the fit and the day on which the watch ends."""

    shop: Shop
    customers: Sequence[Drawn]
    fit_day: Day
    end: Day

    def known(self) -> list[list[Day]]:
        """The visit days that the fit sees."""
        before = ([day for day in each.days if day <= self.fit_day] for each in self.customers)
        return [days for days in before if days]


_WEEKLY: Final = Kind(7, 0.15, 30, shape=1)
_MONTHLY: Final = Kind(32, 0.25, 20, shape=16)
_IRREGULAR: Final = Kind(16, 0.6, 15, within=1.0)
_NEW: Final = Kind(42, 0.4, 8, shape=1)
_YEARLY: Final = Kind(365, 0.03, 4, shape=150)
_FORTNIGHT: Final = ClosedDays(
    tuple(day for year in range(6) for day in range(BEGIN + 200 + 365 * year, BEGIN + 214 + 365 * year))
)

SHOPS: Final = (
    Shop("weekly bakery", ((_WEEKLY, 700),), 540, 365),
    Shop("monthly salon", ((_MONTHLY, 500),), 720, 540),
    Shop("irregular café", ((_IRREGULAR, 700),), 540, 365),
    Shop("newcomers", ((_NEW, 900),), 540, 365, joined=180),
    Shop("yearly buyers", ((_YEARLY, 700),), 2900, 1460),
)
MIXED: Final = Shop(
    "mixed shop",
    ((_WEEKLY, 150), (_MONTHLY, 150), (_IRREGULAR, 150), (replace(_NEW, visits=2.5), 300), (_YEARLY, 150)),
    1460,
    1095,
)
_AT_FIRST: Final = ClosedDays(tuple(range(BEGIN + 920, BEGIN + 934)))
_STEADY: Final = Kind(7, 0.2, 40, within=0.45)
HOLIDAYS: Final = (
    Shop("bakery closed every August", ((_STEADY, 700),), 720, 365, closed=_FORTNIGHT),
    Shop("bakery closed for the first time", ((_STEADY, 700),), 720, 365, closed=_AT_FIRST),
)


def draw(shop: Shop, seed: int, share: float = 1.0) -> Past:
    """Draw a shop; `share` of its customers."""
    fit_day = BEGIN + shop.before
    end = fit_day + shop.watched
    since = fit_day - shop.joined if shop.joined else BEGIN
    customers: list[Drawn] = []
    for number, (kind, many) in enumerate(shop.kinds):
        chance = random.Random(f"{shop.name}:{number}:{seed}")
        span = fit_day + shop.watched / 2 - since
        joined = [since + chance.random() * span for _ in range(round(many * share))]
        customers += [_customer(chance, kind, first, end, shop.closed) for first in joined]
    return Past(shop, customers, fit_day, end)


def _customer(chance: random.Random, kind: Kind, first: float, end: Day, closed: ClosedDays) -> Drawn:
    mean = kind.gap * math.exp(chance.gauss(0, kind.between))
    within = kind.within * math.exp(chance.gauss(0, SPREAD_OF_SPREADS))
    rhythm = Rhythm(kind, mean, within)
    days = [_open_day(int(first), closed)]
    at = first
    while chance.random() >= 1 / kind.visits:
        if kind.shape:
            at += chance.gammavariate(kind.shape, mean / kind.shape)
        else:
            at += mean * math.exp(chance.gauss(0, within))
        day = _open_day(math.floor(closed.after(int(first), at - int(first))) + int(first), closed)
        if day > end:
            return Drawn(tuple(days), left=False, rhythm=rhythm)
        if day > days[-1]:
            days.append(day)
    return Drawn(tuple(days), left=True, rhythm=rhythm)


def _open_day(day: Day, closed: ClosedDays) -> Day:
    while day in closed.days:
        day += 1
    return day

"""What the customers of a part of a shop come to, from what is known and foretold of each: of a file and live alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from stamgast.clv.data.rows import Floats, Integers
from stamgast.clv.models.credibility import drawn_margins, drawn_ratios
from stamgast.domain.residual_value import WEEKS_A_MONTH, Discounting

NEXT_DAYS: Final = 90
"""How far the chance of the next purchase looks."""
KEPT: Final = 0.01
"""Who stays because of a message, as a share of those who get it, where it is said what keeping somebody may cost."""
LEAST_RATIO: Final = 3.0
"""What a new customer should be worth, in units of what it costs to win one; exactly so much is fine."""
_LEAVERS: Final = 1.0
"""Of fewer who have left nothing is said of how long customers stay."""
_FURTHEST: Final = 10.0
"""Nor of more than so many times as long as the shop's first customer has been one: four years of an office supplier
whom nobody seems to leave would have made three centuries."""


@dataclass(frozen=True)
class Shop:
    """Every customer of a shop, one entry each, in major units and weeks.

    `log_gaps` is the sum of ln(gap in days), and `costed` the part of `spend` that the profit is known of. `worth` is
    what a customer is expected to spend, discounted, and `awaited` how often somebody new would have come again in as
    long as the customer is one. `again` is how often somebody new comes again within the horizon, discounted, and
    `purchase` what they spend each time. With `margin_weight` margins are drawn towards `margin`, the shop's; else all
    have it.
    """

    visits: Integers
    t_x: Floats
    T: Floats
    log_gaps: Floats
    spend: Floats
    profit: Floats
    costed: Floats
    p_alive: Floats
    p_buy: Floats
    worth: Floats
    awaited: Floats
    again: float
    purchase: float
    margin: float
    margin_weight: float | None
    discounting: Discounting


@dataclass(frozen=True)
class Part:
    """A part's own figures, each drawn towards the shop's as far as it tells little: see `drawn_ratios`.

    `often` is how often its customers came again, and `much` what they spent each time, as a share of what all do.
    """

    places: Integers
    margin: float
    often: float
    much: float


@dataclass(frozen=True)
class Figures:
    """What an owner reads of a part; money is a mean over its customers, in major units.

    `value_of_new` is the profit of somebody new: of the purchase that they come with and of those within the horizon.
    `lifespan_months` is how long customers stay: all the time that they were there over how many have left; None where
    next to nobody has. `typical_gap_days` is the geometric mean of the gaps between purchase days. `keeping_may_cost`
    is what a message may cost of which one in a hundred stays. `simple`, `profit` and `npv` need no model, and are
    over this lifespan; None without one.
    """

    margin: float
    value_of_new: float
    predicted: float
    lifespan_months: float | None
    typical_gap_days: float | None
    p_buy: float
    keeping_may_cost: float
    simple: float | None
    profit: float | None
    npv: float | None


def parts_of(shop: Shop, places: Sequence[Integers]) -> list[Part]:
    """Return what the parts have of their own."""
    repeats, visits = (shop.visits - 1).astype(np.float64), shop.visits.astype(np.float64)
    often = drawn_ratios(repeats, shop.awaited, places, 1.0) if repeats.any() else [1.0] * len(places)
    mean = float(shop.spend.sum() / visits.sum())
    much = [each / mean for each in drawn_ratios(shop.spend, visits, places, mean)] if mean > 0 else [1.0] * len(places)
    margins = [shop.margin] * len(places)
    if shop.margin_weight is not None:
        margins = drawn_ratios(shop.profit, shop.costed, places, shop.margin)
    return [Part(*each) for each in zip(places, margins, often, much, strict=True)]


def predicted_of(shop: Shop, part: Part) -> Floats:
    """Return the profit to come of each customer of a part."""
    worth, places = shop.worth[part.places], part.places
    if shop.margin_weight is None:
        return worth * part.margin
    return worth * drawn_margins(shop.profit[places], shop.costed[places], part.margin, shop.margin_weight)


def figures_of(shop: Shop, part: Part) -> Figures:
    """Return what an owner reads of a part."""
    places = part.places
    alive, t_x = shop.p_alive[places], shop.t_x[places]
    visits, repeats = int(shop.visits[places].sum()), int(shop.visits[places].sum()) - len(places)
    predicted = predicted_of(shop, part)
    staying, leavers = float(alive.sum()), float((1 - alive).sum())
    there = float((t_x + alive * (shop.T[places] - t_x)).sum())
    lifespan = there / leavers if leavers >= _LEAVERS and there > 0 else None
    if lifespan is not None and lifespan > _FURTHEST * float(shop.T.max()):
        lifespan = None
    gap = float(np.exp(shop.log_gaps[places].sum() / repeats)) if repeats else None
    again = shop.again * part.often
    by_hand: tuple[float | None, ...] = (None, None, None)
    if lifespan is not None and visits:
        purchases = 1 + repeats / leavers
        each = float(shop.spend[places].sum()) / visits
        by_hand = _by_hand(each, part.margin, purchases, lifespan / WEEKS_A_MONTH / 12, shop.discounting.yearly_rate)
    return Figures(
        margin=part.margin,
        value_of_new=(1 + again) * shop.purchase * part.much * part.margin,
        predicted=float(predicted.mean()),
        lifespan_months=None if lifespan is None else lifespan / WEEKS_A_MONTH,
        typical_gap_days=gap,
        p_buy=float(shop.p_buy[places].mean()),
        keeping_may_cost=KEPT * max(float(predicted.sum()), 0.0) / staying if staying > 0 else 0.0,
        simple=by_hand[0],
        profit=by_hand[1],
        npv=by_hand[2],
    )


def _by_hand(each: float, margin: float, purchases: float, years: float, rate: float) -> tuple[float, float, float]:
    """Return the formulas of `stamgast.clv.models.by_hand`: spend, profit, and profit at its value today."""
    profit = each * margin * purchases
    whole = int(years)
    yearly = profit / years
    npv = sum(yearly / (1 + rate) ** year for year in range(1, whole + 1))
    return each * purchases, profit, npv + yearly * (years - whole) / (1 + rate) ** years

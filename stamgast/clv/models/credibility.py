"""Margins and other ratios of customers and of parts of a shop, each drawn towards what is known better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from stamgast.clv.data.rows import Floats, Integers
from stamgast.domain.models.credibility import LEAST_MARGIN, MOST_MARGIN

_LEAST_PURCHASES: Final = 1.0
_MOST_PURCHASES: Final = 100.0
"""Between so many mean purchase days the weight of the shop's margin is."""


def margin_weight(profits: Floats, spends: Floats, visits: int) -> float | None:
    """Return how much spend the shop's margin weighs beside a customer's own, by what `drawn_margin` says of it.

    Only sums are known of each customer, so both variances are found by moments: with margins m_i, the shop's m and
    spends w_i, the mean of (m_i - m)^2 weighted by w is tau^2 + sigma^2 N / sum(w), and weighted by w^2 it is
    tau^2 + sigma^2 sum(w) / sum(w^2). None where nobody spent anything.
    """
    kept = spends > 0
    profits, spends = profits[kept], spends[kept]
    total = float(spends.sum())
    if not total or not visits:
        return None
    purchase = total / visits
    squares = (profits / spends - profits.sum() / total) ** 2
    by_spend, by_square = float(spends @ squares) / total, float(spends**2 @ squares) / float(spends @ spends)
    apart = len(spends) / total - total / float(spends @ spends)
    within = (by_spend - by_square) / apart if apart > 0 else 0.0
    between = by_spend - within * len(spends) / total
    purchases = _MOST_PURCHASES
    if between > 0:
        purchases = max(within, 0.0) / between / purchase
    return purchase * min(max(purchases, _LEAST_PURCHASES), _MOST_PURCHASES)


def drawn_margins(profits: Floats, spends: Floats, towards: float, weight: float) -> Floats:
    """Return every customer's margin, as `stamgast.domain.models.credibility.drawn_margin` does of one."""
    told = spends > 0
    drawn = (profits + weight * towards) / np.where(told, spends + weight, 1.0)
    margins: Floats = np.where(told, np.clip(drawn, LEAST_MARGIN, MOST_MARGIN), towards)
    return margins


def drawn_ratios(amounts: Floats, weights: Floats, parts: Sequence[Integers], overall: float) -> list[float]:
    """Return the ratio of amount to weight of each part of a shop, drawn towards that of all.

    `parts` are the places of its customers. The model and source are those of `drawn_margin`, one step up: with W the
    weights of a part, X its ratio and x_i those of its customers, sigma^2 is the mean within parts of w (x_i - X)^2,
    tau^2 the variance of X beyond what that makes, and a part keeps W / (W + sigma^2 / tau^2) of its own. A part that
    is all there is, and parts that do not differ beyond chance, have the ratio of all.
    """
    kept = [places[weights[places] > 0] for places in parts]
    sums = np.array([float(weights[places].sum()) for places in kept])
    own = np.array([float(amounts[places].sum()) for places in kept])
    told = sums > 0
    ratios = np.divide(own, sums, out=np.full(len(kept), overall), where=told)
    spread = sum(
        float((weights[places] * (amounts[places] / weights[places] - ratio) ** 2).sum())
        for places, ratio in zip(kept, ratios, strict=True)
    )
    members, count, total = sum(map(len, kept)), int(told.sum()), float(sums.sum())
    if count < 2 or members <= count:
        return [overall] * len(parts)
    within = spread / (members - count)
    middle = float(own.sum()) / total
    beyond = float((sums * (ratios - middle) ** 2).sum()) - (count - 1) * within
    between = beyond / (total - float(sums @ sums) / total)
    if between <= 0:
        return [overall] * len(parts)
    keeps = sums * between / (sums * between + within)
    return [float(each) for each in keeps * ratios + (1 - keeps) * overall]

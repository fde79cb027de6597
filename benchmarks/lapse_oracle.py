"""What can be had at most: calls by who knows what no shop can know.

`own_rhythm` knows of every customer how long their gaps are on average, how much they differ, and which chance a visit
has to be the last. `own_shop` knows that of the shop's kinds of customers, exactly, and learns from everybody's gaps
which kind and rhythm is theirs: whoever has to learn the shop from its past cannot do better. Both call on the first
day on which somebody has left with the chance that is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, gammaln, ndtr

from benchmarks.lapse_shops import SPREAD_OF_SPREADS, Past, Rhythm

Floats = NDArray[np.float64]
_DAYS: Final = np.arange(1, 2_600)
_STEPS: Final = np.linspace(-2.4, 2.4, 9)
"""In deviations of a normal: rhythms of a kind that are told apart."""


class Cells(NamedTuple):
    """Rhythms that a shop's customers have, the share of newcomers, and for each day how many gaps are longer."""

    rhythms: list[Rhythm]
    shares: Floats
    longer: Floats
    leaves: Floats


def own_rhythm(past: Past, chance: float) -> list[list[int]]:
    """For each customer and visit: after how many days of silence to call."""
    found = []
    for customer in past.customers:
        rhythm = customer.rhythm
        odds = 1 / (rhythm.kind.visits - 1)
        found.append([_first(odds / (odds + _longer(rhythm)), chance)] * len(customer.days))
    return found


def own_shop(past: Past, chance: float) -> list[list[int]]:
    """The same by who knows the shop, and learns of each customer."""
    cells = _cells(past)
    told: dict[int, Floats] = {}
    found = []
    for customer in past.customers:
        likely = np.log(cells.shares)
        after = [_call(cells, likely, chance)]
        for earlier, later in pairwise(customer.days):
            gap = later - earlier
            if gap not in told:
                told[gap] = np.array([_log_density(each, gap) for each in cells.rhythms]) + np.log1p(-cells.leaves)
            likely = likely + told[gap]
            after.append(_call(cells, likely, chance))
        found.append(after)
    return found


def _call(cells: Cells, likely: Floats, chance: float) -> int:
    weights = np.exp(likely - likely.max())
    gone = float((weights * cells.leaves).sum())
    return _first(gone / (gone + (weights * (1 - cells.leaves)) @ cells.longer), chance)


def _first(chances: Floats, chance: float) -> int:
    return int(_DAYS[min(int(np.searchsorted(chances, chance)), len(_DAYS) - 1)])


def _cells(past: Past) -> Cells:
    weights = np.exp(-_STEPS * _STEPS / 2)
    weights /= weights.sum()
    rhythms: list[Rhythm] = []
    shares: list[float] = []
    customers = sum(many for _, many in past.shop.kinds)
    for kind, many in past.shop.kinds:
        spreads: Sequence[tuple[float, float]] = [(0.0, 1.0)] if kind.shape else list(zip(_STEPS, weights, strict=True))
        for step, weight in zip(_STEPS, weights, strict=True):
            for other, times in spreads:
                within = kind.within * math.exp(SPREAD_OF_SPREADS * other)
                rhythms.append(Rhythm(kind, kind.gap * math.exp(kind.between * step), within))
                shares.append(many / customers * weight * times)
    longer = np.array([_longer(each) for each in rhythms])
    return Cells(rhythms, np.array(shares), longer, np.array([1 / each.kind.visits for each in rhythms]))


@lru_cache(maxsize=2_000)
def _longer(rhythm: Rhythm) -> Floats:
    """Which share of gaps is longer, for each of `_DAYS`; a visit may have been at any time of its day."""
    days, shape = _DAYS - 0.5, rhythm.kind.shape
    if shape:
        by_shape: Floats = gammaincc(shape, shape * days / rhythm.mean)
        return by_shape
    longer: Floats = ndtr(-(np.log(days) - math.log(rhythm.mean)) / rhythm.within)
    return longer


def _log_density(rhythm: Rhythm, gap: int) -> float:
    shape = rhythm.kind.shape
    if shape:
        scale = rhythm.mean / shape
        return float((shape - 1) * math.log(gap) - gap / scale - shape * math.log(scale) - gammaln(shape))
    return -0.5 * ((math.log(gap / rhythm.mean)) / rhythm.within) ** 2 - math.log(rhythm.within * gap)

"""How far to believe each of several models together, by how each foretold what came after the cuts of a rehearsal.

What is gone by is a linear pool of them: as a mixture its log score is at most the shares' mean of theirs, so it cannot
be much worse than the best of them, whichever that turns out to be. `pool_weights` finds the shares; whatever would be
believed next to nothing is left out, for it costs time and tells little.

A log score asks next to nothing of means: who takes every pause for leaving may be right of most customers, and tells a
fifth too few purchases of all. So where the pool's means foretold worse than those of a plain regression, shares are
found by both, means counting as little as does (docs/adr/0136).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Final, NamedTuple

import numpy as np

from stamgast.clv.data.rows import Floats, Integers
from stamgast.clv.ensemble.weights import pool_weights, weights_by_means
from stamgast.clv.selection.metrics import poisson_deviance

LEAST_SHARE: Final = 0.05
MOST_DEVIANCE: Final = 1.01
"""What the deviance of the pool's means may be of the regression's, after the cuts."""
HEEDS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""How much means count beside chances, tried in turn."""


class Foretold(NamedTuple):
    """What each model foretold of each customer after one cut, and how often they came.

    `chances` has what was given to what the customer did, `means` the mean number of purchases.
    """

    chances: Mapping[str, Floats]
    means: Mapping[str, Floats]
    came: Integers


def shares_of(held: Sequence[Foretold], names: Sequence[str], beside: str = "") -> dict[str, float]:
    """Return what each of the models `names` is believed; they sum to 1, and those that are not believed are not in it.

    The model `beside` is the one whose means the pool's are to be about as good as; empty for none.
    """
    found = _shares(held, names, 0.0)
    if beside not in names:
        return found
    for heed in HEEDS:
        if _deviance_of(held, found, beside) <= MOST_DEVIANCE:
            break
        found = _shares(held, names, heed)
    return found


def mixed(given: Mapping[str, Floats], shares: Mapping[str, float]) -> Floats:
    """Return the chances or means of the pool, given those of each."""
    total: Floats = sum((share * given[name] for name, share in shares.items()), np.zeros(()))
    return total


def _shares(held: Sequence[Foretold], names: Sequence[str], heed: float) -> dict[str, float]:
    believed = list(names)
    while True:
        chances = [np.column_stack([each.chances[name] for name in believed]) for each in held]
        weights = pool_weights(chances)
        if heed:
            means = [np.column_stack([each.means[name] for name in believed]) for each in held]
            weights = weights_by_means(chances, means, [each.came for each in held], heed, weights)
        found = dict(zip(believed, map(float, weights), strict=True))
        least = min(found, key=lambda name: found[name])
        if found[least] >= LEAST_SHARE or len(found) == 1:
            return found
        believed.remove(least)


def _deviance_of(held: Sequence[Foretold], shares: Mapping[str, float], beside: str) -> float:
    """Return the deviance of the pool's means as a share of that of one model, the mean over the cuts."""
    ratios = []
    for each in held:
        ours, theirs = (poisson_deviance(means, each.came) for means in (mixed(each.means, shares), each.means[beside]))
        ratios.append(ours / theirs if ours is not None and theirs else 1.0)
    return fmean(ratios)

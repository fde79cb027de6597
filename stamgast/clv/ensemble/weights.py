"""How far to believe each of several models: the weights of a linear pool, from how it foretold earlier days.

The weights maximise the mean log of the pooled chance of what happened (Hall and Mitchell, "Combining density
forecasts", 2007), by expectation and maximisation, under a weak Dirichlet prior that spreads a few customers evenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from stamgast.clv.data.rows import Floats
from stamgast.clv.selection.forecasts import LEAST_CHANCE

PRIOR_CUSTOMERS: Final = 5.0
_ROUNDS: Final = 500
_SETTLED: Final = 1e-6


def pool_weights(chances: Sequence[Floats]) -> Floats:
    """Return one weight per model, summing to 1.

    `chances` has one array per cut, a row per customer and a column per model: the chance of what the customer did.
    Each cut counts as much as its customers divided by the number of cuts, so that a customer counts once.
    """
    given = np.ascontiguousarray((np.vstack(chances) + LEAST_CHANCE).T)
    models = len(given)
    weights = np.full(models, 1 / models)
    for _ in range(_ROUNDS):
        pooled = sum(weight * each for weight, each in zip(weights, given, strict=True))
        shares = [weight * (each / pooled).sum() for weight, each in zip(weights, given, strict=True)]
        believed = np.array(shares) / len(chances) + PRIOR_CUSTOMERS / models
        before, weights = weights, believed / believed.sum()
        if np.abs(weights - before).max() < _SETTLED:
            break
    return weights

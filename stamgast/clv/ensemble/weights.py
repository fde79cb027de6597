"""How far to believe each of several models: the weights of a linear pool, from how it foretold earlier days.

The weights maximise the mean log of the pooled chance of what happened (Hall and Mitchell, "Combining density
forecasts", 2007), by expectation and maximisation, under a weak Dirichlet prior that spreads a few customers evenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax

from stamgast.clv.data.rows import Floats, Integers
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


def weights_by_means(
    chances: Sequence[Floats], means: Sequence[Floats], came: Sequence[Integers], heed: float, start: Floats
) -> Floats:
    """Return the weights where means count as well: `heed` times as much as chances do.

    To the log of the pooled chance is added the log quasi-likelihood of the pooled mean m of a count n, (n ln m - m)
    over the dispersion, which is that of the means by the weights `start` (McCullagh and Nelder, "Generalized Linear
    Models", 1989, chapter 9). `means` has the same rows and columns as `chances`, `came` how often each customer came.
    """
    given = np.ascontiguousarray((np.vstack(chances) + LEAST_CHANCE).T)
    expected = np.ascontiguousarray((np.vstack(means) + LEAST_CHANCE).T)
    counts = np.concatenate(came).astype(np.float64)
    first: Floats = start @ expected
    dispersion = max(float(((counts - first) ** 2).sum() / first.sum()), 1.0)
    prior = PRIOR_CUSTOMERS / len(given)

    def loss(at: Floats) -> tuple[float, Floats]:
        weights = softmax(at)
        pooled, mean = weights @ given, weights @ expected
        quasi = float(counts @ np.log(mean) - mean.sum()) * heed / dispersion
        value = (float(np.log(pooled).sum()) + quasi) / len(chances) + prior * float(np.log(weights).sum())
        slope = (given @ (1 / pooled) + (expected @ (counts / mean - 1)) * heed / dispersion) / len(chances)
        slope = weights * slope + prior
        return -value, weights * slope.sum() - slope

    found: Any = minimize(loss, np.log(start), jac=True, method="L-BFGS-B")
    weights: Floats = softmax(found.x)
    return weights

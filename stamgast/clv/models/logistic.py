"""Logistic regression with a normal prior around given coefficients, by damped Newton steps."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import expit

from stamgast.clv.data.rows import Floats

_ROUNDS: Final = 60
_LONGEST_STEP: Final = 2.0
_SETTLED: Final = 1e-9
_STEEPEST: Final = 30.0


def ridge_logistic(features: Floats, happened: Floats, weights: Floats, around: Floats, precision: Floats) -> Floats:
    """Return the coefficients of the highest posterior density.

    `features` has a row per case and a column per coefficient, `happened` is 0 or 1 and `weights` says how many cases
    each row is. The penalty is sum(precision * (coefficient - around)^2) / 2, in units of cases.
    """
    found = around.copy()
    for _ in range(_ROUNDS):
        chance = expit(np.clip(features @ found, -_STEEPEST, _STEEPEST))
        slope = features.T @ (weights * (happened - chance)) - precision * (found - around)
        bend = (features * (weights * chance * (1 - chance))[:, None]).T @ features + np.diag(precision)
        step = np.linalg.solve(bend, slope)
        longest = float(np.abs(step).max())
        if longest > _LONGEST_STEP:
            step *= _LONGEST_STEP / longest
        found = found + step
        if longest < _SETTLED:
            break
    return found

"""The most likely parameters, how certain they are, and whether they mean anything.

Parameters are positive, so the search is over their logarithms, with the likelihood per customer: that is what makes
one tolerance fit samples of all sizes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from scipy.optimize import minimize

from stamgast.clv.data.rows import Floats

LOWEST: Final = 1e-5
HIGHEST: Final = 1e5
"""No parameter is looked for beyond these; one that ends there was not found."""
_AT_BOUND: Final = 1.01
_STEP: Final = 1e-4


class Likelihood(Protocol):
    """A sample under a model."""

    customers: int

    @property
    def names(self) -> Sequence[str]:
        """The parameters, in their order."""

    @property
    def start(self) -> Sequence[float]:
        """Where the search begins."""

    def at(self, parameters: Floats) -> tuple[float, Floats]:
        """Return the log-likelihood of the sample and its gradient by the parameters."""


@dataclass(frozen=True)
class Prior:
    """What is believed before looking: ln(parameter) is normal around ln(`around`) with the deviation `sd`.

    `most` is how many customers count at most beside it: of more, each counts less. Where they tell next to nothing,
    twenty thousand of them would drive parameters anywhere else.
    """

    around: tuple[float, ...]
    sd: float = 0.5
    most: float = math.inf

    def at(self, parameters: Floats) -> tuple[float, Floats]:
        """Return the log density (without its constant) and its gradient by the parameters."""
        off = (np.log(parameters) - np.log(self.around)) / self.sd
        return float(-0.5 * (off @ off)), -off / self.sd / parameters


def believed(prior: Prior | None, customers: int) -> float:
    """Return how far each of so many customers counts beside a prior."""
    return 1.0 if prior is None else min(1.0, prior.most / customers)


@dataclass(frozen=True)
class Maximum:
    """Where the maximum is. `log_likelihood` leaves the prior out; an error that is unknown is NaN."""

    parameters: dict[str, float]
    log_likelihood: float
    standard_errors: dict[str, float]
    converged: bool

    @property
    def at_bounds(self) -> list[str]:
        """Name the parameters that ended where the search ends."""
        return [
            name for name, value in self.parameters.items() if value < LOWEST * _AT_BOUND or value > HIGHEST / _AT_BOUND
        ]


def maximise(likelihood: Likelihood, prior: Prior | None = None) -> Maximum:
    """Find the most likely parameters, or with a prior those of the highest posterior density."""
    size = max(likelihood.customers, 1)
    share = believed(prior, size)

    def loss(logs: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logs)
        value, slope = likelihood.at(parameters)
        if prior is not None:
            more, by = prior.at(parameters)
            value, slope = share * value + more, share * slope + by
        if not (math.isfinite(value) and np.isfinite(slope).all()):
            return 1e10, np.zeros_like(logs)
        return -value / size, -slope * parameters / size

    bounds = [(math.log(LOWEST), math.log(HIGHEST))] * len(likelihood.start)
    begin = np.log(likelihood.start if prior is None else prior.around)
    found: Any = minimize(
        loss, begin, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-8, "maxiter": 500}
    )
    parameters = np.exp(found.x)
    value, _slope = likelihood.at(parameters)
    steepest = float(np.max(np.abs(found.jac), initial=0.0))
    errors = _standard_errors(loss, found.x, size)
    return Maximum(
        dict(zip(likelihood.names, map(float, parameters), strict=True)),
        value,
        dict(zip(likelihood.names, map(float, errors), strict=True)),
        bool(math.isfinite(value)) and (bool(found.success) or steepest < 1e-5),
    )


def _standard_errors(loss: Any, logs: Floats, size: int) -> Floats:
    """Return standard errors of the parameters from the inverse Hessian, by central differences of the gradient.

    Taken in logarithms, where the scale of a step is known; at the maximum the error of a parameter is that of its
    logarithm times the parameter (the delta method, exact there).
    """
    hessian = np.empty((len(logs), len(logs)))
    for index in range(len(logs)):
        step = np.zeros(len(logs))
        step[index] = _STEP
        hessian[index] = (loss(logs + step)[1] - loss(logs - step)[1]) / (2 * _STEP)
    hessian = (hessian + hessian.T) / 2 * size
    try:
        variances = np.diag(np.linalg.inv(hessian))
    except np.linalg.LinAlgError:
        return np.full(len(logs), np.nan)
    errors: Floats = np.sqrt(np.where(variances > 0, variances, np.nan)) * np.exp(logs)
    return errors

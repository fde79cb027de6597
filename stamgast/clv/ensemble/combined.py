"""The combined model: who comes again at all by a correction learnt at earlier days, how often by a pool of models.

All of it is learnt inside the period that is known. At three days of it (`CUTS`) the purchases after each are set
against two kinds of foretelling: `then`, by models refitted to what was known that day, and `in force`, by today's
parameters on that day's histories. Then models are out of time but few early fits are healthy; in-force ones are
steady but have seen what they foretell. Both teach the weights of the pool and the slopes, `then` alone the level.

1. Who is in the pool: `admitted`; with which weights w: `weights`, of both kinds, averaged.
2. logit P(N >= 1) = b0 + b1 logit(max(p, LEAST_P)) + b2 ln(1 + x) + b3 [in force], p being the pool's chance, by
   `ridge_logistic` around (0, 1, 0, 0), so that few data leave the pool as it is.
3. Foretold is with b3 = 0; given at least one purchase, the pool says how many (`CorrectedForecast`).
4. If that lowers the mean chance of today's customers, b0 is raised until it no longer does: purchase models take
   pauses for leaving, so that too little foretold stays too little, but too much, in a short time after an early
   day, did not stay too much.

Each cut's chances are for its own time until the end of what is known, never longer than the horizon asked for.
docs/adr/0041 says how it was found, and where it does not help; docs/adr/0124 why spend is not in it any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.rows import Floats
from stamgast.clv.data.sample import Sample
from stamgast.clv.data.windows import Window, first_day_of, window_of
from stamgast.clv.ensemble.members import admitted
from stamgast.clv.ensemble.weights import pool_weights
from stamgast.clv.models.fitting import MODELS, Fit, fit, fit_with_fallback
from stamgast.clv.models.logistic import ridge_logistic
from stamgast.clv.models.regression import Regression, regress
from stamgast.clv.models.scores import scores_of
from stamgast.clv.selection.forecasts import CorrectedForecast, ModelForecast, PoolForecast, chance_of
from stamgast.clv.selection.validation_split import FEWEST
from stamgast.domain.attrition import MBG_CNBD_K, Model
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.models.combined import SURE
from stamgast.domain.units import Day

CUTS: Final = (0.5, 0.6, 0.7)
"""Where in the known period lessons are taken, as shares of it."""
FEWEST_OF_EACH: Final = 10
"""Customers who came again, and who did not, without either of which a cut teaches nothing."""
FEWEST_CUTS: Final = 2
FEWEST_DAYS: Final = 8 * WEEK_DAYS
"""A horizon below which what is taught by the cuts is wrong in level."""
FEATURES: Final = ("constant", "logit_p", "log_purchase_days", "in_force")
_AROUND: Final = (0.0, 1.0, 0.0, 0.0)
_PRECISION: Final = (1e-3, 5.0, 5.0, 1e-3)
LEAST_P: Final = 0.02
"""The least chance that the correction is told of. Models take a long pause for leaving and are surer of it by the
week; a correction that went on with them would give up whom only the pause speaks against. In drawn groceries whose
customers pause it made the combined model worse than every single one, by .2 to .3 in log score (docs/adr/0123)."""
_FURTHEST: Final = 100.0
"""A step in logits that takes any chance there is to 1."""


@dataclass(frozen=True)
class Combination:
    """What was learnt: each member's weight, and the coefficients under the names of `FEATURES`.

    `cuts` are the days at which lessons were taken. `regression` was learnt from the same lessons, for who wants both.
    """

    members: Mapping[str, Model]
    weights: Floats
    coefficients: Floats
    cuts: tuple[Day, ...]
    regression: Regression | None = None

    def forecast(self, sample: Sample, weeks: float) -> CorrectedForecast:
        """Foretell the purchases of the next `weeks` of every customer of a sample.

        The correction was learnt for one horizon, `weeks`, or for what the known period had of it; for a much shorter
        one it is wrong.
        """
        pool = self.pool(sample, weeks)
        features = _features(sample, pool.p_buy, in_force=False)
        return CorrectedForecast(pool, expit(features @ self.coefficients))

    def pool(self, sample: Sample, weeks: float) -> PoolForecast:
        """Foretell the same without the correction."""
        return _pool(self.members, self.weights, sample, weeks)

    @property
    def parameters(self) -> dict[str, float]:
        """Everything that was learnt, by name."""
        weights = {f"weight_{name}": float(weight) for name, weight in zip(self.members, self.weights, strict=True)}
        return weights | dict(zip(FEATURES, map(float, self.coefficients), strict=True))


def doubt_about(days: float) -> str | None:
    """Return why the combined model is not to be gone by for a horizon of so many days, if there is a reason."""
    if days >= FEWEST_DAYS:
        return None
    seen = "with the record shop's purchases it foretold a quarter too many for one week"
    return f"the combined model is not made for horizons under {FEWEST_DAYS // WEEK_DAYS} weeks: {seen}"


def _candidates(fits: Mapping[str, Fit]) -> dict[str, Model]:
    """Return the models that may be in the pool: MBG/CNBD-k only where k > 1, for with k = 1 it is MBG/NBD."""
    return {name: found.model for name, found in fits.items() if name != MBG_CNBD_K or found.parameters.get("k", 1) > 1}


def combine(purchases: Purchases, sample: Sample, fits: Mapping[str, Fit], days: int) -> Combination | None:
    """Learn a combination for a horizon of so many days from purchases up to `purchases.as_of`; None: too few data.

    `sample` is what is known of the customers that day, `fits` today's models by the name that was asked for, in the
    order of `MODELS`.
    """
    windows = lessons(purchases, days)
    if len(windows) < FEWEST_CUTS:
        return None
    members = _candidates(fits)
    kept, weights, taught = _pooled(windows, members)
    features, bought, counted = [], [], []
    for place, (window, models) in enumerate(taught):
        pool = _pool(models, weights, window.sample, window.weeks)
        features.append(_features(window.sample, pool.p_buy, in_force=place >= len(windows)))
        bought.append(window.purchases > 0)
        counted.append(np.full(len(window.purchases), 1 / len(taught)))
    coefficients = ridge_logistic(
        np.vstack(features),
        np.concatenate(bought).astype(np.float64),
        np.concatenate(counted),
        np.array(_AROUND),
        np.array(_PRECISION),
    )
    cuts = tuple(window.sample.as_of for window in windows)
    regression = regress([(window.sample.rows, window.weeks, window.purchases) for window in windows])
    return _raised(Combination(kept, weights, coefficients, cuts, regression), sample, days / WEEK_DAYS)


def fit_models(sample: Sample) -> dict[str, Fit]:
    """Fit every model to a sample, falling back where a fit comes to nothing, as `clv fit` does."""
    return {name: fit_with_fallback(name, sample.rows, sample.log_gaps) for name in MODELS}


def lessons(purchases: Purchases, days: int) -> list[Window]:
    """Return the windows that have something to teach."""
    first = first_day_of(purchases)
    length = purchases.as_of - first + 1
    cuts = [first - 1 + round(share * length) for share in CUTS]
    windows = [
        window_of(purchases, cut, min(cut + days, purchases.as_of)) for cut in cuts if first <= cut < purchases.as_of
    ]
    return [window for window in windows if _teaches(window)]


def _teaches(window: Window) -> bool:
    came = int((window.purchases > 0).sum())
    return len(window.purchases) >= FEWEST and min(came, len(window.purchases) - came) >= FEWEST_OF_EACH


def _refitted(sample: Sample, members: Mapping[str, Model]) -> dict[str, Model]:
    """Refit the members to what was known at a cut, as it is: a fit that came to nothing still foretells counts."""
    return {name: fit(name, sample.rows, sample.log_gaps).model for name in members}


def _pooled(
    windows: Sequence[Window], candidates: Mapping[str, Model]
) -> tuple[dict[str, Model], Floats, list[tuple[Window, dict[str, Model]]]]:
    """Return the members, their weights, and each window with its members: those of `then`, then those in force."""
    then = [_refitted(window.sample, candidates) for window in windows]
    chances = [_chances(window, models) for window, models in zip(windows, then, strict=True)]
    names = admitted(list(candidates), chances)
    kept = {name: candidates[name] for name in names}
    columns = [list(candidates).index(name) for name in names]
    in_force = [_chances(window, kept) for window in windows]
    weights = (pool_weights([given[:, columns] for given in chances]) + pool_weights(in_force)) / 2
    refitted = [{name: models[name] for name in names} for models in then]
    return kept, weights, [*zip(windows, refitted, strict=True), *((window, kept) for window in windows)]


def _raised(learnt: Combination, sample: Sample, weeks: float) -> Combination:
    """Raise the level of a correction that lowers the mean chance of a sample until it is that of the pool."""
    pooled = learnt.pool(sample, weeks).p_buy
    logits = _features(sample, pooled, in_force=False) @ learnt.coefficients

    def lacking(step: float) -> float:
        return float(pooled.mean() - expit(logits + step).mean())

    if lacking(0.0) <= 0:
        return learnt
    by = brentq(lacking, 0.0, _FURTHEST)
    coefficients = learnt.coefficients + by * (np.array(FEATURES) == "constant")
    return replace(learnt, coefficients=coefficients)


def _chances(window: Window, models: Mapping[str, Model]) -> Floats:
    """Return the chance of what each customer (row) did after a cut by each model (column)."""
    forecasts = [ModelForecast(scores_of(model), window.sample.rows, window.weeks) for model in models.values()]
    return np.column_stack([chance_of(each, window.purchases) for each in forecasts])


def _pool(models: Mapping[str, Model], weights: Floats, sample: Sample, weeks: float) -> PoolForecast:
    return PoolForecast([ModelForecast(scores_of(model), sample.rows, weeks) for model in models.values()], weights)


def _features(sample: Sample, p_buy: Floats, *, in_force: bool) -> Floats:
    """Return a row per customer and a column per name of `FEATURES`."""
    days = sample.rows.x + 1
    return np.column_stack(
        [
            np.ones(len(days)),
            _logit(p_buy),
            np.log(days),
            np.full(len(days), float(in_force)),
        ]
    )


def _logit(p: Floats) -> Floats:
    logits: Floats = logit(np.clip(p, LEAST_P, 1 - SURE))
    return logits

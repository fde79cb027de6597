"""What does the choice of a model cost on shops that nobody has seen? Drawn shops of thirteen kinds, half a year ahead.

`cost` is the log score of what `fit` puts into force less that of the best candidate of each shop: the four purchase
models, everybody alike, what shops usually are like, the combined model; where days are counted by a season, these
counted so as well. How buyers are ranked is told twice, by the chance to buy at all and by the mean number of
purchases, beside a plain regression, which ranks alike by both, and an oracle that knows each one's rhythm
(docs/adr/0174). `--quick` looks at two kinds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import fmean
from typing import Final, NamedTuple

import numpy as np

from benchmarks.choice_shops import BEGIN, HORIZON, KINDS, Drawn, Kind, draw_people
from benchmarks.figures import Figure, table, tell
from benchmarks.scene import Scene
from stamgast.clv.data.histories import rows_as_of
from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.rows import Floats, Integers
from stamgast.clv.data.shop_days import in_shop_days
from stamgast.clv.data.state_sample import live_of_days
from stamgast.clv.data.windows import Window, up_to, window_of
from stamgast.clv.ensemble.best_fit import BEST, fit_any
from stamgast.clv.ensemble.best_model import regression_of
from stamgast.clv.ensemble.combined import combine, fit_models
from stamgast.clv.models.fitting import fit_alike, usual_shop
from stamgast.clv.models.scores import scores_of
from stamgast.clv.selection.forecasts import LEAST_CHANCE, Forecast, ModelForecast, log_scores
from stamgast.clv.selection.metrics import auc, brier_scores, poisson_deviance
from stamgast.domain.attrition import ALIKE, COMBINED
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.history import WEEK_DAYS

SEEDS: Final = (1, 2)
SIZES: Final = (500, 800, 1_200)
SPANS: Final = (365, 540, 760, 1_000)
"""Customers and days known, which go round among the shops."""
GOAL: Final = 0.010
"""What the choice may cost in log score."""
NEAR: Final = 1.05
"""What the deviance may be of the regression's."""
LEAST_AUC: Final = 0.010
"""By how much the AUC may be below the regression's."""


class Judged(NamedTuple):
    """How somebody's forecasts of a shop were; AUCs by the chance to buy at all and by the mean number of purchases."""

    deviance: float
    brier: float
    auc: float
    auc_by_means: float
    bias: float


class Found(NamedTuple):
    """What came of one shop. `regressed` is of the plain regression, None where it could not be learnt."""

    shop: str
    model: str
    log_score: float
    best: str
    best_score: float
    figures: Judged
    regressed: Judged | None
    oracle: Judged
    seconds: float

    @property
    def cost(self) -> float:
        """How much worse it is than the best candidate."""
        return self.log_score - self.best_score


def run(scene: Scene) -> None:
    """Look at every shop once."""
    shops = list(_shops())
    found = [look(*shop) for shop in (shops[3:5] if scene.quick else shops)]
    heads = (
        *("shop", "gone by", "log score", "best candidate", "it", "cost", "deviance", "regression", "oracle"),
        *("AUC", "regression", "oracle", "by means", "oracle", "Brier", "oracle", "bias"),
    )
    table("half a year ahead", heads, [_row(each) for each in found])
    within = sum(each.cost <= GOAL for each in found)
    pairs = [(each.figures, each.regressed) for each in found if each.regressed is not None]
    near = sum(ours.deviance <= NEAR * theirs.deviance for ours, theirs in pairs)
    ranked = [(ours, theirs) for ours, theirs in pairs if not np.isnan(theirs.auc)]
    ranks = sum(ours.auc >= theirs.auc - LEAST_AUC for ours, theirs in ranked)
    tell(
        (
            Figure("choice_within", within, "shops", "looked at", len(found)),
            Figure("choice_mean_cost", fmean(each.cost for each in found), "log score", "goal, at most", GOAL),
            Figure("choice_near_regression", near, "shops", "looked at", len(pairs)),
            Figure("choice_ranks_as_regression", ranks, "shops", "looked at", len(ranked)),
            Figure("choice_seconds", sum(each.seconds for each in found), "s"),
        )
    )


def _shops() -> Iterator[tuple[Kind, int, int, int]]:
    for seed in SEEDS:
        for place, kind in enumerate(KINDS):
            yield kind, SIZES[(seed + place) % len(SIZES)], SPANS[(seed * 3 + place) % len(SPANS)], seed


class Shop(NamedTuple):
    """A drawn shop with what `fit` puts into force at its cut, and every candidate, held against what came."""

    drawn: Drawn
    window: Window
    model: str
    ours: Forecast
    candidates: dict[str, Forecast]
    regression: Forecast | None
    seconds: float


def fitted_shop(kind: Kind, customers: int, days: int, seed: int) -> Shop:
    """Draw a shop, and fit as `fit` does."""
    drawn, cut = draw_people(kind, customers, days, seed), BEGIN + days
    purchases = drawn.purchases
    window = window_of(purchases, cut, cut + HORIZON)
    known = [buyer.days() for buyer in up_to(purchases, cut).buyers.values()]
    began = time.process_time()
    found = fit_any(live_of_days(known, cut, ClosedDays()), BEST, "repeat", HORIZON)
    seconds = time.process_time() - began
    counted = found.time(ClosedDays())
    weeks = counted.open_between(cut, cut + HORIZON) / WEEK_DAYS
    ours = ModelForecast(scores_of(found.attrition()), rows_as_of(known, cut, counted), weeks)
    candidates, regression = _candidates(purchases, cut)
    if found.season is not None:
        others, counter = in_shop_days(purchases, counted)
        seasonal, regression = _candidates(others, counter(cut))
        candidates |= {f"{name}, season": forecast for name, forecast in seasonal.items()}
    model = found.model + (", season" if found.season is not None else "")
    return Shop(drawn, window, model, ours, candidates, regression, seconds)


def look(kind: Kind, customers: int, days: int, seed: int) -> Found:
    """Draw a shop, fit as `fit` does, and hold it and every candidate against what came."""
    shop = fitted_shop(kind, customers, days, seed)
    came, ours, regression = shop.window.purchases, shop.ours, shop.regression
    scores = {name: float(log_scores(each, came).mean()) for name, each in shop.candidates.items()}
    best = min(scores, key=lambda name: scores[name])
    return Found(
        f"{kind.name}, {customers}, {days} days",
        shop.model,
        float(log_scores(ours, came).mean()),
        best,
        scores[best],
        _judged(ours.purchases, ours.p_buy, came),
        None if regression is None else _judged(regression.purchases, regression.p_buy, came),
        _judged(*shop.drawn.oracle(), came),
        shop.seconds,
    )


def _candidates(purchases: Purchases, cut: int) -> tuple[dict[str, Forecast], Forecast | None]:
    known, window = up_to(purchases, cut), window_of(purchases, cut, purchases.as_of)
    sample, weeks = window.sample, window.weeks
    fits = fit_models(sample)
    models = {name: fitted.model for name, fitted in fits.items()}
    models |= {ALIKE: fit_alike(sample.rows).model, "prior": usual_shop()}
    found: dict[str, Forecast] = {
        name: ModelForecast(scores_of(model), sample.rows, weeks) for name, model in models.items()
    }
    if (combination := combine(known, sample, fits, window.days)) is not None:
        found[COMBINED] = combination.forecast(sample, weeks)
    return found, regression_of(known, window)


def _judged(means: Floats, chances: Floats, came: Integers) -> Judged:
    return Judged(
        poisson_deviance(np.maximum(means, LEAST_CHANCE), came) or np.nan,
        float(brier_scores(chances, came).mean()),
        auc(chances, came) or np.nan,
        auc(means, came) or np.nan,
        float(means.sum() / max(came.sum(), 1)) - 1,
    )


def _row(found: Found) -> tuple[str, ...]:
    nothing = Judged(*[np.nan] * 5)
    ours, theirs, known = found.figures, found.regressed or nothing, found.oracle
    return (
        found.shop,
        found.model,
        f"{found.log_score:.3f}",
        found.best,
        f"{found.best_score:.3f}",
        f"{found.cost:+.3f}",
        *(f"{each.deviance:.2f}" for each in (ours, theirs, known)),
        *(f"{each.auc:.3f}" for each in (ours, theirs, known)),
        *(f"{each.auc_by_means:.3f}" for each in (ours, known)),
        *(f"{each.brier:.3f}" for each in (ours, known)),
        f"{ours.bias:+.2f}",
    )

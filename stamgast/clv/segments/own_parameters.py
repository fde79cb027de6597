"""Does a part of a shop deserve parameters of its own? Only where they have foretold it better, out of time."""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

from msgspec.structs import replace

from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.sample import sample_of
from stamgast.clv.data.state_sample import live_of
from stamgast.clv.data.windows import first_day_of, up_to, window_of
from stamgast.clv.ensemble.best_fit import fit_in_season
from stamgast.clv.models.fitting import fit_with_fallback
from stamgast.clv.models.scores import scores_of
from stamgast.clv.selection.forecasts import ModelForecast, log_scores
from stamgast.clv.selection.season_choice import SeasonChoice
from stamgast.clv.selection.validation_split import days_after_cut
from stamgast.domain.attrition import ALIKE, TOGETHER, Model
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.units import Day

FEWEST: Final = 500
"""Customers. In a real shop fits to parts of 200 came to nothing one time in twelve, to parts of 500 never."""
_BEYOND: Final = 0.025
"""On either side of a 95 % interval."""


def part_of(purchases: Purchases, names: list[str]) -> Purchases:
    """Return the purchases of some of the customers."""
    return Purchases(
        {name: purchases.buyers[name] for name in names},
        purchases.as_of,
        purchases.currency,
        purchases.has_profit,
        said={name: purchases.said[name] for name in names if name in purchases.said},
    )


def why_not_tested(purchases: Purchases, part: Purchases) -> str:
    """Say why a part has not what it takes to be tested; nothing if it has: enough customers, now and at the cut."""
    if len(part.buyers) == len(purchases.buyers):
        return "these are all customers"
    if len(part.buyers) < FEWEST:
        return f"fewer than {FEWEST} customers"
    cut = _cut(purchases)
    if purchases.as_of - cut < WEEK_DAYS or len(up_to(part, cut).buyers) < FEWEST:
        return f"fewer than {FEWEST} customers at the last cut"
    return ""


def deserves_its_own(purchases: Purchases, part: Purchases, model: str, tested: int = 1) -> tuple[bool, str]:
    """Say whether a part has parameters of its own, and why or why not.

    It has where it has what it takes to be tested, and where own parameters of the last cut inside the data had a
    better log score over what came after it than the whole shop's, by a paired 95 % interval; of several parts that
    are tested, by intervals that hold for all of them at once (Bonferroni).
    """
    if because := why_not_tested(purchases, part):
        return False, because
    cut = _cut(purchases)
    window = window_of(part, cut, purchases.as_of)
    own, pooled = (
        log_scores(
            ModelForecast(scores_of(_model_of(up_to(all_, cut), model, window.days)), window.sample.rows, window.weeks),
            window.purchases,
        )
        for all_ in (part, purchases)
    )
    difference = pooled - own
    mean, error = float(difference.mean()), float(difference.std(ddof=1)) / len(difference) ** 0.5
    z = NormalDist().inv_cdf(1 - _BEYOND / tested)
    low, high = mean - z * error, mean + z * error
    of = f", one of {tested} segments tested" if tested > 1 else ""
    return low > 0, f"own parameters gained {mean:.4f} in log score out of time [{low:+.4f}, {high:+.4f}]{of}"


def own_parameters(part: Purchases, pooled: ParameterSet) -> ParameterSet:
    """Fit the purchase model to a part. Spend model and paces stay those of all: no own ones have been proven."""
    days = round(pooled.parameters["weeks"] * WEEK_DAYS) if pooled.model in TOGETHER else 0
    found = _fitted(part, pooled.model, days)
    return replace(
        found, spend=pooled.spend, fit=None, season=pooled.season, feedback=pooled.feedback, version=""
    ).versioned()


def _cut(purchases: Purchases) -> Day:
    return purchases.as_of - days_after_cut(first_day_of(purchases), purchases.as_of)


def _model_of(purchases: Purchases, model: str, days: int) -> Model:
    return _fitted(purchases, model, days).attrition()


def _fitted(purchases: Purchases, model: str, days: int) -> ParameterSet:
    """Fit a model by its name to days as they are counted; `days` is the horizon of one learnt at earlier days."""
    if model in (*TOGETHER, ALIKE):
        return fit_in_season(live_of(purchases), model, "all", days, SeasonChoice(None), closed=ClosedDays())
    sample = sample_of(purchases)
    found = fit_with_fallback(model, sample.rows, sample.log_gaps)
    return ParameterSet(found.name, found.parameters)

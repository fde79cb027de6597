"""The numbers behind the plots of an evaluation: tracking, conditional expectation, calibration, lift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.rows import Floats, make_rows
from stamgast.clv.evaluation.backtest import Evaluation
from stamgast.clv.models.scores import scores_of
from stamgast.clv.selection.forecasts import CorrectedForecast, ModelForecast
from stamgast.domain.attrition import COMBINED, MBG_CNBD_K
from stamgast.domain.history import WEEK_DAYS

ACTUAL: Final = "actual"
MOST_REPEATS: Final = 7
"""Customers who came again so often or more are one group."""
GROUPS: Final = 10
_POINTS: Final = 16
_FEWEST_IN_GROUP: Final = 1


@dataclass(frozen=True)
class Curves:
    """One line per name over the same places `x`; NaN where a line says nothing. `mark` is a place worth a rule."""

    x: Floats
    lines: Mapping[str, Floats]
    mark: float | None = None


@dataclass(frozen=True)
class Points:
    """One line per name, each over places of its own: name -> (x, y)."""

    lines: Mapping[str, tuple[Floats, Floats]]


def shown(found: Evaluation) -> list[str]:
    """Return the models that are drawn: MBG/CNBD-k only where k > 1, the combined one only where it is one."""
    same = found.fits[MBG_CNBD_K].parameters.get("k", 1) == 1
    return [
        name
        for name in found.forecasts
        if not (name == MBG_CNBD_K and same) and not (name == COMBINED and found.combination is None)
    ]


def tracking(found: Evaluation, purchases: Purchases) -> Curves:
    """Repeat purchases of all customers together, summed up by week from the first day on, beside each model's mean.

    In the calibration a model says what was to be expected of new customers; in the holdout, from the count at its
    beginning on, what each customer's history lets it expect. The combined model has nothing to say
    about new ones, and was learnt for one horizon: on the way there its line is the pool's, corrected as at the end.
    """
    sample = found.window.sample
    firsts = np.asarray(sample.first_days)
    begin, cut, end = int(firsts.min()), sample.as_of, sample.as_of + found.window.days
    before = np.unique(np.linspace(begin, cut, _POINTS).round())
    after = np.unique(np.linspace(cut, end, _POINTS).round())[1:]
    days = np.concatenate([before, after])
    repeats = np.sort([day for name in sample.names for day in purchases.buyers[name].days()[1:]])
    actual = np.searchsorted(repeats, days, side="right").astype(np.float64)
    lines = {ACTUAL: actual}
    start = float(np.searchsorted(repeats, cut, side="right"))
    for name in shown(found):
        known = [start + _conditional(found, name, (day - cut) / WEEK_DAYS) for day in after]
        unknown = [_unconditional(found, name, firsts, day) for day in before]
        if name == COMBINED:
            unknown[-1] = start
        lines[name] = np.array([*unknown, *known])
    return Curves((days - begin) / WEEK_DAYS, lines, (cut - begin) / WEEK_DAYS)


def conditional_expectation(found: Evaluation) -> Curves:
    """Mean purchases in the holdout by repeat purchases before it; the last place is `MOST_REPEATS` or more."""
    groups = np.minimum(found.window.sample.rows.x, MOST_REPEATS)
    places = np.unique(groups)
    values = {ACTUAL: found.window.purchases.astype(np.float64)}
    values |= {name: found.forecasts[name].purchases for name in shown(found)}
    lines = {name: np.array([value[groups == place].mean() for place in places]) for name, value in values.items()}
    return Curves(places.astype(np.float64), lines)


def calibration(found: Evaluation) -> Points:
    """Share that bought (y) beside the mean chance foretold (x), over ten groups of customers by that chance."""
    bought = (found.window.purchases > 0).astype(np.float64)
    return Points({name: _by_chance(found.forecasts[name].p_buy, bought) for name in shown(found)})


def lift(found: Evaluation) -> Points:
    """Share of all spend in the holdout (y) that the customers foretold to spend most did spend, by their share (x).

    Ranked by purchases alone where there is nothing to say about spend.
    """
    spent = np.maximum(found.window.spend, 0.0)
    worth = {name: found.forecasts[name].purchases for name in shown(found)}
    if found.spend is not None:
        worth = {name: value * found.spend for name, value in worth.items()}
    return Points({name: _lift(value, spent) for name, value in {ACTUAL: spent, **worth}.items()})


def _conditional(found: Evaluation, name: str, weeks: float) -> float:
    sample = found.window.sample
    if weeks <= 0:
        return 0.0
    last = found.forecasts[name]
    if isinstance(last, CorrectedForecast) and found.combination is not None:
        pool = found.combination.pool(sample, weeks)
        return float((last.ratio * pool.purchases).sum())
    return float(ModelForecast(scores_of(found.fits[name].model), sample.rows, weeks).purchases.sum())


def _unconditional(found: Evaluation, name: str, firsts: Floats, day: float) -> float:
    if name == COMBINED:
        return float("nan")
    scores, new = scores_of(found.fits[name].model), make_rows([0], [0], [0])
    ages, counts = np.unique(np.maximum(day - firsts, 0), return_counts=True)
    means = [float(scores.expected_purchases(new, age / WEEK_DAYS)[0]) if age > 0 else 0.0 for age in ages]
    return float(np.dot(means, counts))


def _by_chance(p_buy: Floats, bought: Floats) -> tuple[Floats, Floats]:
    groups = [
        each for each in np.array_split(np.argsort(p_buy, kind="stable"), GROUPS) if len(each) >= _FEWEST_IN_GROUP
    ]
    return np.array([p_buy[each].mean() for each in groups]), np.array([bought[each].mean() for each in groups])


def _lift(worth: Floats, spent: Floats) -> tuple[Floats, Floats]:
    order = np.argsort(-worth, kind="stable")
    caught = np.concatenate([[0.0], np.cumsum(spent[order])]) / max(float(spent.sum()), 1e-300)
    places = np.unique(np.linspace(0, len(worth), 101).round().astype(int))
    return places / len(worth), caught[places]

"""Every model held against what customers did after a day, and against each other.

Models are fitted to the calibration period, up to and including its last day; they foretell the holdout, up to and
including its own. Nothing of the holdout is used but to judge. Customers whose first purchase came later are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec import Struct

from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.rows import Floats
from stamgast.clv.data.shop_days import DayCounter, in_shop_days
from stamgast.clv.data.windows import Window, up_to, window_of
from stamgast.clv.ensemble.best_model import Choice, choose, regression_of
from stamgast.clv.ensemble.combined import Combination, combine, fit_models
from stamgast.clv.evaluation.figures import Judged, judge, judge_means
from stamgast.clv.models.fitting import Fit, fit_alike, known
from stamgast.clv.models.gamma_gamma import expected_of_all
from stamgast.clv.models.naive import (
    NAIVE_AOV,
    NAIVE_REPEAT_RATE,
    average_order_value,
    purchases_at_own_frequency,
    purchases_at_repeat_rate,
)
from stamgast.clv.models.regression import REGRESSION
from stamgast.clv.models.scores import scores_of
from stamgast.clv.scoring import date_of, spend_of
from stamgast.clv.selection.forecasts import Forecast, ModelForecast, PoolForecast, log_scores
from stamgast.clv.selection.metrics import brier_scores
from stamgast.clv.selection.resampling import interval_of_mean
from stamgast.clv.selection.season_choice import SeasonChoice, choose_season
from stamgast.domain.attrition import ALIKE, BLENDED, COMBINED
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.models.gamma_gamma import Orders
from stamgast.domain.season import Season, shop_time
from stamgast.domain.units import Day

Interval = tuple[float, float]
RANKS: Final = 0.55
"""An AUC, by the chance to buy, below which a model says next to nothing of who comes before whom."""
_COMPARED: Final = ("log_score", "brier")


class Learnt(Struct, frozen=True):
    """What a model learnt from the calibration period; empty and None where it learns nothing.

    `fitted` names the model that came of it, which a fallback may have changed.
    """

    fitted: str | None = None
    parameters: dict[str, float] | None = None
    standard_errors: dict[str, float | None] | None = None
    log_likelihood: float | None = None
    notes: list[str] = []


@dataclass(frozen=True)
class Evaluation:
    """All that is to be told of a holdout, by model in the order in which they are shown.

    `gains` has for each single model the 95 % interval of what the combined model gains over it; positive is better.
    `spend` is the mean of a purchase day to come, one per customer, averaged over the days that `orders` says.
    `combination` is None where the combined model fell back to the best single one, which gains nothing.
    """

    window: Window
    choice: Choice
    learnt: Mapping[str, Learnt]
    judged: Mapping[str, Judged]
    gains: Mapping[str, dict[str, Interval]]
    forecasts: Mapping[str, Forecast]
    fits: Mapping[str, Fit]
    combination: Combination | None
    spend: Floats | None
    orders: Orders
    purchases: Purchases
    """On days counted in the shop's time, as the window and the choice count them."""
    counter: DayCounter
    season: SeasonChoice
    ends: tuple[Day, Day]
    """The last days of the calibration and of the holdout, by the calendar."""
    scores: str = ""
    """What is said of the scores that customers gave (`stamgast.clv.evaluation.heeded`); empty where nobody did."""

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "customers": len(self.window.sample.names),
            "best": self.choice.best,
            "best_to_fit": self.choice.to_fit,
            "best_chosen_at": None if self.choice.cut is None else date_of(self.counter.date(self.choice.cut)),
            "season": self.season.season,
            "log_scores_there": self.choice.log_scores,
            "gain_there": self.choice.gain,
            "orders": self.orders,
            "scores": self.scores or None,
            "models": {name: self._model(name) for name in self.judged},
        }

    def doubt_about_ranks(self) -> str:
        """Say so where what is to be gone by ranks nobody: a list of whom to write to first is then a lottery."""
        best = self.judged.get(self.choice.best)
        auc = None if best is None else best.auc_p_buy
        if auc is None or auc >= RANKS:
            return ""
        return f"nothing ranks these customers: {self.choice.best} has an AUC of {auc:.2f}, and .50 is chance"

    def _model(self, name: str) -> dict[str, Any]:
        learnt, judged = self.learnt[name], self.judged[name]
        gain = (self.gains or None) if name == COMBINED else self.gains.get(name)
        figures = {field: getattr(judged, field) for field in judged.__struct_fields__}
        told = {field: getattr(learnt, field) for field in learnt.__struct_fields__}
        return {**told, **figures, "ci": gain}


def evaluate(
    purchases: Purchases,
    calibration_end: Day,
    holdout_end: Day,
    orders: Orders = "all",
    tell: Callable[[str], None] = lambda _: None,
    *,
    trade: Season | None = None,
) -> Evaluation:
    """Fit, foretell and judge; `tell` is told what goes on. `orders` is what the spend model averages over.

    `trade` is the season of the shop's trade, if one is named.

    Raises:
        ValueError: the dates are in the wrong order, or nobody had bought by the end of the calibration.
    """
    known_then = up_to(purchases, calibration_end)
    chosen = _season(known_then, holdout_end - calibration_end, trade)
    purchases, counter = in_shop_days(purchases, shop_time(ClosedDays(), chosen.season))
    if chosen.said:
        tell(chosen.said)
    cut, end = counter(calibration_end), counter(holdout_end)
    window, before = window_of(purchases, cut, end), up_to(purchases, cut)
    tell(f"fitting four models to {len(window.sample.names):,} customers …")
    fits = fit_models(window.sample)
    tell("choosing the best model at a cut inside the calibration …")
    choice = choose(before, window.days)
    tell("learning the combined model at earlier cuts …")
    combination = combine(before, window.sample, fits, window.days)
    rows = window.sample.rows
    forecasts: dict[str, Forecast] = {
        name: ModelForecast(scores_of(found.model), rows, window.weeks) for name, found in fits.items()
    }
    singles = list(forecasts)
    forecasts[COMBINED] = (
        combination.forecast(window.sample, window.weeks) if combination is not None else forecasts[choice.best_single]
    )
    spend = _spend(window, orders)
    tell("judging what was foretold …")
    plain = _plain(before, window)
    judged = (
        _naive(window)
        | {name: judge(each.forecast, window, spend) for name, each in plain.items()}
        | {name: judge(each, window, spend) for name, each in forecasts.items()}
    )
    learnt = {name: Learnt() for name in judged} | {name: each.learnt for name, each in plain.items()}
    learnt |= {name: _learnt(found) for name, found in fits.items()}
    learnt[COMBINED] = _combined(combination, choice)
    if combination is not None and choice.shares:
        believed = {**forecasts, **{name: each.forecast for name, each in plain.items()}}
        blend = PoolForecast([believed[name] for name in choice.shares], np.array(list(choice.shares.values())))
        judged[BLENDED] = judge(blend, window, spend)
        learnt[BLENDED] = Learnt(BLENDED, {f"share_{name}": share for name, share in choice.shares.items()})
    gains = {} if combination is None else _gains(forecasts, singles, window)
    return Evaluation(
        window,
        choice,
        learnt,
        judged,
        gains,
        forecasts,
        fits,
        combination,
        spend,
        orders,
        purchases,
        counter,
        chosen,
        (calibration_end, holdout_end),
    )


def _season(known: Purchases, days: int, trade: Season | None) -> SeasonChoice:
    """Choose a season by what is known."""
    if not known.buyers:
        raise ValueError("nobody had bought by then")
    return choose_season([buyer.days() for buyer in known.buyers.values()], known.as_of, days, ClosedDays(), trade)


def _spend(window: Window, orders: Orders) -> Floats | None:
    """Return the mean of a purchase day to come of each customer, by the spend model."""
    sample, found = window.sample, spend_of(window.sample, orders)
    return None if found is None else expected_of_all(found.spend, sample.rows.x + 1, sample.amounts)


class _Plain(NamedTuple):
    forecast: Forecast
    learnt: Learnt


def _plain(before: Purchases, window: Window) -> dict[str, _Plain]:
    """Return what is foretold with chances and without telling who is still there: one rate for all, a regression."""
    rate = fit_alike(window.sample.rows)
    found = {ALIKE: _Plain(ModelForecast(scores_of(rate.model), window.sample.rows, window.weeks), _learnt(rate))}
    if (regression := regression_of(before, window)) is not None:
        found[REGRESSION] = _Plain(regression, Learnt(REGRESSION, regression.regression.parameters))
    return found


def _naive(window: Window) -> dict[str, Judged]:
    own = average_order_value(window.sample)
    by_name = {
        NAIVE_AOV: purchases_at_own_frequency(window.sample, window.weeks),
        NAIVE_REPEAT_RATE: purchases_at_repeat_rate(window.sample, window.weeks),
    }
    return {name: judge_means(expected, window, own) for name, expected in by_name.items()}


def _learnt(found: Fit) -> Learnt:
    maximum = found.maximum
    return Learnt(
        found.name,
        found.parameters,
        known(maximum.standard_errors),
        maximum.log_likelihood,
        list(found.notes),
    )


def _combined(combination: Combination | None, choice: Choice) -> Learnt:
    if combination is not None:
        return Learnt(COMBINED, combination.parameters)
    few = "too few customers came again, or stayed away, at earlier cuts to learn a combination from"
    note = f"{few}; this is {choice.best_single}"
    return Learnt(choice.best_single, notes=[note])


def _gains(forecasts: Mapping[str, Forecast], singles: list[str], window: Window) -> dict[str, dict[str, Interval]]:
    """Return the intervals of the combined model's gain over each single model, over the same customers."""
    actual = window.purchases
    scores = {name: (log_scores(each, actual), brier_scores(each.p_buy, actual)) for name, each in forecasts.items()}
    ours = scores[COMBINED]
    return {
        single: {
            figure: interval_of_mean(theirs - mine)
            for figure, mine, theirs in zip(_COMPARED, ours, scores[single], strict=True)
        }
        for single in singles
    }

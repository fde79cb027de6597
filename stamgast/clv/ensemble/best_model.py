"""Which model to go by: the one with the best log score at the last cut inside the known period.

The whole procedure is rehearsed there, the combined model's own cuts included, so nothing to come is looked at. One
short rehearsal cannot tell close models apart; docs/adr/0041 says how often it was right, and `gain` how sure it is.
Rehearsed for fewer than `FEWEST_DAYS`, the combined model is not chosen: what it learnt is wrong for so short a time.
"""

from __future__ import annotations

import math
from typing import Final

from msgspec import Struct

from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.windows import first_day_of, up_to, window_of
from stamgast.clv.ensemble.combined import COMBINED, FEWEST_DAYS, combine, fit_models
from stamgast.clv.models.scores import scores_of
from stamgast.clv.selection.forecasts import Forecast, ModelForecast, log_scores
from stamgast.clv.selection.resampling import interval_of_mean
from stamgast.clv.selection.validation_split import FEWEST, days_after_cut
from stamgast.domain.attrition import MBG_CNBD_K
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.units import Day

USUAL: Final = MBG_CNBD_K
"""What is gone by where there is too little to choose with; with a prior it is what `fit` and `score` take."""


class Choice(Struct, frozen=True):
    """The rehearsal. `log_scores` by model, smaller is better, over the days after the day `cut`; None: not held.

    `best` is the best of all, `best_single` the best without the combined model. `gain` is the paired 95 % interval of
    what the combined model gained over the best single one; None: there was none to rehearse.
    """

    best: str
    best_single: str
    cut: Day | None
    log_scores: dict[str, float]
    gain: tuple[float, float] | None = None

    @property
    def left_out(self) -> bool:
        """Whether the combined model scored best, in a rehearsal too short for it to be chosen."""
        scores = self.log_scores
        return self.best != COMBINED and scores.get(COMBINED, math.inf) < scores.get(self.best, math.inf)

    def doubt(self) -> str:
        """Say how sure the choice between the combined model and the best single one is; empty if there was none."""
        if self.gain is None:
            return ""
        low, high = self.gain
        chance = ", which may be chance" if low <= 0 <= high else ""
        short = "; it is not chosen after so short a rehearsal" if self.left_out else ""
        return f"there combined gained [{low:+.4f}, {high:+.4f}] (95 %) on {self.best_single}{chance}{short}"


def choose(purchases: Purchases, days: int) -> Choice:
    """Rehearse at the last cut before `purchases.as_of`, for at most so many days."""
    after = min(days_after_cut(first_day_of(purchases), purchases.as_of), days)
    if after < WEEK_DAYS:
        return Choice(USUAL, USUAL, None, {})
    cut = purchases.as_of - after
    window = window_of(purchases, cut, purchases.as_of)
    if len(window.sample.names) < FEWEST:
        return Choice(USUAL, USUAL, None, {})
    fits = fit_models(window.sample)
    forecasts: dict[str, Forecast] = {
        name: ModelForecast(scores_of(found.model), window.sample.rows, window.weeks) for name, found in fits.items()
    }
    combination = combine(up_to(purchases, cut), window.sample, fits, after)
    if combination is not None:
        forecasts[COMBINED] = combination.forecast(window.sample, window.weeks)
    surprises = {name: log_scores(each, window.purchases) for name, each in forecasts.items()}
    found = {name: float(each.mean()) for name, each in surprises.items()}
    best_single = min((name for name in found if name != COMBINED), key=lambda name: found[name])
    if combination is None:
        return Choice(best_single, best_single, cut, found)
    gain = interval_of_mean(surprises[best_single] - surprises[COMBINED])
    best = COMBINED if found[COMBINED] < found[best_single] and after >= FEWEST_DAYS else best_single
    return Choice(best, best_single, cut, found, gain)

"""Which model to go by: the one with the best log score at the last cut inside the known period.

The whole procedure is rehearsed there, the combined model's own cuts included, so nothing to come is looked at. One
short rehearsal cannot tell close models apart; docs/adr/0041 says how often it was right.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stamgast.clv.combined import COMBINED, combine, fit_models
from stamgast.clv.forecasts import Forecast, ModelForecast, log_scores
from stamgast.clv.internal_cut import FEWEST, MOST_DAYS, SHARE_AFTER
from stamgast.clv.purchase_file import Purchases
from stamgast.clv.scores import scores_of
from stamgast.clv.windows import first_day_of, up_to, window_of
from stamgast.domain.attrition import MBG_CNBD_K
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.units import Day

USUAL: Final = MBG_CNBD_K
"""What is gone by where there is too little to choose with; with a prior it is what `fit` and `score` take."""


class Choice(Struct, frozen=True):
    """The rehearsal. `log_scores` by model, smaller is better, over the days after the day `cut`; None: not held.

    `best` is the best of all, `best_single` the best without the combined model.
    """

    best: str
    best_single: str
    cut: Day | None
    log_scores: dict[str, float]


def choose(purchases: Purchases, days: int) -> Choice:
    """Rehearse at the last cut before `purchases.as_of`, for at most so many days."""
    after = min(int((purchases.as_of - first_day_of(purchases)) * SHARE_AFTER), MOST_DAYS, days)
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
    combination = combine(up_to(purchases, cut), fits, after)
    if combination is not None:
        forecasts[COMBINED] = combination.forecast(window.sample, window.weeks)
    found = {name: float(log_scores(each, window.purchases).mean()) for name, each in forecasts.items()}
    best_single = min((name for name in found if name != COMBINED), key=lambda name: found[name])
    return Choice(min(found, key=lambda name: found[name]), best_single, cut, found)

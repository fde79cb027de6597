"""What is gone by where customers gave scores, held against a holdout: what a fit of the calibration does with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.state_sample import live_of
from stamgast.clv.data.windows import up_to
from stamgast.clv.ensemble.best_fit import BEST, fit_in_season
from stamgast.clv.ensemble.feedback_choice import heeding
from stamgast.clv.evaluation.backtest import Evaluation, Learnt
from stamgast.clv.evaluation.given import judge_given
from stamgast.domain.closed_days import ClosedDays

WITH_SCORES: Final = "with_scores"
"""What is best, with the paces that scores gave it, as it is called beside the models."""


def with_scores(found: Evaluation, purchases: Purchases) -> Evaluation:
    """Return the same with what scores do to what is best, if they are gone by; and what is said of them.

    `purchases` are on days of the calendar. What was said after the calibration is not looked at.
    """
    (begin, end), closed = found.ends, ClosedDays()
    live = live_of(up_to(purchases, begin))
    if not live.said:
        return found
    fitted = fit_in_season(live, BEST, found.orders, end - begin, found.season, closed=closed)
    heeds = heeding(fitted, live, end - begin, closed)
    found = replace(found, scores=heeds.fit.notes[-1] if heeds.fit else "")
    if not heeds.feedback:
        return found
    judged = judge_given(purchases, heeds, begin, end, closed)
    paces = {f"pace_{band}": pace for band, pace in heeds.feedback.items()}
    learnt = Learnt(heeds.model, paces)
    return replace(found, judged={**found.judged, WITH_SCORES: judged}, learnt={**found.learnt, WITH_SCORES: learnt})

"""A parameter set that was fitted elsewhere, held against a holdout: what `score` says by it, judged as models are."""

from __future__ import annotations

from typing import Final

from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.state_sample import live_of
from stamgast.clv.data.windows import up_to, window_of
from stamgast.clv.evaluation.backtest import Learnt
from stamgast.clv.evaluation.figures import Judged, judge
from stamgast.clv.models.gamma_gamma import expected_of_all
from stamgast.clv.models.scores import scores_of
from stamgast.clv.selection.forecasts import ModelForecast, PacedForecast
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.units import Day
from stamgast.sheets.dates import read_date

GIVEN: Final = "given"
"""What it is called beside the models."""


def judge_given(purchases: Purchases, given: ParameterSet, begin: Day, end: Day, closed: ClosedDays) -> Judged:
    """Judge a set on the days after `begin` until `end`, days counted as it says and `closed` left out if it does.

    Raises:
        ValueError: nobody had bought by the day `begin`.
    """
    window, time = window_of(purchases, begin, end), given.time(closed)
    sample = live_of(up_to(purchases, begin)).without(time).sample
    model, rows, weeks = scores_of(given.attrition()), sample.rows, time.open_between(begin, end) / WEEK_DAYS
    heeds = given.feedback and sample.said
    forecast = (
        PacedForecast(model, rows, weeks, sample.paces(given.feedback)) if heeds else ModelForecast(model, rows, weeks)
    )
    spend = None if given.spend is None else expected_of_all(given.spend, rows.x + 1, window.sample.amounts)
    return judge(forecast, window, spend)


def learnt_of(given: ParameterSet) -> Learnt:
    """Return what the set says of itself."""
    report = given.fit
    return Learnt(
        given.model,
        dict(given.parameters),
        report.standard_errors if report else None,
        report.log_likelihood if report else None,
        [],
    )


def seen_of(given: ParameterSet, begin: Day) -> str:
    """Say that the set was fitted to days that it is judged by; empty if it was not, or nobody can tell."""
    fitted = read_date(given.fit.as_of) if given.fit else None
    if given.fit is None or fitted is None or fitted <= begin:
        return ""
    return f"the given parameters were fitted up to {given.fit.as_of}, so they have seen days that they are judged by"

"""All figures of one model over one window."""

from __future__ import annotations

from msgspec import Struct

from stamgast.clv.data.rows import Floats
from stamgast.clv.data.windows import Window
from stamgast.clv.selection import metrics
from stamgast.clv.selection.forecasts import Forecast, log_scores


class Judged(Struct, frozen=True, kw_only=True):
    """The figures, under the names of JSON; `stamgast.clv.selection.metrics` defines them.

    None where one means nothing.
    """

    n_mae: float
    n_rmse: float
    n_bias: float | None
    auc: float | None
    auc_p_buy: float | None = None
    v_mae: float | None
    v_bias: float | None
    top10: float | None
    log_score: float | None = None
    crps: float | None = None
    brier: float | None = None
    poisson_deviance: float | None
    slope: float | None


def judge(forecast: Forecast, window: Window, spend: Floats | None) -> Judged:
    """Judge a predictive distribution. `spend` is the mean of a purchase day to come; None: nothing about money."""
    actual = window.purchases
    return _judged(
        forecast.purchases,
        window,
        spend,
        auc_p_buy=metrics.auc(forecast.p_buy, actual),
        log_score=float(log_scores(forecast, actual).mean()),
        crps=metrics.crps(forecast, actual),
        brier=float(metrics.brier_scores(forecast.p_buy, actual).mean()),
    )


def judge_means(expected: Floats, window: Window, spend: Floats) -> Judged:
    """Judge mean numbers of purchases that come without chances."""
    return _judged(expected, window, spend)


def _judged(expected: Floats, window: Window, spend: Floats | None, **proper: float | None) -> Judged:
    actual, spent = window.purchases, window.spend
    worth = None if spend is None else expected * spend
    return Judged(
        n_mae=metrics.mean_absolute_error(expected, actual),
        n_rmse=metrics.root_mean_square_error(expected, actual),
        n_bias=metrics.bias(expected, actual),
        auc=metrics.auc(expected, actual),
        v_mae=None if worth is None else metrics.mean_absolute_error(worth, spent),
        v_bias=None if worth is None else metrics.bias(worth, spent),
        top10=None if worth is None else metrics.top_share(worth, spent),
        poisson_deviance=metrics.poisson_deviance(expected, actual),
        slope=metrics.slope(expected, actual),
        **proper,
    )

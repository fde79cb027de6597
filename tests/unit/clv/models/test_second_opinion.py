"""What lifetimes 0.11.3 says about the same customers."""

import numpy as np
import pytest

from stamgast.clv.models.fitting import fit, fit_spend
from stamgast.clv.models.scores import scores_of
from stamgast.domain.models.gamma_gamma import Spend


def of_lifetimes(fitter, shop):
    return fitter.fit(shop.rows.x, shop.rows.t_x, shop.rows.T)


def test_bg_nbd_and_mbg_nbd_are_fitted_and_scored_as_by_lifetimes(cdnow, lifetimes):
    rows = cdnow.rows
    for name, fitter in (("bg_nbd", lifetimes.BetaGeoFitter()), ("mbg_nbd", lifetimes.ModifiedBetaGeoFitter())):
        theirs = of_lifetimes(fitter, cdnow)
        ours = fit(name, rows)
        assert ours.parameters == pytest.approx(dict(theirs.params_), rel=1e-3)
        theirs.params_[:] = [ours.parameters[each] for each in theirs.params_.index]
        many = scores_of(ours.model)
        alive = theirs.conditional_probability_alive(rows.x, rows.t_x, rows.T)
        expected = theirs.conditional_expected_number_of_purchases_up_to_time(39, rows.x, rows.t_x, rows.T)
        assert many.p_alive(rows) == pytest.approx(np.asarray(alive), abs=1e-10)
        assert many.expected_purchases(rows, 39) == pytest.approx(np.asarray(expected), rel=1e-10)


def test_pareto_nbd_is_scored_as_by_lifetimes(cdnow, lifetimes):
    rows = cdnow.rows
    ours = fit("pareto_nbd", rows)
    theirs = lifetimes.ParetoNBDFitter()
    pandas = pytest.importorskip("pandas")
    theirs.params_ = pandas.Series(ours.parameters)
    many = scores_of(ours.model)

    alive = theirs.conditional_probability_alive(rows.x, rows.t_x, rows.T)
    assert many.p_alive(rows) == pytest.approx(np.asarray(alive), abs=1e-8)
    expected = theirs.conditional_expected_number_of_purchases_up_to_time(39, rows.x, rows.t_x, rows.T)
    assert many.expected_purchases(rows, 39) == pytest.approx(np.asarray(expected), rel=1e-8)
    twice = theirs.conditional_probability_of_n_purchases_up_to_time(2, 39, rows.x[:50], rows.t_x[:50], rows.T[:50])
    exactly = many.at_least(rows[:50], 39, 2) - many.at_least(rows[:50], 39, 3)
    assert exactly == pytest.approx(np.asarray(twice), abs=1e-6)


def test_gamma_gamma_is_fitted_and_scored_as_by_lifetimes(cdnow, lifetimes):
    again = cdnow.rows.x > 0
    days, totals = cdnow.rows.x[again], cdnow.repeat_spend[again]
    theirs = lifetimes.GammaGammaFitter().fit(days, totals / days)

    ours = fit_spend(cdnow.rows.x, cdnow.repeat_spend)

    assert ours is not None
    assert ours.maximum.parameters == pytest.approx(dict(theirs.params_), rel=2e-3)
    spend = Spend(*theirs.params_[["p", "q", "v"]])
    expected = theirs.conditional_expected_average_profit(days, totals / days)
    found = [spend.expected(int(n), float(total)) for n, total in zip(days, totals, strict=True)]
    assert found == pytest.approx(list(expected), rel=1e-10)

"""Figures that the papers, their spreadsheets and other packages' manuals print for the CDNOW customers.

Sources, all read as figures: Fader, Hardie and Lee, "'Counting Your Customers' the Easy Way" (2005), its spreadsheet
note, "RFM and CLV" (2005), and note 025 on the Gamma-Gamma model (2013); the manuals and tests of BTYD 2.4.3,
BTYDplus 1.2.0, CLVTools 0.12.1 and lifetimes 0.11.3.
"""

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from stamgast.clv.data.rows import make_rows
from stamgast.clv.models.bg_nbd import DropoutLikelihood
from stamgast.clv.models.gamma_gamma import SpendLikelihood
from stamgast.clv.models.maximum import maximise
from stamgast.clv.models.pareto_nbd import ParetoLikelihood
from stamgast.clv.models.scores import scores_of
from stamgast.domain.attrition import make_model
from stamgast.domain.history import History
from stamgast.domain.models.gamma_gamma import Spend

BEST_CUSTOMER = History(26, 216 / 7, 31.0)
BG = {"r": 0.242595, "alpha": 4.413602, "a": 0.792922, "b": 2.425907}
PARETO = {"r": 0.553277, "alpha": 10.577684, "s": 0.606240, "beta": 11.668739}
MBG = {"r": 0.524843, "alpha": 6.183085, "a": 0.891359, "b": 1.614002}
HALF_YEAR_AND_MORE = 39.0


def approx(of: dict[str, float], **tolerance: Any):
    return pytest.approx(of, **tolerance)


def fit_dropout(shop, k=1, *, leaves_at_once=True):
    return maximise(DropoutLikelihood(shop.collapsed, k, leaves_at_once=leaves_at_once, log_gaps=shop.log_gaps))


def test_the_sample_has_the_sums_that_everybody_starts_from(cdnow):
    assert len(cdnow.rows) == 2_357
    assert cdnow.rows.x.sum() == 2_457
    assert cdnow.rows.t_x.sum() == pytest.approx(16_135.571, abs=1e-3)
    assert cdnow.rows.T.sum() == pytest.approx(77_111.286, abs=1e-3)
    assert (cdnow.rows.x == 0).sum() == 1_411
    assert cdnow.later.sum() == 1_882
    assert cdnow.later_spend.sum() == pytest.approx(70_976.39, abs=0.005)


def test_bg_nbd_has_the_parameters_of_its_paper(cdnow):
    found = fit_dropout(cdnow, leaves_at_once=False)

    assert found.parameters == approx(BG, rel=1e-3)
    assert found.log_likelihood == pytest.approx(-9582.429, abs=0.01)
    errors = {"r": 0.0126, "alpha": 0.378, "a": 0.186, "b": 0.705}
    assert found.standard_errors == approx(errors, rel=5e-3)
    assert found.converged
    assert found.at_bounds == []


def test_pareto_nbd_has_the_parameters_that_were_published(cdnow):
    found = maximise(ParetoLikelihood(cdnow.collapsed))

    assert found.parameters == approx(PARETO, rel=5e-3)
    assert found.log_likelihood == pytest.approx(-9594.976, abs=0.01)
    errors = {"r": 0.0476264, "alpha": 0.8427222, "s": 0.1872594, "beta": 6.2105448}
    assert found.standard_errors == approx(errors, rel=1e-3)


def test_mbg_nbd_has_the_parameters_that_were_published(cdnow):
    found = fit_dropout(cdnow)

    assert found.parameters == approx({"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}, rel=1e-3)
    assert found.log_likelihood == pytest.approx(-9582.1357, abs=0.01)
    assert found.standard_errors == approx({"r": 0.083, "alpha": 0.696, "a": 0.155, "b": 0.537}, rel=5e-3)


@pytest.mark.parametrize(
    ("k", "published"),
    [
        (2, {"r": 0.580, "alpha": 2.288, "a": 1.135, "b": 1.585}),
        (3, {"r": 0.533, "alpha": 1.258, "a": 1.289, "b": 1.845}),
    ],
)
def test_mbg_cnbd_k_has_the_parameters_that_were_published_and_the_record_shop_is_not_regular(cdnow, k, published):
    found = fit_dropout(cdnow, k)

    assert found.parameters == approx(published, rel=1e-3)
    assert found.log_likelihood < fit_dropout(cdnow).log_likelihood - 100


def test_gamma_gamma_has_the_parameters_of_its_note(cdnow):
    found = maximise(SpendLikelihood(cdnow.rows.x, cdnow.repeat_spend))

    assert found.parameters == approx({"p": 6.249572, "q": 3.744225, "v": 15.443524}, rel=2e-3)
    assert found.log_likelihood == pytest.approx(-4055.9177, abs=0.001)
    assert found.standard_errors == approx({"p": 1.19, "q": 0.290, "v": 4.16}, rel=5e-3)
    parameters: dict[str, Any] = found.parameters
    spend = Spend(**parameters)
    assert spend.expected(0, 0) == pytest.approx(35.1704, abs=0.001)
    firsts = [spend.expected(int(cdnow.rows.x[i - 1]), float(cdnow.repeat_spend[i - 1])) for i in (1, 2, 3, 6, 9)]
    assert firsts == pytest.approx([24.65, 18.91, 35.17, 71.46, 27.28], abs=0.01)


def test_gamma_gamma_over_all_purchases(cdnow):
    found = maximise(SpendLikelihood(cdnow.rows.x + 1, cdnow.all_spend))

    assert found.parameters == approx({"p": 9.8813, "q": 3.3988, "v": 7.9286}, rel=1e-3)


def test_bg_nbd_scores_are_those_of_the_spreadsheet_and_of_btyd():
    bg = make_model("bg_nbd", BG)

    assert bg.expected_purchases(History(2, 30.43, 38.86), HALF_YEAR_AND_MORE) == pytest.approx(1.226, abs=1e-3)
    assert bg.expected_purchases(BEST_CUSTOMER, 52) == pytest.approx(25.75659, rel=1e-4)
    assert bg.p_alive(BEST_CUSTOMER) == pytest.approx(0.9688523, rel=1e-4)
    found = [bg.expected_purchases(History(x, 20, 39), 52) for x in (10, 15, 20, 25)]
    assert found == pytest.approx([0.3474606, 0.04283391, 0.004158973, 0.0003583685], rel=1e-4)


def test_pareto_nbd_scores_are_those_of_btyd():
    """BTYD's own parameters are a little further from the maximum, hence the tolerance."""
    pareto = make_model("pareto_nbd", PARETO)

    assert pareto.expected_purchases(BEST_CUSTOMER, 52) == pytest.approx(25.45647, rel=3e-4)
    assert pareto.p_alive(BEST_CUSTOMER) == pytest.approx(0.997874, rel=3e-4)
    found = [pareto.expected_purchases(History(x, 20, 39), 52) for x in (10, 15, 20, 25)]
    assert found == pytest.approx([0.7062289, 0.1442396, 0.02250658, 0.00309267], rel=1e-3)


def test_pareto_nbd_stays_finite_for_buyers_of_every_other_day():
    """The customers for whom other packages once had no number (CLVTools tests that theirs is finite now)."""
    pareto = make_model("pareto_nbd", {"r": 0.5143, "alpha": 2.8845, "s": 0.2856, "beta": 14.1087})
    asked = [(221, 103.42857, 103.57143), (254, 97.14286, 97.28571), (161, 94.71429, 98.0), (204, 98.57143, 99.42857)]
    expected = [0.99959605, 0.99955823, 0.74948775, 0.99425508]

    assert [pareto.p_alive(History(*each)) for each in asked] == pytest.approx(expected, abs=1e-8)
    rows = make_rows(
        [x for x, _, _ in asked], [round(t_x * 7) for _, t_x, _ in asked], [round(T * 7) for *_, T in asked]
    )
    assert scores_of(pareto).p_alive(rows) == pytest.approx(expected, abs=2e-6)


def test_lapses_are_foreseen_where_they_come():
    mbg = make_model("mbg_nbd", MBG)

    assert mbg.lapses_at(History(0, 0, 39), 0.5) == pytest.approx(12.98, abs=0.005)
    assert mbg.p_alive(BEST_CUSTOMER) == pytest.approx(0.966, abs=1e-3)
    assert mbg.lapses_at(BEST_CUSTOMER, 0.5) == pytest.approx(35.98, abs=0.01)


@pytest.mark.parametrize(
    ("name", "parameters", "by_repeats"),
    [
        ("bg_nbd", BG, [0.225, 0.523, 1.044, 1.520, 2.164, 2.654, 3.504, 6.157]),
        ("pareto_nbd", PARETO, [0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403]),
    ],
)
def test_means_by_earlier_purchases_are_those_of_btyd(cdnow, name, parameters, by_repeats):
    expected = scores_of(make_model(name, parameters)).expected_purchases(cdnow.rows, HALF_YEAR_AND_MORE)
    groups = np.minimum(cdnow.rows.x, 7)

    assert [expected[groups == x].mean() for x in range(8)] == pytest.approx(by_repeats, abs=8e-4)
    actual = [0.237, 0.697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359]
    assert [cdnow.later[groups == x].mean() for x in range(8)] == pytest.approx(actual, abs=6e-4)


@pytest.mark.parametrize(
    ("name", "parameters", "msle", "absolute", "bias"),
    [
        ("bg_nbd", BG, 0.234, 0.984, -0.121),
        ("mbg_nbd", MBG, 0.231, 0.958, -0.162),
        ("pareto_nbd", PARETO, 0.238, 0.945, -0.115),
    ],
)
def test_errors_in_the_following_half_year_are_those_of_btydplus(cdnow, name, parameters, msle, absolute, bias):
    expected = scores_of(make_model(name, parameters)).expected_purchases(cdnow.rows, HALF_YEAR_AND_MORE)
    bought = cdnow.later.sum()

    assert np.mean((np.log1p(expected) - np.log1p(cdnow.later)) ** 2) == pytest.approx(msle, abs=6e-4)
    assert np.abs(expected - cdnow.later).sum() / bought == pytest.approx(absolute, abs=6e-4)
    assert expected.sum() / bought - 1 == pytest.approx(bias, abs=6e-4)


def test_models_and_truth_go_together_as_the_paper_says(cdnow):
    bg = scores_of(make_model("bg_nbd", BG)).expected_purchases(cdnow.rows, HALF_YEAR_AND_MORE)
    pareto = scores_of(make_model("pareto_nbd", PARETO)).expected_purchases(cdnow.rows, HALF_YEAR_AND_MORE)

    assert np.corrcoef(bg, cdnow.later)[0, 1] == pytest.approx(0.626, abs=1e-3)
    assert np.corrcoef(pareto, cdnow.later)[0, 1] == pytest.approx(0.630, abs=1e-3)
    assert np.corrcoef(bg, pareto)[0, 1] == pytest.approx(0.996, abs=1e-3)


@pytest.mark.parametrize(
    ("leaves_at_once", "parameters", "log_likelihood"),
    [
        (False, {"r": 0.2516, "alpha": 4.7889, "a": 0.7234, "b": 2.1611}, -95_368.444),
        (True, {"r": 0.6371, "alpha": 7.3103, "a": 0.8075, "b": 1.2284}, -95_336.958),
    ],
)
def test_ten_times_as_many_customers(cdnow_master, leaves_at_once, parameters, log_likelihood):
    found = fit_dropout(cdnow_master, leaves_at_once=leaves_at_once)

    assert found.parameters == approx(parameters, rel=1e-3)
    assert found.log_likelihood == pytest.approx(log_likelihood, abs=0.01)


def test_those_who_never_came_back_are_worth_four_dollars_and_a_half_each(cdnow_in_full):
    """RFM and CLV (2005): 15 % a year, margin 30 %, no end; about $4.40 each for the master's 12,054."""
    found = maximise(ParetoLikelihood(cdnow_in_full.collapsed)).parameters
    fitted = maximise(SpendLikelihood(cdnow_in_full.rows.x, cdnow_in_full.repeat_spend))
    parameters: dict[str, Any] = fitted.parameters
    spend = Spend(**parameters)
    pareto = make_model("pareto_nbd", found)
    rate = math.log(1.15) / 52
    never = cdnow_in_full.rows[cdnow_in_full.rows.x == 0]

    def value(age: float) -> float:
        history = History(0, 0.0, age)
        purchases, _ = quad(lambda t: rate * math.exp(-rate * t) * pareto.expected_purchases(history, t), 0, 10_000)
        return 0.3 * spend.expected(0, 0) * purchases

    ages, counts = np.unique(never.T, return_counts=True)
    assert np.average([value(age) for age in ages[::6]], weights=counts[::6]) == pytest.approx(4.389, rel=0.02)

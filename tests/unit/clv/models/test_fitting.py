"""Fits that come to nothing are recognised, something is done about them, and it is said."""

from typing import Any

import numpy as np
import pytest

from stamgast.clv.data.rows import collapse, make_rows
from stamgast.clv.models.bg_nbd import DropoutLikelihood
from stamgast.clv.models.fitting import (
    LIKELIHOOD,
    MODELS,
    POSTERIOR,
    fit,
    fit_spend,
    fit_with_fallback,
    signs_of_nothing,
)
from stamgast.clv.models.gamma_gamma import SpendLikelihood
from stamgast.clv.models.maximum import Prior, maximise
from stamgast.clv.models.nbd import OwnRateLikelihood
from stamgast.clv.models.pareto_nbd import ParetoLikelihood
from stamgast.clv.models.scores import scores_of


@pytest.fixture(scope="module")
def nobody_leaves():
    """Buyers at rates of their own who are all still there, and the sum of ln(gap in weeks)."""
    rng = np.random.default_rng(5)
    age = rng.integers(200, 350, 800)
    rate = rng.gamma(3.0, 1 / 60.0, 800)
    days = [np.flatnonzero(rng.random(until) < per_day) + 1 for until, per_day in zip(age, rate, strict=True)]
    log_gaps = sum(float(np.log(np.diff(d, prepend=0) / 7).sum()) for d in days)
    return make_rows([len(d) for d in days], [d[-1] if len(d) else 0 for d in days], age), log_gaps


@pytest.mark.parametrize("name", MODELS)
def test_where_nobody_leaves_the_fit_is_recognised_and_replaced(nobody_leaves, name):
    rows, log_gaps = nobody_leaves
    plain = fit(name, rows, log_gaps)
    found = fit_with_fallback(name, rows, log_gaps)

    assert signs_of_nothing(plain)
    assert signs_of_nothing(found) == []
    assert found.method == POSTERIOR
    assert len(found.notes) >= 1
    assert "is not usable" in found.notes[0]
    expected = scores_of(found.model).expected_purchases(rows, 26)
    assert np.isfinite(expected).all()
    assert expected.sum() > 0.5 * (26 * (rows.x / rows.T)).sum()


@pytest.mark.parametrize("name", MODELS)
def test_a_handful_of_customers_gets_parameters_that_can_be_used(name):
    rows = make_rows([0, 1, 0, 2], [0, 14, 0, 21], [30, 40, 10, 60])

    found = fit_with_fallback(name, rows, log_gaps=1.0)

    assert found.method == POSTERIOR
    assert found.notes == (f"there are fewer than 200 customers, so {name} was fitted with a prior",)
    assert all(0 < value < 1_000 for value in found.parameters.values())
    assert (scores_of(found.model).expected_purchases(rows, 26) > 0).all()


def test_one_customer_who_came_once_today_gets_parameters_too():
    found = fit_with_fallback("mbg_cnbd_k", make_rows([0], [0], [0]), 0.0)

    assert all(np.isfinite(value) for value in found.parameters.values())


def test_a_fit_to_nobody_is_refused():
    with pytest.raises(ValueError, match="no customers"):
        fit("mbg_nbd", make_rows([], [], []))


def test_k_is_not_chosen_without_the_gaps():
    with pytest.raises(ValueError, match="ln"):
        fit("mbg_cnbd_k", make_rows([1], [7], [9]))


def test_enough_customers_are_fitted_with_a_prior_only_if_that_is_asked_for(cdnow):
    some = cdnow.rows[np.arange(600)]

    plain, steadied = fit_with_fallback("mbg_nbd", some), fit_with_fallback("mbg_nbd", some, with_prior=True)

    assert (plain.method, steadied.method) == (LIKELIHOOD, POSTERIOR)
    assert plain.notes == steadied.notes == ()
    assert plain.maximum.log_likelihood > steadied.maximum.log_likelihood


def test_a_healthy_fit_is_left_as_it_is(cdnow):
    found = fit_with_fallback("mbg_cnbd_k", cdnow.rows, cdnow.log_gaps)

    assert found.method == LIKELIHOOD
    assert found.notes == ()
    assert found.parameters["k"] == 1
    assert found.parameters["a"] == pytest.approx(fit("mbg_nbd", cdnow.rows).parameters["a"], rel=1e-6)


def test_a_part_of_a_shop_is_drawn_towards_the_whole(cdnow):
    whole = fit("mbg_nbd", cdnow.rows)
    part = cdnow.rows[np.arange(60)]

    alone = fit("mbg_nbd", part)
    drawn = fit("mbg_nbd", part, prior=Prior(tuple(whole.parameters.values()), sd=0.1))

    for name, value in whole.parameters.items():
        assert abs(np.log(drawn.parameters[name] / value)) < abs(np.log(alone.parameters[name] / value)) + 0.1
        assert drawn.parameters[name] == pytest.approx(value, rel=0.25)
    assert drawn.maximum.log_likelihood <= alone.maximum.log_likelihood


def test_collapsed_customers_are_as_likely_as_single_ones(cdnow):
    collapsed, back = collapse(cdnow.rows)
    at = np.array([0.5, 6.0, 0.9, 1.6])

    assert len(collapsed) == 1_016
    assert collapsed.customers == 2_357
    assert (collapsed[back].x == cdnow.rows.x).all()
    assert (collapsed[back].age == cdnow.rows.age).all()
    for k in (1, 3):
        once, again = (DropoutLikelihood(rows, k).at(at) for rows in (cdnow.rows, collapsed))
        assert once[0] == pytest.approx(again[0], rel=1e-12)
        assert once[1] == pytest.approx(again[1], rel=1e-9)


def test_gradients_are_the_slopes_even_for_a_purchase_every_day():
    rows = make_rows([2_000, 1_500, 0, 7, 300], [2_000, 3_000, 0, 90, 400], [2_000, 3_100, 3_000, 800, 400])
    days, totals = rows.x, np.asarray(rows.x * 12.5, dtype=np.float64)
    cases: list[tuple[Any, tuple[float, ...]]] = [
        *((DropoutLikelihood(rows, k, log_gaps=50.0), (0.7, 4.0, 1.1, 2.0)) for k in (1, 2, 4)),
        (DropoutLikelihood(rows, leaves_at_once=False), (0.7, 4.0, 1.1, 2.0)),
        (ParetoLikelihood(rows), (0.7, 4.0, 0.9, 8.0)),
        (OwnRateLikelihood(rows), (0.7, 4.0)),
        (SpendLikelihood(days, totals), (5.0, 3.0, 14.0)),
    ]
    for likelihood, at in cases:
        value, slope = likelihood.at(np.array(at))
        assert np.isfinite(value)
        for index in range(len(at)):
            step = np.eye(len(at))[index] * at[index] * 1e-5
            two = likelihood.at(np.array(at) + step)[0] - likelihood.at(np.array(at) - step)[0]
            assert slope[index] == pytest.approx(two / (2 * step[index]), rel=1e-4, abs=1e-5)


def test_spend_of_nobody_is_nothing():
    assert fit_spend(np.array([0, 0]), np.array([0.0, 0.0])) is None


def test_a_shop_with_one_price_is_fitted_with_a_prior():
    alike = fit_spend(np.full(30, 2), np.full(30, 20.0))

    assert alike is not None
    assert alike.method == POSTERIOR
    assert alike.notes
    assert alike.spend.expected(0, 0.0) == pytest.approx(10, rel=0.3)


def test_customers_who_are_all_alike_have_one_mean():
    rng = np.random.default_rng(8)
    days = rng.integers(1, 9, 5_000)
    found = fit_spend(days, rng.gamma(4.0 * days, 2.5))

    assert found is not None
    assert found.spend.expected(3, 90.0) == pytest.approx(10, rel=0.05)


def test_prices_in_yen_are_fitted_as_those_in_euros(cdnow):
    euros = fit_spend(cdnow.rows.x, cdnow.repeat_spend)
    yen = fit_spend(cdnow.rows.x, cdnow.repeat_spend * 15_000)

    assert euros is not None
    assert yen is not None
    assert yen.maximum.parameters == pytest.approx(
        {"p": euros.spend.p, "q": euros.spend.q, "v": euros.spend.v * 15_000}, rel=1e-6
    )
    assert euros.maximum.log_likelihood == pytest.approx(-4055.9177, abs=0.001)
    assert euros.maximum.standard_errors["v"] == pytest.approx(4.16, rel=5e-3)


def test_a_maximum_at_the_end_of_the_scale_says_so(nobody_leaves):
    found = maximise(DropoutLikelihood(collapse(nobody_leaves[0])[0]))

    assert found.at_bounds or found.parameters["b"] > 500 or found.parameters["a"] < 1e-2

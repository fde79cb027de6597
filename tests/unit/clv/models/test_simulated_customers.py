"""Customers drawn from a model: their parameters are found again, and as many buy as was foretold."""

from typing import Any

import numpy as np
import pytest

from stamgast.clv.models.fitting import fit, fit_spend, signs_of_nothing
from stamgast.clv.models.scores import count_distribution, scores_of
from stamgast.domain.attrition import make_model
from tests.unit.clv.simulated import SLOW, draw

TRUE = {
    "bg_nbd": {"r": 0.6, "alpha": 6.0 * SLOW, "a": 0.9, "b": 2.4},
    "mbg_nbd": {"r": 0.8, "alpha": 6.0 * SLOW, "a": 0.9, "b": 2.4},
    "mbg_cnbd_k": {"r": 1.1, "alpha": 2.5 * SLOW, "a": 0.8, "b": 2.4, "k": 3},
    "pareto_nbd": {"r": 0.8, "alpha": 8.0 * SLOW, "s": 0.7, "beta": 10.0 * SLOW},
}
WEEKS = 1_500.0
CUSTOMERS = 8_000


@pytest.fixture(scope="module", params=TRUE)
def drawn(request):
    model: Any = make_model(request.param, TRUE[request.param])
    return request.param, draw(model, CUSTOMERS, weeks=WEEKS, seed=11)


def test_the_parameters_are_found_again(drawn):
    name, customers = drawn

    found = fit(name, customers.rows, customers.log_gaps)

    assert found.parameters.get("k") == TRUE[name].get("k")
    assert signs_of_nothing(found) == []
    for parameter, error in found.maximum.standard_errors.items():
        assert 0 < error < 0.3 * TRUE[name][parameter]
        assert found.parameters[parameter] == pytest.approx(TRUE[name][parameter], abs=4 * error)


def test_as_many_buy_so_often_as_was_foretold(drawn):
    """Over all customers, how many make n purchases after the calibration: a sum of independent draws."""
    name, customers = drawn
    chances = count_distribution(scores_of(make_model(name, TRUE[name])), customers.rows, WEEKS, 12)

    for n in range(13):
        spread = np.sqrt((chances[:, n] * (1 - chances[:, n])).sum())
        assert (customers.later == n).sum() == pytest.approx(chances[:, n].sum(), abs=4.5 * spread)


def test_as_many_purchases_are_made_as_was_expected_of_every_kind_of_customer(drawn):
    name, customers = drawn
    expected = scores_of(make_model(name, TRUE[name])).expected_purchases(customers.rows, WEEKS)

    for those in (customers.rows.x == 0, customers.rows.x == 1, customers.rows.x > 4):
        spread = customers.later[those].std() * np.sqrt(those.sum())
        assert customers.later[those].sum() == pytest.approx(expected[those].sum(), abs=4.5 * spread)


def test_what_customers_spend_is_found_again():
    rng = np.random.default_rng(3)
    days = rng.integers(1, 8, 20_000)
    scale = rng.gamma(4.0, 1 / 15.0, 20_000)
    totals = rng.gamma(6.0 * days, 1 / scale)

    found = fit_spend(days, totals)

    assert found is not None
    for parameter, true in {"p": 6.0, "q": 4.0, "v": 15.0}.items():
        error = found.maximum.standard_errors[parameter]
        assert 0 < error < 0.2 * true
        assert found.maximum.parameters[parameter] == pytest.approx(true, abs=4 * error)

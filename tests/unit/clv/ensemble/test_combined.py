"""The combined model on shops that were drawn, on shops that are too small, and its parts one by one."""

from typing import Any

import numpy as np
import pytest

from stamgast.clv.data.rows import make_rows
from stamgast.clv.data.windows import up_to, window_of
from stamgast.clv.ensemble.best_model import USUAL, choose
from stamgast.clv.ensemble.members import admitted
from stamgast.clv.ensemble.weights import pool_weights
from stamgast.clv.evaluation.backtest import evaluate
from stamgast.clv.models.logistic import ridge_logistic
from stamgast.clv.models.scores import scores_of
from stamgast.clv.selection.forecasts import CorrectedForecast, ModelForecast, PoolForecast, chance_of, log_scores
from stamgast.domain.attrition import COMBINED, make_model
from tests.builders import sure
from tests.unit.clv.purchases import drawn_shop, purchases_of, regular_shop

FIRST, CUT, END = 10_000, 10_250, 10_500
pytestmark = pytest.mark.fits
MODELS = {
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.553, "alpha": 10.58, "s": 0.606, "beta": 11.67},
}
ROWS = make_rows([0, 3, 26, 0], [0, 120, 216, 0], [273, 200, 217, 20])


@pytest.fixture(scope="module")
def shop():
    return purchases_of(drawn_shop(900), END)


@pytest.fixture
def forecasts():
    return [ModelForecast(scores_of(make_model(name, values)), ROWS, 39.0) for name, values in MODELS.items()]


def test_a_corrected_pool_is_a_distribution_with_the_mean_that_it_says(forecasts):
    pool = PoolForecast(forecasts, np.array([0.3, 0.7]))
    corrected = CorrectedForecast(pool, np.array([0.1, 0.5, 0.9, 0.2]))

    chances = np.stack([chance_of(corrected, np.full(4, n)) for n in range(250)])

    assert chances.sum(axis=0) == pytest.approx(np.ones(4), abs=1e-6)
    assert chances[0] == pytest.approx(1 - corrected.p_buy)
    assert np.arange(250) @ chances == pytest.approx(corrected.purchases, rel=1e-4)
    given = chances[2] / (1 - chances[0])
    assert given == pytest.approx(chance_of(pool, np.full(4, 2)) / pool.p_buy), "how often is what the pool says"


def test_a_number_for_each_customer_is_what_that_number_for_all_says_of_them(forecasts):
    each = forecasts[1].at_least(np.array([0, 1, 5, 2]))

    assert each == pytest.approx([forecasts[1].at_least(n)[place] for place, n in enumerate((0, 1, 5, 2))])


def test_the_model_that_foretold_better_gets_the_weight_and_two_alike_share_it():
    rng = np.random.default_rng(1)
    good, bad = rng.uniform(0.5, 0.9, (2, 400)), rng.uniform(0.01, 0.2, (2, 400))

    assert pool_weights([np.column_stack([good[i], bad[i]]) for i in range(2)])[0] > 0.98
    assert pool_weights([np.column_stack([good[0], good[0]])]) == pytest.approx([0.5, 0.5])


NAMES = ["bg_nbd", "mbg_nbd", "mbg_cnbd_k", "pareto_nbd"]


def at_two_cuts(*factors: float) -> list[np.ndarray]:
    """The chances that each model gave what 300 customers did after each of two cuts."""
    rng = np.random.default_rng(2)
    return [rng.uniform(0.3, 0.7, (300, 1)) * np.array(factors) for _ in range(2)]


def test_models_alike_are_all_in_the_pool_but_the_odd_one_has_to_be_better_than_each():
    three = ["bg_nbd", "mbg_nbd", "pareto_nbd"]

    assert admitted(NAMES, at_two_cuts(0.5, 0.5, 0.5, 0.5)) == three
    assert admitted(NAMES, at_two_cuts(0.4, 0.4, 0.49, 0.5)) == three
    assert admitted(NAMES, at_two_cuts(0.4, 0.4, 0.51, 0.5)) == NAMES
    assert admitted(three, at_two_cuts(0.1, 0.2, 0.3)) == three


def test_a_shop_whose_regulars_come_every_so_often_is_foretold_by_the_model_of_it():
    found = evaluate(purchases_of(regular_shop(800), END), CUT, END)

    assert found.fits["mbg_cnbd_k"].parameters["k"] > 1
    weights = dict(zip(sure(found.combination).members, sure(found.combination).weights, strict=True))
    assert weights["mbg_cnbd_k"] > 0.9
    singles = {name: sure(found.judged[name].log_score) for name in found.fits}
    assert sure(found.judged[COMBINED].log_score) < min(singles.values()) + 0.01


def test_a_shop_of_regulars_and_of_others_is_foretold_by_all_models_together():
    others = {f"x{name}": days for name, days in drawn_shop(1_200, seed=8).items()}
    found = evaluate(purchases_of(regular_shop(1_200) | others, END), CUT, END)

    assert "mbg_cnbd_k" in sure(found.combination).members
    for single in ("bg_nbd", "mbg_nbd", "pareto_nbd"):
        assert found.gains[single]["log_score"][0] > 0, single
    assert found.gains["mbg_cnbd_k"]["log_score"][1] > 0, "not proved worse than the odd one alone"


def test_a_lull_teaches_nobody_that_fewer_will_come_and_a_rush_teaches_that_more_will():
    shop = drawn_shop(900)
    lull = range(CUT - 60, CUT + 1)
    quiet = {
        name: {day: x for day, x in days.items() if day not in lull or day == min(days) or (name + day) % 3 == 0}
        for name, days in shop.items()
    }
    busy = {name: days | ({CUT - 20 - name % 60: 9.0} if name % 4 == 0 else {}) for name, days in shop.items()}

    def lifted(sums) -> float:
        found = evaluate(purchases_of(sums, END), CUT, END)
        forecast: Any = found.forecasts[COMBINED]
        return float(forecast.p_buy.mean() - forecast.counts.p_buy.mean())

    assert lifted(quiet) == pytest.approx(0, abs=1e-9), "kept at what the models say"
    assert lifted(busy) > 0.02


def test_a_regression_with_nothing_to_learn_from_stays_where_it_was():
    around = np.array([0.0, 1.0])
    features = np.column_stack([np.ones(4), np.zeros(4)])
    stayed = ridge_logistic(features, np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4), around, np.array([1e-3, 5.0]))
    assert stayed == pytest.approx(around, abs=1e-6)


def test_a_regression_finds_what_was_put_in():
    rng = np.random.default_rng(5)
    features = np.column_stack([np.ones(20_000), rng.normal(size=20_000)])
    true = np.array([-0.5, 1.5])
    happened = (rng.random(20_000) < 1 / (1 + np.exp(-features @ true))).astype(float)
    assert ridge_logistic(features, happened, np.ones(20_000), np.zeros(2), np.full(2, 1e-3)) == pytest.approx(
        true, abs=0.06
    )


def test_where_one_model_is_the_truth_combining_loses_next_to_nothing(shop):
    found = evaluate(shop, CUT, END)

    assert found.combination is not None
    assert sure(found.judged[COMBINED].log_score) < sure(found.judged["mbg_nbd"].log_score) + 0.02
    assert set(found.combination.cuts) <= set(range(FIRST, CUT))


def test_a_small_shop_falls_back_to_the_best_single_model_and_says_so():
    found = evaluate(purchases_of(drawn_shop(60, alpha=200.0), END), CUT, END)

    assert found.combination is None
    assert found.learnt[COMBINED].fitted == found.choice.best_single
    assert "too few" in found.learnt[COMBINED].notes[0]
    assert found.judged[COMBINED] == found.judged[found.choice.best_single]
    assert found.gains == {}, "it is that model, so there is nothing to gain"
    assert {model["ci"] for model in found.document()["models"].values()} == {None}


def test_a_handful_of_customers_is_foretold_by_the_usual_model():
    few = purchases_of(drawn_shop(12), END)

    assert choose(up_to(few, CUT), END - CUT).best == USUAL
    found = evaluate(few, CUT, END)
    assert np.isfinite(log_scores(found.forecasts[COMBINED], found.window.purchases)).all()


def test_a_refund_on_a_day_without_a_purchase_lowers_what_was_spent_after_the_cut(shop):
    name = next(iter(shop.buyers))
    shop.buyers[name].amounts[END] = -5_000_000
    shop.buyers[name].refunded[END] = 5_000_000
    try:
        window = window_of(shop, END - 1, END)
    finally:
        del shop.buyers[name].amounts[END]
        shop.buyers[name].refunded.clear()

    place = window.sample.names.index(name)
    assert (window.purchases[place], window.spend[place]) == (0, -5.0)

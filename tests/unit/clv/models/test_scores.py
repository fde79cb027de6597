"""One customer in plain Python, many in numpy, and sums of positive terms: three ways to the same figures."""

import math
import random
from typing import Any

import numpy as np
import pytest

from stamgast.clv.data.rows import make_rows
from stamgast.clv.models.bg_nbd_scores import DropoutScores
from stamgast.clv.models.scores import chance_of, count_distribution, discounted_purchases, scores_of
from stamgast.domain.attrition import make_model
from stamgast.domain.history import History, history_of
from stamgast.domain.models.bg_nbd import Dropout
from stamgast.domain.residual_value import Discounting
from stamgast.domain.residual_value import discounted_purchases as discounted_for_one
from stamgast.domain.value_table import ValueTable

NAMES = ("bg_nbd", "mbg_nbd", "mbg_cnbd_k", "pareto_nbd", "nbd")


def some_models(seed: int) -> list[Any]:
    """Parameters from a hundredth to a hundred times what shops have; one a close to 1."""
    rng = random.Random(seed)

    def of(low: float, high: float) -> float:
        return math.exp(rng.uniform(low, high))

    r, alpha, a, b, s, beta = of(-3, 2), of(-1, 3), of(-2, 2), of(-2, 2), of(-2, 2), of(-1, 4)
    if seed % 3 == 0:
        a = 1 + rng.choice((-1, 1)) * 10 ** -rng.uniform(2.5, 12)
    rate = {"r": r, "alpha": alpha}
    leaving = {**rate, "a": a, "b": b}
    return [
        make_model("bg_nbd", leaving),
        make_model("mbg_nbd", leaving),
        make_model("mbg_cnbd_k", {**leaving, "k": rng.choice((2, 3, 4))}),
        make_model("pareto_nbd", {**rate, "s": s, "beta": beta}),
        make_model("nbd", rate),
    ]


def some_rows(seed: int, most: float):
    rng = np.random.default_rng(seed)
    x = np.floor(np.exp(rng.uniform(0, math.log(most), 8))).astype(int) - 1
    recency = np.where(x > 0, x + rng.integers(0, 700, 8), 0)
    return make_rows(x, recency, recency + rng.integers(0, 400, 8))


@pytest.mark.parametrize("seed", range(16))
def test_plain_python_says_what_scipy_says(seed):
    rows, weeks = some_rows(seed, 2_000 if seed % 4 == 0 else 60), random.Random(seed).uniform(0.5, 160)

    for model in some_models(seed):
        many = scores_of(model)
        alive, soon, expected = many.p_alive(rows), many.p_buy(rows, weeks), many.expected_purchases(rows, weeks)
        lapses = many.lapses_at(rows, 0.4)
        for index in range(len(rows)):
            history = rows.history(index)
            near: Any = {"rel": 1e-8, "abs": 1e-12}
            assert model.p_alive(history) == pytest.approx(alive[index], **near)
            assert model.p_buy(history, weeks) == pytest.approx(soon[index], **near)
            assert model.expected_purchases(history, weeks) == pytest.approx(expected[index], **near)
            lapse = model.lapses_at(history, 0.4)
            assert (math.inf if lapse is None else lapse) == pytest.approx(lapses[index], rel=1e-8)


@pytest.mark.parametrize("seed", range(9))
def test_the_distribution_of_counts_has_the_mean_and_the_zero_of_the_scores(seed):
    rows, weeks, most = some_rows(seed, 40), 30.0, 600

    for model in some_models(seed):
        many = scores_of(model)
        chances = count_distribution(many, rows, weeks, most)
        assert (chances >= 0).all()
        whole = chances.sum(axis=1) > 1 - 1e-13
        assert whole.sum() >= 4
        assert chances[:, 0] == pytest.approx(1 - many.p_buy(rows, weeks), abs=1e-11)
        means = chances @ np.arange(most + 1)
        assert means[whole] == pytest.approx(many.expected_purchases(rows, weeks)[whole], rel=1e-8)
        seen = np.arange(len(rows)) % 4
        assert chance_of(many, rows, weeks, seen) == pytest.approx(chances[np.arange(len(rows)), seen], abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_long_horizons_of_new_customers_are_as_exact_as_short_ones(seed):
    """The quick series for long horizons and the slow sum of positive terms are two ways to one figure."""
    rng = random.Random(seed)
    for _ in range(20):
        r, alpha, a, b = (around * math.exp(rng.gauss(0, 0.7)) for around in (0.5, 6, 1, 2.5))
        model = Dropout(r, alpha, a, b, leaves_at_once=rng.random() < 0.5)
        history = History(*rng.choice([(0, 0.0, 0.0), (0, 0.0, 3.0), (1, 2.0, 2.0), (4, 9.0, 9.0), (12, 5.0, 6.0)]))
        weeks = rng.uniform(3, 60) * (alpha + history.T)
        assert model._by_series(history, weeks) == pytest.approx(model._by_phases(history, weeks), rel=1e-9)


def test_a_purchase_every_day_for_years_overflows_nowhere():
    for model in some_models(2)[:4]:
        rows = make_rows([2_000, 2_000, 1_999, 0], [2_000, 2_100, 4_000, 0], [2_000, 2_103, 4_400, 4_400])
        many = scores_of(model)
        found = np.stack([many.p_alive(rows), many.p_buy(rows, 156), many.expected_purchases(rows, 156)])
        assert np.isfinite(found).all()
        assert (found >= 0).all()
        assert (found[:2] <= 1).all()
        assert many.at_least(rows, 156, 400)[0] > 0.2


def test_right_after_a_purchase_chances_are_at_their_best_and_only_fall():
    for model in some_models(4)[:4]:
        alive = [model.p_alive(History(5, 20.0, 20.0 + quiet)) for quiet in range(0, 60, 3)]
        assert alive == sorted(alive, reverse=True)
        assert alive[0] > alive[-1]


def test_a_lapse_is_where_p_alive_is_at_the_threshold():
    for seed in range(6):
        for model in some_models(seed)[:4]:
            for threshold in (0.2, 0.5, 0.8):
                lapse = model.lapses_at(History(3, 12.0, 12.0), threshold)
                at_once = model.p_alive(History(3, 12.0, 12.0))
                if at_once <= threshold:
                    assert lapse == 12.0
                elif lapse is not None:
                    assert model.p_alive(History(3, 12.0, lapse)) == pytest.approx(threshold, abs=1e-8)


def test_nobody_lapses_who_may_not_leave():
    bg, own = some_models(1)[0], some_models(1)[4]
    rows = make_rows([0, 2], [0, 30], [40, 40])

    assert bg.lapses_at(History(0, 0.0, 50.0), 0.5) is None
    assert scores_of(bg).lapses_at(rows, 0.5)[0] == math.inf
    assert own.lapses_at(History(4, 20.0, 90.0), 0.5) is None
    assert bg.p_alive(History(0, 0.0, 50.0)) == own.p_alive(History(4, 20.0, 90.0)) == 1.0


def test_the_next_gap_ends_within_its_quantile_as_often_as_it_says():
    """Rates drawn from what is known of the customer, k phases a gap."""
    rng = np.random.default_rng(7)
    for k in (1, 3):
        model = Dropout(0.6, 5.0, 1.0, 2.5, k)
        rates = rng.gamma(0.6 + k * 4, 1 / (5.0 + 18.0), 200_000)
        gaps = rng.gamma(k, 1 / rates)
        quantile = model.next_gap(History(4, 18.0, 18.0), 0.9)
        assert np.mean(gaps <= quantile) == pytest.approx(0.9, abs=0.003)


def test_value_is_the_sum_over_months_either_way():
    discounting = Discounting(months=36, yearly_rate=0.1, margin=0.4)
    rows = some_rows(3, 20)

    for model in some_models(5):
        many = discounted_purchases(scores_of(model), rows, discounting)
        for index in range(len(rows)):
            one = discounted_for_one(model, rows.history(index), discounting)
            assert one == pytest.approx(many[index], rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_a_value_from_the_table_is_the_sum_over_months(seed):
    discounting = Discounting(months=36, yearly_rate=0.1, margin=0.4)
    histories = [History(x, t_x, t_x + quiet) for x, t_x in ((0, 0.0), (3, 11.0)) for quiet in (0.0, 2.0, 80.0, 500.0)]
    histories += [History(400, 190.0, 191.0), History(5, 900.0, 950.0), History(2_500, 460.0, 465.0)]
    tight: Any = {"rel": 1e-9, "abs": 1e-12}

    brisk = Dropout(0.4, 0.02, 0.8, 3.0)  # ten gaps a day for some
    for model in (*some_models(seed), brisk):
        table = ValueTable(model, discounting)
        for history in histories:
            expected = discounted_for_one(model, history, discounting)
            assert table.purchases(history) == pytest.approx(expected, **tight)
            assert table.purchases(history) == pytest.approx(expected, **tight)


def test_one_purchase_a_month_for_a_year_is_worth_an_annuity():
    monthly = 1.1 ** (1 / 12) - 1
    regular = make_model("nbd", {"r": 84 / 365 * 1e6, "alpha": 1e6})
    found = discounted_for_one(regular, History(0, 0.0, 0.0), Discounting(12, 0.1, 0.5))

    assert found == pytest.approx(0.5 * (1 - 1 / 1.1) / monthly)


def test_a_history_counts_weeks_between_purchase_days():
    assert history_of(100, 142, 3, 156) == History(2, 6.0, 8.0)
    assert history_of(100, 142, 3, 100) == History(2, 6.0, 6.0)


def test_scores_of_near_one_do_not_jump():
    """At a = 1 the printed formula is 0/0."""
    rows = some_rows(9, 30)
    means = [
        DropoutScores(Dropout(0.5, 6.0, a, 2.0)).expected_purchases(rows, 39)
        for a in (1 - 1.1e-3, 1 - 0.9e-3, 1 - 1e-9, 1.0, 1 + 1e-9, 1 + 0.9e-3, 1 + 1.1e-3)
    ]
    assert np.diff(np.stack(means), 2, axis=0) == pytest.approx(0, abs=2e-3)
    assert means[2] == pytest.approx(means[3], rel=1e-8)
    assert means[4] == pytest.approx(means[3], rel=1e-8)


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("bg", {}, "there is no model 'bg'"),
        ("mbg_nbd", {"r": 1, "alpha": 1, "a": 1}, "needs the parameter b"),
        ("mbg_nbd", {"r": 1, "alpha": 1, "a": 1, "b": 1, "s": 1}, "has no parameter s"),
        ("mbg_nbd", {"r": 1, "alpha": 0, "a": 1, "b": 1}, "alpha is 0"),
        ("mbg_cnbd_k", {"r": 1, "alpha": 1, "a": 1, "b": 1, "k": 1.5}, "k is 1.5"),
    ],
)
def test_parameters_that_cannot_be_are_refused(name, parameters, said):
    with pytest.raises(ValueError, match=said):
        make_model(name, parameters)


@pytest.mark.parametrize("histories", [([1], [0], [4]), ([0], [3], [4]), ([2], [5], [4]), ([-1], [0], [1])])
def test_histories_that_cannot_be_are_refused(histories):
    with pytest.raises(ValueError, match="customer 0"):
        make_rows(*histories)

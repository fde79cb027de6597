"""What is told from series is what the models' own sums over phases say, and nothing else that was asked changes it."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stamgast.domain.attrition import CORRECTION, combine_models, make_model
from stamgast.domain.history import History
from stamgast.domain.models.bg_nbd import Dropout
from stamgast.domain.models.combined import Combined
from stamgast.domain.models.leaving_grid import grid_for
from stamgast.domain.models.phase_means import longest_for, phase_means
from stamgast.domain.residual_value import Discounting, discounted_purchases
from stamgast.domain.value_table import ValueTable

TIGHT: Any = {"rel": 1e-9, "abs": 1e-12}
REGULAR = {"r": 0.8, "alpha": 2.3, "a": 0.6, "b": 1.9}
MEMBERS = {
    "bg_nbd": {"r": 0.24, "alpha": 4.4, "a": 0.8, "b": 2.4},
    "mbg_cnbd_k": {**REGULAR, "k": 2},
    "pareto_nbd": {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7},
}
WEIGHTS = {"bg_nbd": 0.4, "mbg_cnbd_k": 0.35, "pareto_nbd": 0.25}
CORRECTED = dict(zip(CORRECTION, (39.0, -0.43, 0.68, 0.53, 0.02), strict=True))
REGRESSION = {
    "weight": 0.3, "constant": -2.5, "log_purchase_days": 0.9, "log_quiet": -0.7, "log_age": -0.2, "size": 1.2
}  # fmt: skip
HISTORIES = [
    History(x, t_x, t_x + quiet)
    for x, t_x in ((0, 0.0), (1, 3.0), (7, 9.0), (60, 80.0), (200, 90.0))
    for quiet in (0.0, 1 / 7, 4.0, 90.0)
]


def even_in_logs(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(math.log(low), math.log(high)).map(math.exp)


models = st.builds(
    Dropout,
    even_in_logs(0.05, 20.0),
    even_in_logs(0.2, 60.0),
    even_in_logs(0.02, 60.0),
    even_in_logs(0.02, 60.0),
    st.integers(1, 4),
)
ever_there = st.builds(Dropout, *[even_in_logs(0.1, 10.0)] * 4, st.just(1), st.just(value=False))


@st.composite
def histories(draw: st.DrawFn) -> History:
    x = draw(st.sampled_from((0, 1, 2, 5, 25)))
    t_x = x / 7 + draw(st.floats(0.0, 150.0)) if x else 0.0
    return History(x, t_x, t_x + draw(st.floats(0.0, 200.0)))


def pool() -> Combined:
    return combine_models(CORRECTED, MEMBERS, WEIGHTS, REGRESSION, {"mbg_cnbd_k": 0.1})


@settings(deadline=None, max_examples=60)
@given(models | ever_there, histories(), even_in_logs(1.0, 200.0))
def test_purchases_to_come_are_those_of_the_sum_over_phases(model: Dropout, history: History, weeks: float):
    means = phase_means(model, longest_for(weeks))
    if means.reaches(history, weeks):
        expected = model.expected_if_alive(history, weeks)
        assert means.expected_if_alive(history, weeks) == pytest.approx(expected, **TIGHT)


@settings(deadline=None, max_examples=40)
@given(models | ever_there, histories(), st.sampled_from((1.0, 0.8)))
def test_a_value_is_the_sum_over_months(model: Dropout, history: History, open_share: float):
    told = ValueTable(model, Discounting(months=24, margin=0.4)).purchases(history, open_share)

    summed = discounted_purchases(model, history, Discounting(months=24, margin=0.4, open_share=open_share))
    assert told == pytest.approx(summed, **TIGHT)


@pytest.mark.parametrize("months", [1, 36, 120])
def test_a_pool_with_regular_customers_in_it_is_worth_the_sum_over_months(months: int):
    discounting = Discounting(months=months)
    table = ValueTable(pool(), discounting)

    for history in HISTORIES[:14]:
        assert table.purchases(history) == pytest.approx(discounted_purchases(pool(), history, discounting), **TIGHT)


@pytest.mark.parametrize(
    ("model", "history", "discounting"),
    [
        (make_model("mbg_cnbd_k", {**REGULAR, "k": 7}), History(4, 20.0, 22.0), Discounting()),
        (make_model("mbg_cnbd_k", {**REGULAR, "k": 2}), History(4, 530.0, 540.0), Discounting()),
        (make_model("mbg_cnbd_k", {**REGULAR, "k": 2}), History(2_100, 400.0, 401.0), Discounting(months=2)),
        (make_model("mbg_cnbd_k", {**REGULAR, "k": 2}), History(4, 20.0, 22.0), Discounting(open_share=0.05)),
        (make_model("mbg_cnbd_k", {**REGULAR, "k": 2}), History(4, 20.0, 22.0), Discounting(open_share=0.0)),
    ],
)
def test_where_series_do_not_reach_the_sum_itself_is_told(model: Dropout, history: History, discounting: Discounting):
    expected = discounted_purchases(model, history, discounting)

    assert ValueTable(model, Discounting(discounting.months)).purchases(history, discounting.open_share) == expected


def test_no_score_of_a_pool_adds_up_phases(monkeypatch):
    def is_slow(*_: object) -> float:
        raise AssertionError("a sum over phases")

    monkeypatch.setattr(Dropout, "_by_phases", is_slow)
    model = pool()
    table = ValueTable(model, Discounting())

    for history in HISTORIES:
        assert table.purchases(history) > 0
        assert 0 < model.p_buy(history, 90 / 7) < model.p_buy(history, 52.0) < 1


def test_a_score_is_the_same_to_the_last_digit_whatever_was_asked_before():
    def scores(model: Combined, table: ValueTable, history: History) -> list[float]:
        weeks = (2.0, 13.0, 39.0, 52.0, 300.0)
        chances = [chance for each in weeks for chance in (model.p_buy(history, each), model.p_alive(history))]
        return [*chances, *(model.expected_purchases(history, each) for each in weeks), table.purchases(history, 0.9)]

    phase_means.cache_clear()
    worn, worn_table = pool(), ValueTable(pool(), Discounting())
    told = [scores(worn, worn_table, history) for history in HISTORIES]
    for history, before in reversed(list(zip(HISTORIES, told, strict=True))):
        phase_means.cache_clear()
        fresh = pool()
        assert scores(fresh, ValueTable(fresh, Discounting()), history) == before
        assert scores(worn, worn_table, history) == before


@pytest.mark.parametrize("a", [0.01, 0.3, 1.0, 3.0, 20.0, 190.0])
@pytest.mark.parametrize("b", [0.02, 1.0, 40.0, 2_000.0])
def test_a_grid_knows_the_moments_of_a_beta(a: float, b: float):
    grid = grid_for(a)
    weights, begin = grid.weights(a, b)

    here = grid.from_place(a, max(begin, grid.before(1 + b)), weights)
    p = grid.p[len(weights) - len(here) : len(weights)]

    mean, square = (sum(w * each**power for w, each in zip(here, p, strict=True)) / sum(here) for power in (1, 2))
    assert mean == pytest.approx(a / (a + b), rel=1e-9)
    assert square == pytest.approx(a / (a + b) * (a + 1) / (a + b + 1), rel=1e-9)

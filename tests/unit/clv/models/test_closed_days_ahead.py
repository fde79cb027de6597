"""What is foretold of a shop with closed days: nobody buys on those that are still to come."""

import numpy as np
import pytest

from stamgast.clv.data.histories import rows_as_of, split_at
from stamgast.clv.models.scores import discounted_purchases, scores_of
from stamgast.domain.attrition import make_model
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.customer import Customer
from stamgast.domain.history import History
from stamgast.domain.models.gamma_gamma import Spend
from stamgast.domain.prospects import Horizon, Prospects, prospects_of
from stamgast.domain.residual_value import Discounting
from stamgast.domain.residual_value import discounted_purchases as discounted_for_one
from stamgast.domain.value_table import ValueTable
from tests.builders import sure
from tests.unit.clv.seasonal import FIRST, Season, draw

TRUE = {"r": 0.8, "alpha": 9.0, "a": 0.7, "b": 2.4}
MODELS = {
    "mbg_nbd": TRUE,
    "mbg_cnbd_k": TRUE | {"alpha": 4.0, "k": 2},
    "pareto_nbd": {"r": 0.8, "alpha": 8.0, "s": 0.7, "beta": 10.0},
    "nbd": {"r": 0.8, "alpha": 8.0},
}
TODAY = 20_700
ANNA = Customer(visits=4, spend=16_000, first_day=TODAY - 90, last_day=TODAY - 6)


def prospects(*closed: int, model: str = "mbg_nbd", open_days: bool = True, horizon: Horizon = Horizon()) -> Prospects:  # noqa: B008
    found = ParameterSet(model, MODELS[model], Spend(6.25, 3.744, 15.44), margin=0.4, open_days=open_days)
    return prospects_of(found, 1.0, ClosedDays(closed), horizon)


@pytest.mark.parametrize("model", MODELS)
def test_nobody_is_expected_in_a_shop_that_is_closed_until_the_horizon(model: str):
    shut = prospects(*range(TODAY + 1, TODAY + 93), model=model)

    assert shut.churn_probability(ANNA, TODAY, 90) == 1
    assert 0 < sure(shut.churn_probability(ANNA, TODAY, 94)) < 1
    months = prospects(*range(TODAY + 1, TODAY + 93), model=model, horizon=Horizon(months=3))
    assert months.predicted(ANNA, TODAY, "EUR") == 0


def test_two_closed_weeks_ahead_leave_eleven_of_thirteen_to_buy_in_and_those_beyond_the_horizon_all():
    def churn(*closed: int, within: int = 91) -> float | None:
        return prospects(*closed).churn_probability(ANNA, TODAY, within)

    assert churn(*range(TODAY + 20, TODAY + 34)) == churn(within=77)
    assert churn(*range(TODAY + 92, TODAY + 120)) == churn()
    assert churn(*range(TODAY - 200, TODAY - 190)) == churn(), "before the first purchase"


def test_parameters_that_counted_closed_days_in_look_ahead_over_calendar_days():
    closed = range(TODAY + 1, TODAY + 93)
    counted, none = prospects(*closed, open_days=False), prospects()

    assert counted.churn_probability(ANNA, TODAY, 90) == none.churn_probability(ANNA, TODAY, 90)
    assert counted.predicted(ANNA, TODAY, "EUR") == none.predicted(ANNA, TODAY, "EUR")


def test_what_is_closed_every_year_is_taken_to_come_again_and_what_was_once_is_not():
    summers = [TODAY - 300 + 365 * year + day for year in (-1, 0) for day in range(28)]
    rebuilding = range(TODAY + 1, TODAY + 93)

    assert ClosedDays(tuple(summers)).closed_between(TODAY, TODAY + 3 * 365) == 3 * 28
    assert ClosedDays(tuple(rebuilding)).closed_between(TODAY, TODAY + 3 * 365) == 92
    both = ClosedDays(tuple(sorted({*summers, *rebuilding})))
    assert both.closed_between(TODAY, TODAY + 3 * 365) == pytest.approx(92 + 28 * (3 * 365 - 92) / 365)
    assert both.closed_between(TODAY, TODAY + 30) == 30
    assert both.closed_between(TODAY + 900, TODAY + 930) == 0, "a list that nobody keeps says nothing"
    assert ClosedDays().closed_between(TODAY, TODAY + 30) == 0


def test_value_to_come_of_a_shop_closed_four_weeks_a_year_is_what_its_drawn_customers_then_buy():
    """Three years ahead with the parameters that they were drawn with; by calendar weeks it is too much."""
    closed = [range(364 * year + 180, 364 * year + 208) for year in range(5)]
    drawn = draw(TRUE, Season(closed=tuple(closed)), 20_000, joins=170, days=5 * 364, seed=2)
    today = FIRST + 2 * 364 - 1
    named = ClosedDays(tuple(FIRST + day for stretch in closed[:2] for day in stretch))
    known, later = split_at(drawn, today)
    shop = prospects_of(ParameterSet("mbg_nbd", TRUE, open_days=True), 1.0, named, Horizon(36, 0.0))
    rows, scores = rows_as_of(known, today, named), scores_of(shop.model)

    told = discounted_purchases(scores, rows, shop.discounting_on(today)).sum() / later.sum()
    by_calendar = discounted_purchases(scores, rows, shop.discounting).sum() / later.sum()

    assert told == pytest.approx(1, abs=0.02)
    assert by_calendar > 1.04


@pytest.mark.parametrize("name", MODELS)
def test_a_table_of_values_is_the_sum_over_months_for_every_share_of_open_days(name: str):
    model, discounting = make_model(name, MODELS[name]), Discounting(36, 0.1, 0.4)
    table = ValueTable(model, discounting)

    for share in (1.0, 0.92, 0.5, 0.0, 0.92):
        for history in (History(0, 0.0, 3.0), History(4, 11.0, 14.0), History(4, 11.0, 60.0)):
            months = Discounting(36, 0.1, 0.4, share)
            expected = discounted_for_one(model, history, months)
            assert table.purchases(history, share) == pytest.approx(expected, rel=1e-9, abs=1e-12)
            many = discounted_purchases(scores_of(model), rows_as_of([[0, 77]], 98), Discounting(36, 0.1, 0.4, share))
            assert np.isfinite(many).all()
            assert (many[0] > 0) == (share > 0)


def test_tables_are_made_anew_some_times_a_year_and_not_every_day():
    summers = [TODAY + 100 + 365 * year + day for year in (-2, -1, 0) for day in range(28)]
    shop = prospects(*summers)

    shares = [shop.open_share(TODAY + day) for day in range(365)]

    assert len(set(shares)) <= 8
    assert all(share == pytest.approx(1 - 28 / 365, abs=0.03) for share in shares)

"""A fit that predicts worse than what is in force is not published; one that does not, is."""

import numpy as np
import pytest

from stamgast.clv.data.histories import log_gaps_of, rows_as_of, split_at
from stamgast.clv.data.state_sample import sample_of_states
from stamgast.clv.selection.validation_split import FEWEST, New, compare
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.customer import Customer
from stamgast.domain.days import encode_days
from stamgast.domain.prospects import Horizon, prospects_of
from tests.builders import sure

TODAY = 20_000
TRUE = {"r": 0.8, "alpha": 2.5, "a": 0.4, "b": 2.0}
NEW = New("mbg_nbd", ParameterSet("mbg_nbd", TRUE))


def shop(customers: int, seed: int = 7) -> list[list[int]]:
    """Purchase days over 400 days, drawn from MBG/NBD with the parameters `TRUE`."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(customers):
        rate, leaves = rng.gamma(TRUE["r"], 1 / TRUE["alpha"]), rng.beta(TRUE["a"], TRUE["b"])
        day = TODAY - rng.integers(150, 400)
        days = [int(day)]
        while rng.random() > leaves:
            day += max(1, round(rng.exponential(1 / rate) * 7))
            if day > TODAY:
                break
            days.append(int(day))
        found.append(days)
    return found


def test_parameters_that_expect_nobody_back_give_way_to_a_fit():
    hopeless = ParameterSet("mbg_nbd", TRUE | {"r": 0.02, "alpha": 60.0})
    compared = sure(compare(shop(600), TODAY, hopeless, NEW, ClosedDays()))
    assert compared.high < 0
    assert not compared.new_is_worse
    assert (compared.days, compared.cut) == (133, TODAY - 133)


def test_a_fit_to_customers_who_all_changed_their_ways_does_not_replace_one_that_knew():
    """Up to the cut all come every week, and after it never again: whoever fits to the first part is surprised."""
    customers = [[TODAY - 390 + place + 7 * week for week in range(30)] for place in range(90)]
    knowing = ParameterSet("mbg_nbd", {"r": 0.01, "alpha": 1000.0, "a": 5.0, "b": 0.1})
    compared = sure(compare(customers, TODAY, knowing, NEW, ClosedDays()))
    assert compared.new_is_worse
    assert compared.new > compared.in_force


def test_a_handful_of_customers_decides_nothing():
    assert compare(shop(FEWEST - 1), TODAY, ParameterSet("mbg_nbd", TRUE), NEW, ClosedDays()) is None


def test_what_was_known_at_a_day_holds_no_later_purchase_and_nobody_who_came_later():
    known, after = split_at([[1, 5, 9], [7, 8], [2]], 6)
    assert known == [[1, 5], [2]]
    assert after.tolist() == [1, 0]


def test_fit_and_score_leave_the_same_closed_days_out():
    closed = ClosedDays(tuple(range(110, 120)))
    days = [[100, 108, 125]]
    rows = rows_as_of(days, 131, closed)
    assert (rows.x[0], rows.recency[0], rows.age[0]) == (2, 15, 21)
    parameters = ParameterSet("mbg_nbd", TRUE, open_days=True)
    state = Customer(visits=3, first_day=100, last_day=125)
    history = sure(prospects_of(parameters, 1.0, closed, Horizon()).history(state, 131))
    assert (history.x, history.t_x, history.T) == (2, rows.t_x[0], rows.T[0])
    assert log_gaps_of(days, closed) == pytest.approx(np.log(8 / 7) + np.log(7 / 7))


def test_live_states_make_the_sample_that_their_purchases_do():
    state = Customer(visits=2, spend=5_000, profit=2_000, days=encode_days([(90, 2), (97, 1), (104, 1)]))
    live = sure(sample_of_states([("anna", state), ("nobody", Customer())], 100, "EUR"))
    assert list(live.sample.names) == ["anna"]
    assert list(live.days) == [[90, 97]], "104 is after the day that was asked for"
    assert (live.sample.all_spend[0], live.sample.margin) == (50.0, 0.4)
    assert sample_of_states([("nobody", Customer())], 100, "EUR") is None

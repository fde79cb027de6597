"""Customers of a shop with seasons: what a fit that knows of none finds of the parameters they were drawn with.

The busiest week trades four times as much as the quietest, Saturday five times as much as Sunday. Three whole years of
customers who came all year round give the parameters back: at 60,000 customers r to 3 %, alpha 6 % too large (4 % are
the whole days alone: two purchases of a day count once), the share that leaves after a purchase to 1 %. A window that
cuts a season does not. Tolerances leave room for the sampling error of 10,000 customers, 3 to 4 % each.
"""

from collections.abc import Sequence

import numpy as np
import pytest

from stamgast.clv.data.histories import rows_as_of, split_at
from stamgast.clv.models.fitting import Fit, fit, signs_of_nothing
from stamgast.clv.models.scores import scores_of
from stamgast.domain.closed_days import ClosedDays
from tests.unit.clv.seasonal import FIRST, YEAR, Season, draw

TRUE = {"r": 0.8, "alpha": 9.0, "a": 0.7, "b": 2.4}
LEAVES = TRUE["a"] / (TRUE["a"] + TRUE["b"])
SATURDAYS = (1.0, 0.6, 0.8, 1.0, 1.2, 2.0, 0.4)
BUSY_WINTER = Season(yearly=0.6, weekly=SATURDAYS)
CUSTOMERS = 10_000
QUARTER = YEAR // 4


def leaving(found: Fit) -> float:
    return found.parameters["a"] / (found.parameters["a"] + found.parameters["b"])


def fitted(customers: Sequence[Sequence[int]], days: int, closed: ClosedDays = ClosedDays()) -> Fit:  # noqa: B008
    return fit("mbg_nbd", rows_as_of(customers, FIRST + days - 1, closed))


def foretold(season: Season, *, joins: int, days: int, ahead: int) -> tuple[Fit, float]:
    """Fit to the first days; the fit, and what it expects of the days ahead over what was bought then."""
    drawn = draw(TRUE, season, CUSTOMERS, joins=joins, days=days + ahead, seed=5)
    known, later = split_at(drawn, FIRST + days - 1)
    found = fitted(known, days)
    expected = scores_of(found.model).expected_purchases(rows_as_of(known, FIRST + days - 1), ahead / 7)
    return found, float(expected.sum() / later.sum())


def test_whole_years_of_customers_who_came_all_year_give_the_parameters_back():
    found, of_actual = foretold(BUSY_WINTER, joins=YEAR, days=3 * YEAR, ahead=YEAR)

    assert signs_of_nothing(found) == []
    for name, error in found.maximum.standard_errors.items():
        assert found.parameters[name] == pytest.approx(TRUE[name], abs=4 * error)
    assert found.parameters["r"] == pytest.approx(TRUE["r"], rel=0.10)
    assert found.parameters["alpha"] == pytest.approx(TRUE["alpha"], rel=0.12)
    assert leaving(found) == pytest.approx(LEAVES, rel=0.05)
    assert of_actual == pytest.approx(1.03, abs=0.05), "and a whole year ahead is foretold rightly"


def test_a_season_ahead_is_missed_by_as_much_as_it_is_busier_than_the_year():
    _, of_actual = foretold(BUSY_WINTER, joins=YEAR, days=3 * YEAR, ahead=QUARTER)
    busier = BUSY_WINTER.trade(QUARTER).mean()

    assert busier == pytest.approx(1.38, abs=0.01)
    assert of_actual == pytest.approx(1.03 / busier, abs=0.05), "a quarter of what comes in the busy months is missed"


@pytest.mark.parametrize(
    ("years", "of_actual", "leaves"),
    [
        (0.5, 0.35, 2.05),  # it ends in the quiet months, which are taken for leaving
        (1.0, 1.13, 1.05),  # it ends in the busy months: who is away does not look it
        (1.5, 0.91, 0.78),
        (2.0, 1.05, 0.93),
    ],
)
def test_a_window_that_cuts_a_season_is_wrong_about_the_year_to_come_the_more_the_shorter_it_is(
    years: float, of_actual: float, leaves: float
):
    """Customers who all came in the first quarter, the busy one. Beside the true share that leaves after a purchase."""
    found, told = foretold(BUSY_WINTER, joins=QUARTER, days=int(years * YEAR), ahead=YEAR)

    assert told == pytest.approx(of_actual, abs=0.05)
    assert leaving(found) / LEAVES == pytest.approx(leaves, abs=0.15)


def test_weeks_in_which_the_shop_was_closed_are_recovered_from_only_if_they_are_left_out():
    """Two months closed of ten: counted as open, purchases seem a third rarer while the shop is open than they are."""
    season, days = Season(weekly=SATURDAYS, closed=(range(150, 210),)), 300
    customers = draw(TRUE, season, CUSTOMERS, joins=140, days=days, seed=7)

    left_out = fitted(customers, days, ClosedDays(tuple(FIRST + day for day in range(150, 210))))
    counted = fitted(customers, days)

    for name, error in left_out.maximum.standard_errors.items():
        assert left_out.parameters[name] == pytest.approx(TRUE[name], abs=3 * error)
    assert left_out.parameters["alpha"] == pytest.approx(TRUE["alpha"], rel=0.15)
    assert counted.parameters["alpha"] > 1.3 * TRUE["alpha"]


def test_the_shops_clock_runs_as_far_in_a_year_as_the_calendar():
    assert BUSY_WINTER.trade(YEAR).sum() == pytest.approx(YEAR)
    assert np.ptp([BUSY_WINTER.trade(YEAR)[week : week + 7].sum() for week in (0, YEAR // 2)]) > 7 * 1.1

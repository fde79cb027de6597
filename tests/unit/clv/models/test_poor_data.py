"""Whatever little a shop's purchases tell, what is said of its customers stays sensible: between what shops usually are
like and what a look at the data says."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from stamgast.clv.data.rows import Rows, make_rows
from stamgast.clv.models.fitting import FEW, fit_alike, fit_with_fallback, signs_of_nothing
from stamgast.domain.attrition import ALIKE, MBG_CNBD_K, MBG_NBD, PARETO_NBD, Model, make_model
from stamgast.domain.history import History
from stamgast.domain.quiet_spells import quiet_days

USUAL = {
    MBG_CNBD_K: make_model(MBG_NBD, {"r": 0.5, "alpha": 6.0, "a": 1.0, "b": 2.5}),
    PARETO_NBD: make_model(PARETO_NBD, {"r": 0.5, "alpha": 8.0, "s": 0.6, "beta": 12.0}),
}
SIZES = (10, 199, 200, 20_000)
AGES = (3, 14, 90, 700)
WEEKS = 4.0
Came = tuple[Rows, float]


def _of(days: list[list[int]], age: list[int]) -> Came:
    gaps = sum(np.log((later - earlier) / 7) for each in days for earlier, later in pairwise(each))
    return make_rows([len(each) - 1 for each in days], [each[-1] for each in days], age), float(gaps)


def all_once(customers: int, age: int) -> Came:
    ages = np.random.default_rng(1).integers(0, age + 1, customers)
    return _of([[0]] * customers, list(ages))


def all_on_one_day(customers: int, age: int) -> Came:
    return _of([[0]] * customers, [age] * customers)


def one_heavy_customer(customers: int, age: int) -> Came:
    return _of([[0]] * (customers - 1) + [list(range(0, age + 1, 2))], [age] * customers)


def one_in_a_hundred_came_twice(customers: int, age: int) -> Came:
    twice = max(1, customers // 100)
    return _of([[0, 2]] * twice + [[0]] * (customers - twice), [age] * customers)


def everybody_alike(customers: int, age: int) -> Came:
    came = np.random.default_rng(2).random((customers, age)) < 0.04
    return _of([[0, *(np.flatnonzero(each) + 1)] for each in came], [age] * customers)


def everybody_twice(customers: int, age: int) -> Came:
    return _of([[0, 1]] * customers, [age] * customers)


SHOPS: tuple[Callable[[int, int], Came], ...] = (
    all_once,
    all_on_one_day,
    one_heavy_customer,
    one_in_a_hundred_came_twice,
    everybody_alike,
    everybody_twice,
)


def _looks(rows: Rows) -> list[float]:
    """Chances to come within some weeks as a look at the data has them: by the rate of all, and by who came again."""
    rate = float(rows.x.sum() / max(rows.T.sum(), 1.0))
    return [1 - float(np.exp(-rate * WEEKS)), float((rows.x > 0).mean())]


@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("name", [MBG_CNBD_K, PARETO_NBD])
def test_a_new_customer_is_neither_given_up_nor_kept_for_ever(name, shop, age):
    sizes = [size for size in SIZES if size * age <= 20_000 * 90]
    for size in sizes:
        rows, log_gaps = shop(size, age)
        found = fit_with_fallback(name, rows, log_gaps)
        model, usual = found.model, USUAL[name]
        new, soon = History(0, 0.0, 0.0), History(0, 0.0, (1 if shop is everybody_twice else 4) / 7)
        said = f"{size} customers: {found.parameters}, {found.notes}"

        assert signs_of_nothing(found) == [], said
        assert model.p_alive(new) > 0.1, said
        assert model.p_alive(soon) > 0.1, said
        assert _gap(model, new) < 30 * 52, said
        looks = sorted([usual.p_buy(new, WEEKS), *_looks(rows)])
        assert looks[0] / 2 <= model.p_buy(new, WEEKS) + 0.005, said
        assert model.p_buy(new, WEEKS) <= looks[-1] * 1.25 + 0.02, said


@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("name", [MBG_CNBD_K, PARETO_NBD, ALIKE])
def test_whom_a_worker_calls_lapsed_it_calls_within_three_years(name, shop, age):
    rows, log_gaps = shop(200, age)
    found = fit_alike(rows) if name == ALIKE else fit_with_fallback(name, rows, log_gaps)

    days = quiet_days(found.model, History(0, 0.0, 0.0), 0.4, 0.95)

    assert 1 <= days <= 3 * 366, found.parameters


def _gap(model: Model, history: History) -> float:
    """Weeks after which a customer has lapsed, as timers have it: not before a quarter of those who come back would."""
    lapses = model.lapses_at(history, 0.5)
    soonest = model.next_gap(history, 0.25)
    return soonest if lapses is None else max(lapses, soonest)


def test_a_first_fit_where_everybody_came_once_says_that_it_knows_too_little():
    rows, log_gaps = all_once(FEW, 30)

    found = fit_with_fallback(MBG_CNBD_K, rows, log_gaps)

    assert found.notes == (
        "0 of 200 customers came again, which tells too little: its customers count for 200 beside the prior",
    )


def test_a_dozen_who_came_back_after_a_year_tell_that_others_will_and_chance_gaps_do_not():
    rng = np.random.default_rng(3)
    firsts = rng.integers(0, 360, 388).tolist()
    once = [[int(day)] for day in firsts]
    yearly = [[day, day + 350 + day % 10] for day in range(12)]
    by_chance = [[day, day + gap] for day, gap in enumerate((1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233))]
    ages = [370 - each[0] for each in once + yearly]

    regular, other = (fit_with_fallback(MBG_CNBD_K, *_since_first(once + some, ages)) for some in (yearly, by_chance))

    assert regular.parameters["k"] > 1
    assert regular.notes == ("12 of 400 customers came again, and regularly: it was fitted with a prior",)
    assert "which tells too little" in other.notes[0]
    half_a_year = History(0, 0.0, 26.0)
    assert regular.model.p_alive(half_a_year) > 1.5 * other.model.p_alive(half_a_year)


def _since_first(days: list[list[int]], ages: list[int]) -> Came:
    return _of([[day - each[0] for day in each] for each in days], ages)


def test_twenty_thousand_who_came_once_tell_no_more_than_two_hundred():
    few, many = (fit_with_fallback(MBG_CNBD_K, *all_on_one_day(size, 90)).parameters for size in (FEW, 100 * FEW))

    assert many == pytest.approx(few, rel=1e-3)


def test_everybody_alike_buys_at_the_rate_of_all_together():
    rows, _ = everybody_alike(2_000, 90)

    found = fit_alike(rows)

    assert found.parameters["rate"] == pytest.approx(0.28, rel=0.03)
    assert found.model.p_alive(History(0, 0.0, 50.0)) == 1
    assert found.model.lapses_at(History(0, 0.0, 0.0), 0.5) is None
    assert found.model.expected_purchases(History(9, 1.0, 50.0), 10) == pytest.approx(2.8, rel=0.03)


def test_of_nobody_who_came_again_the_rate_of_all_is_not_nothing():
    assert 0 < fit_alike(all_once(10, 0)[0]).parameters["rate"] < 0.1


def test_a_shop_of_two_weeks_tells_nothing_of_how_regularly_people_come():
    rows, log_gaps = everybody_alike(20_000, 14)

    assert fit_with_fallback(MBG_CNBD_K, rows, log_gaps).parameters["k"] == 1


def test_one_customer_does_not_say_how_regularly_everybody_comes():
    rows, log_gaps = one_heavy_customer(200, 700)

    assert fit_with_fallback(MBG_CNBD_K, rows, log_gaps).parameters["k"] == 1

"""How regularly customers come, as a fit finds it, and what is made of a silence."""

import math
import random
from itertools import pairwise

import numpy as np
import pytest

from stamgast.clv.models.regularity_fit import fit_regularity
from stamgast.clv.models.regularity_kinds import Sums, see
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet, check
from stamgast.domain.regularity import (
    PLAIN_HABITS,
    WINDOW,
    Gaps,
    Habit,
    Kind,
    Regularity,
    check_regularity,
    gaps_between,
)
from tests.unit.clv.regular_shops import MIXED, OPEN, WEEKLY, shop


def every(days: int, times: int) -> Gaps:
    return gaps_between([days * number for number in range(times + 1)], OPEN)


def quiet(found: Regularity, gaps: Gaps, visits: int, sure: float = 0.6) -> float:
    return found.silence(gaps, visits).days(found.chance_for(sure))


def test_whoever_comes_every_week_is_missed_long_before_whoever_comes_every_year():
    assert quiet(MIXED, every(7, 8), 9) < 21
    assert 365 < quiet(MIXED, every(365, 3), 4) < 600


def test_a_newcomer_borrows_from_those_who_came_as_often_and_soon_goes_their_own_way():
    newcomer = quiet(MIXED, Gaps(0, 0.0, 0.0, 0), 1)
    after_a_week, after_a_year = quiet(MIXED, every(7, 1), 2), quiet(MIXED, every(365, 1), 2)
    assert after_a_week < newcomer < after_a_year


def test_the_surer_a_shop_wants_to_be_the_later_it_is_told():
    for gaps, visits in ((every(7, 8), 9), (every(30, 2), 3), (Gaps(0, 0.0, 0.0, 0), 1), (every(365, 4), 5)):
        silence = MIXED.silence(gaps, visits)
        told = [silence.days(chance / 100) for chance in range(5, 100)]
        assert all(earlier <= later for earlier, later in pairwise(told)), gaps
        assert all(0 < each <= 36_500.1 for each in told)


def test_the_chance_of_having_left_is_that_which_was_asked_for_on_the_day_that_is_told():
    silence = MIXED.silence(every(9, 3), 4)
    for chance in (0.4, 0.6, 0.9):
        days = silence.days(chance)
        parts = [(each.share, _longer(each, days)) for each in silence.rhythms]
        longer = sum(share * part for share, part in parts)
        assert silence.odds / (silence.odds + longer) == pytest.approx(chance, abs=0.02)


def _longer(rhythm, days: float) -> float:
    """By bisection over what `log_days` says the other way round."""
    low, high = -9.0, 9.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if rhythm.log_days(middle) < math.log(days) else (low, middle)
    return 0.5 * math.erfc(low / math.sqrt(2))


def test_the_fit_and_the_core_make_the_same_of_a_customer():
    cases = [(every(7, 8), 8), (every(365, 2), 2), (Gaps(0, 0.0, 0.0, 0), 0), (gaps_between([0, 3, 50, 51], OPEN), 3)]
    columns = np.array([(*gaps, stays, 1.0) for gaps, stays in cases], dtype=float).T
    seen = see(MIXED.kinds, Sums(*columns))
    for row, (gaps, stays) in enumerate(cases):
        for column, kind in enumerate(MIXED.kinds):
            told = kind.told_by(gaps, stays)
            there = (seen.log_weights, seen.means, seen.spreads, seen.freedoms)
            assert told == pytest.approx([each[row, column] for each in there], abs=1e-9)


def test_three_thousand_purchases_say_what_the_newest_say():
    days = sorted(random.Random(3).sample(range(6_000), 3_000))
    assert gaps_between(days[-WINDOW - 1 :], OPEN).number == WINDOW
    told = quiet(MIXED, gaps_between(days[-WINDOW - 1 :], OPEN), 3_000)
    assert 1 <= told < 15


def test_a_shop_of_two_kinds_is_found_to_have_them():
    mixed = shop(7, 0.4, 20, as_of=1_500) + shop(180, 0.1, 5, as_of=1_500)
    found = fit_regularity(mixed, 1_500, OPEN)
    assert found is not None
    gaps = sorted(math.exp(each.mean) for each in found.kinds if not each.by_chance)
    assert gaps[0] == pytest.approx(7, rel=0.25)
    assert gaps[-1] == pytest.approx(180, rel=0.1)


def test_everybody_alike_is_told_sensibly():
    found = fit_regularity([[start + 7 * visit for visit in range(30)] for start in range(200)], 500, OPEN)
    assert found is not None
    check_regularity(found)
    assert 7 < quiet(found, every(7, 16), 30, 0.95) < 21


def test_a_shop_that_has_seen_nobody_leave_calls_next_to_nobody():
    customers = shop(7, 0.5, 1e9)
    found = fit_regularity(customers, 700, OPEN)

    assert found is not None
    wait = quiet(found, every(7, 16), 30)
    gaps = [later - earlier for days in customers for earlier, later in pairwise(days)]
    assert 28 < wait < 120
    assert sum(gap > wait for gap in gaps) < 0.001 * len(gaps), "of a thousand pauses none is taken for an end"


def test_yearly_buyers_are_known_before_anybody_came_a_third_time():
    """Known for two years, of whom a quarter leaves at each visit; a model alone told of one in twenty."""
    chance = random.Random(11)
    joined = [chance.randrange(700) for _ in range(400)]
    customers = [[day, *([day + chance.randint(350, 380)] if chance.random() < 0.75 else [])] for day in joined]
    known = [[day for day in days if day <= 730] for days in customers]

    found = fit_regularity(known, 730, OPEN)

    assert found is not None
    assert max(map(len, known)) == 2
    assert 365 < quiet(found, every(365, 1), 2) < 450
    assert 365 < quiet(found, Gaps(0, 0.0, 0.0, 0), 1, 0.95) < 550


@pytest.mark.parametrize("customers", [10, 49])
def test_too_few_customers_have_no_regularity_of_their_own(customers: int):
    assert fit_regularity(shop(7, 0.5, 20, customers=customers), 700, OPEN) is None


def test_where_everybody_came_once_there_is_none_either():
    assert fit_regularity([[day] for day in range(500)], 600, OPEN) is None


def test_a_dead_season_is_no_part_of_a_gap():
    winter = ClosedDays(tuple(range(100, 200)))
    assert gaps_between([93, 207], winter)[:3] == pytest.approx(gaps_between([93, 107], OPEN)[:3])
    assert gaps_between([150, 151], winter).days == 1


def test_a_shop_that_is_closed_every_winter_knows_its_customers_as_one_that_never_is():
    winters = ClosedDays(tuple(day for year in range(3) for day in range(200 + 365 * year, 350 + 365 * year)))
    open_days = shop(7, 0.45, 40, as_of=600)
    moved = [[round(winters.after(0, day)) for day in days] for days in open_days]
    as_of = round(winters.after(0, 600))
    assert fit_regularity(moved, as_of, winters) == fit_regularity(open_days, winters.open_between(0, as_of), OPEN)


def test_holidays_leave_a_fit_as_it_is():
    assert fit_regularity(shop(7, 0.45, 40), 700, ClosedDays(tuple(range(200, 242)))) == fit_regularity(
        shop(7, 0.45, 40), 700, OPEN
    )


def test_a_past_in_which_nobody_came_back_late_makes_nobody_surer_than_the_formulas():
    """Who asks for 95 % is not told at a chance of 72 %, as this past would have it: somebody may, next year."""
    chance, past = random.Random(1), []
    for _ in range(300):
        days = [chance.randrange(600)]
        while chance.random() > 1 / 15 and days[-1] < 658:
            days.append(days[-1] + chance.randrange(18, 43))
        past.append(days)
    found = fit_regularity(past, 700, OPEN)
    assert found is not None
    assert found.chance_for(0.95) >= 0.94
    assert found.chance_for(0.6) < 0.65, "below nine in ten the past has its say"


def test_a_second_fit_to_the_same_past_is_the_same():
    past = shop(30, 0.3, 10)
    assert fit_regularity(past, 700, OPEN) == fit_regularity(past, 700, OPEN)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (Regularity((), PLAIN_HABITS), "kinds is empty"),
        (Regularity((Kind(1, 2, 1, -1, 1, 0.1),), PLAIN_HABITS), "kinds[0].shape is -1"),
        (Regularity((Kind(1, 2, 1, 1, 1, 1.0),), PLAIN_HABITS), "leaves is 1"),
        (Regularity((WEEKLY,), ()), "they begin with 1"),
        (Regularity((WEEKLY,), (Habit(1, 1.0, (0.0,)),)), "a tail is 11 logarithms"),
        (Regularity((WEEKLY,), PLAIN_HABITS, ((0.5, 0.5), (0.4, 0.6))), "that rise"),
    ],
)
def test_what_cannot_be_is_refused_and_named(wrong: Regularity, told: str):
    parameters = {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 1.6}
    with pytest.raises(ValueError, match=".") as caught:
        check(ParameterSet("mbg_nbd", parameters, regularity=wrong))
    assert told in str(caught.value)


def test_a_set_with_regularity_has_a_version_of_its_own_and_one_without_keeps_its_own():
    plain = ParameterSet("mbg_nbd", {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614})
    with_it = ParameterSet("mbg_nbd", dict(plain.parameters), regularity=MIXED)
    assert plain.versioned().version == "498cd4ea0385"  # as before there was any regularity
    assert plain.versioned().version != with_it.versioned().version

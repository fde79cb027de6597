"""Naming closed days never makes a wrong call: nobody is missed sooner for it, whoever comes however they do."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stamgast.clv.models.regularity_fit import fit_regularity
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.customer import Customer
from stamgast.domain.days import encode_days
from stamgast.domain.lifecycle import quiet_timers
from stamgast.domain.program import LapseModel, surely
from stamgast.domain.prospects import Horizon, prospects_of
from stamgast.domain.regularity import Regularity
from stamgast.domain.units import DAY, Day
from tests.builders import program, sure
from tests.models import RECORD_SHOP
from tests.unit.clv.regular_shops import BY_CHANCE, MIXED, WEEKLY, YEARLY, shop


def days_of(stretches: list[tuple[Day, int]]) -> set[Day]:
    return {day for first, length in stretches for day in range(first, first + length)}


def no_season(stretches: list[tuple[Day, int]]) -> bool:
    """Closures of six weeks at most, also where one follows upon another."""
    return not ClosedDays(tuple(sorted(days_of(stretches)))).dead_seasons().days


DAYS = st.integers(10_000, 12_000)
FORTNIGHTS = st.lists(st.tuples(DAYS, st.integers(1, 42)), max_size=4).filter(no_season)
VISITS = st.one_of(
    st.sets(DAYS, min_size=1, max_size=30),
    st.builds(lambda first, gap, times: set(range(first, first + gap * times, gap)), DAYS, st.integers(1, 90), st.just(12)),
)  # fmt: skip
SHOPS = st.sampled_from(
    [MIXED, *(Regularity(kinds, MIXED.habits) for kinds in [(WEEKLY,), (BY_CHANCE,), (YEARLY, BY_CHANCE)])]
)


def timers(days: list[Day], found: Regularity, closed: set[Day], lapse: LapseModel) -> dict[str, int]:
    named = ClosedDays(tuple(sorted(closed)))
    parameters = ParameterSet("mbg_nbd", dict(RECORD_SHOP), open_days=bool(closed), regularity=found)
    of = program(prospects=prospects_of(parameters, 1.0, named, Horizon()), lapse=lapse, closed=named)
    state = Customer(
        visits=len(days), first_day=days[0], last_day=days[-1], days=encode_days([(day, 1) for day in days])
    )
    return quiet_timers(state, of)


@settings(max_examples=400, deadline=None)
@given(visits=VISITS, found=SHOPS, closed=FORTNIGHTS, rest=st.booleans(), precision=st.floats(0.05, 0.99))
def test_nobody_is_missed_sooner_because_closed_days_were_named(visits, found, closed, rest, precision):
    days, lapse = sorted(visits), surely(LapseModel(), precision)
    named = days_of(closed) | (set(range(10_003, 12_400, 7)) if rest else set())

    before, after = (timers(days, found, each, lapse) for each in (set(), named))

    assert all(after[name] >= due for name, due in before.items())
    if not rest:
        long = {name: due for name, due in before.items() if len(named & set(range(days[-1] + 1, due // DAY + 1)))}
        assert all(after[name] > due for name, due in long.items()), "a closed day within the silence counts for nobody"


@settings(max_examples=200, deadline=None)
@given(visits=VISITS, found=SHOPS, closed=FORTNIGHTS, more=FORTNIGHTS)
def test_nor_because_one_more_closure_was_named(visits, found, closed, more):
    assume(no_season([*closed, *more]))
    days = sorted(visits)

    fewer, all_of_them = (
        timers(days, found, each, LapseModel()) for each in (days_of(closed), days_of([*closed, *more]))
    )

    assert all(all_of_them[name] >= due for name, due in fewer.items())


@pytest.mark.parametrize("length", [14, 28])
def test_so_a_shop_makes_fewer_wrong_calls_for_naming_its_fortnights_and_never_another_one(length):
    fortnights = {day for year in range(3) for day in range(200 + 365 * year, 200 + length + 365 * year)}
    moved = ClosedDays(tuple(sorted(fortnights)))
    past = [[round(moved.after(0, day)) for day in days] for days in shop(7, 0.45, 40, as_of=900)]
    found = sure(fit_regularity(past, 950, moved))

    wrong = {name: set(wrong_calls(past, found, named)) for name, named in (("named", fortnights), ("not", set()))}

    assert wrong["named"] < wrong["not"]


def wrong_calls(past: list[list[Day]], found: Regularity, closed: set[Day]):
    """Visits after which somebody who came again would have been called lapsing before."""
    for number, days in enumerate(past):
        for index in range(1, len(days)):
            if timers(days[:index], found, closed, LapseModel())["lapse"] // DAY <= days[index]:
                yield number, index


@pytest.mark.parametrize(
    ("named", "closures"),
    [
        (set(range(3, 400, 7)), set()),
        (set(range(3, 3 + 7 * 12, 7)), set(range(3, 3 + 7 * 12, 7))),
        (set(range(3, 400, 7)) | set(range(100, 114)), set(range(100, 114))),
        (set(range(2, 400, 7)) | set(range(3, 400, 7)) | {50}, {50}),
        (set(range(100, 250)), set(range(100, 250))),
    ],
    ids=["every Sunday", "a summer's Sundays", "a fortnight besides", "weekends and a holiday", "the whole winter"],
)
def test_a_weekly_day_of_rest_is_no_closure(named, closures):
    assert set(ClosedDays(tuple(sorted(named))).closures().days) == closures

"""Days of many states at once are those of each."""

import random

import numpy as np
import pytest

from stamgast.clv.data.buyers import DaysOf
from stamgast.clv.data.coded_days import days_in
from stamgast.clv.data.histories import log_gaps_of, rows_as_of, split_at
from stamgast.clv.data.packed_names import Names, packed
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.days import decode_days, encode_days

CHANCE = random.Random(8)
LISTS = [
    sorted(CHANCE.sample(range(CHANCE.choice((1, 127, 128, 16_384, 20_000)), 21_000), CHANCE.choice((0, 1, 2, 9, 60))))
    for _ in range(200)
]
CLOSED = ClosedDays(tuple(range(20_100, 20_160)))


def coded(lists: list[list[int]]) -> list[bytes]:
    return [encode_days([(day, CHANCE.choice((1, 2, 130, 20_000))) for day in days]) for days in lists]


@pytest.mark.parametrize("lists", [LISTS, [[]], [], [[], [7], []]], ids=["many", "nobody's", "none", "gaps"])
def test_all_days_are_those_of_each_state(lists: list[list[int]]):
    values = coded(lists)
    days, bounds = days_in(values)
    assert list(DaysOf(days, bounds)) == [[day for day, _ in decode_days(value)] for value in values] == lists


def test_who_never_bought_is_left_out_with_the_places_of_the_others():
    found, places = DaysOf(*days_in(coded([[], [3, 9], [], [5]]))).of_buyers()
    assert (list(found), places.tolist()) == ([[3, 9], [5]], [1, 3])


@pytest.mark.parametrize("closed", [ClosedDays(), CLOSED], ids=["open", "closed"])
def test_columns_make_the_same_rows_gaps_and_halves_as_lists(closed: ClosedDays):
    lists = [days for days in LISTS if days]
    columns = DaysOf(*days_in(coded(lists)))
    ours, theirs = (rows_as_of(each, 21_050, closed) for each in (columns, lists))
    assert all(np.array_equal(getattr(ours, name), getattr(theirs, name)) for name in ("x", "recency", "age", "count"))
    assert log_gaps_of(columns, closed) == pytest.approx(log_gaps_of(lists, closed))
    (known, came), (known_too, came_too) = split_at(columns, 20_200), split_at(lists, 20_200)
    assert (list(known), came.tolist()) == (list(known_too), came_too.tolist())


def test_names_that_are_packed_are_told_as_they_were():
    names = ["cewtfvhhjywenyds7hx5gexud", "anna", "zoë", "b"]
    found = Names(np.concatenate([packed(names[:1]), packed([]), packed(names[1:])]))
    assert (list(found), found[2], found[1:3], len(found)) == (names, "zoë", names[1:3], 4)

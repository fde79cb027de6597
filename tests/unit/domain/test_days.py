"""Visit days: what is read off the end of the value and changed in its middle is what the whole list says."""

from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stamgast.domain import days
from stamgast.domain.customer import Customer
from stamgast.domain.days import (
    append_day,
    came_between,
    change_day,
    days_since,
    decode_days,
    encode_days,
    last_gap,
    log_gap,
    newest_days,
    purchases_on,
    spot_of,
)
from stamgast.domain.ledger import Entry
from stamgast.domain.purchase_effects import _move_days

VISITS = st.dictionaries(st.integers(1, 40_000), st.integers(1, 1_000), max_size=40)
DAYS = st.integers(1, 40_001)
REGULAR = dict.fromkeys(range(20_000, 24_000, 4), 1)


@given(VISITS.filter(lambda visits: len(visits) > 1))
def test_the_last_gap_is_read_off_the_end_alone(visits: dict[int, int]):
    days = sorted(visits.items())
    assert last_gap(encode_days(days)) == days[-1][0] - days[-2][0]
    assert decode_days(encode_days(days)) == days


@given(VISITS, DAYS, st.integers(1, 50))
@example(REGULAR, 20_000, 3)
@example(REGULAR, 23_001, 3)
@example({}, 5, 1)
def test_what_is_read_off_the_end_is_what_the_whole_list_says(visits: dict[int, int], day: int, count: int):
    value, last = encode_days(sorted(visits.items())), max(visits, default=0)
    older, newer = [each for each in visits if each < day], [each for each in visits if each > day]
    spot = spot_of(value, last, day)
    assert (spot.before, spot.purchases, spot.after) == (
        max(older, default=None), visits.get(day, 0), min(newer, default=None),
    )  # fmt: skip
    assert purchases_on(value, last, day) == visits.get(day, 0)
    assert days_since(value, last, day) == sorted(each for each in visits if each >= day)
    assert newest_days(value, last, count) == sorted(visits)[-count:]
    assert came_between(value, last, day, day + 30) == any(day <= each <= day + 30 for each in visits)


@given(VISITS, DAYS, st.sampled_from([-3, -1, 1, 200]))
@example(REGULAR, 20_000, -1)
@example(REGULAR, 19_000, 1)
@example(REGULAR, 23_996, -1)
def test_a_day_that_changes_leaves_the_value_of_the_changed_list(visits: dict[int, int], day: int, by: int):
    value, last = encode_days(sorted(visits.items())), max(visits, default=0)
    left = visits | {day: visits.get(day, 0) + by}
    kept = sorted((each, so_many) for each, so_many in left.items() if so_many > 0)
    assert change_day(value, last, day, by)[0] == encode_days(kept)
    if by == 1 and day >= last:
        assert append_day(value, last, day) == encode_days(kept)


class AllDays:
    """What a ledger says of each day."""

    def __init__(self, counts: dict[int, int]) -> None:
        self._counts = counts

    def purchases_by_day(self) -> dict[int, int]:
        """As a case says it."""
        return {day: times for day, times in self._counts.items() if times}


@pytest.mark.parametrize(("plenty", "kept"), [(days.PLENTY, days.KEPT), (1, 1), (12, 10), (6, 100)])
@given(changes=st.lists(st.tuples(st.integers(1, 60), st.booleans()), max_size=60))
def test_sums_of_visits_are_those_of_all_days_in_whatever_order_purchases_come_and_go(
    plenty: int, kept: int, changes: list[tuple[int, bool]]
):
    """Whether the state has all of them, or let go of those of long ago."""
    customer, counts = Customer(), dict[int, int]()
    memory: Any = AllDays(counts)
    nothing = Entry(day=0, spend=0, profit=0, counts=0)
    with patch.object(days, "PLENTY", plenty), patch.object(days, "KEPT", kept):
        for day, comes in changes:
            if not comes and not counts.get(day):
                continue
            sale = Entry(day=day, spend=0, profit=0, counts=1)
            _move_days(customer, *((nothing, sale) if comes else (sale, nothing)), memory)
            counts[day] = counts.get(day, 0) + (1 if comes else -1)
            visited = sorted(each for each, so_many in counts.items() if so_many)
            gaps = sum(log_gap(later - earlier) for earlier, later in pairwise(visited))
            assert (customer.visits, customer.gaps) == (len(visited), gaps)
            assert (customer.first_day, customer.last_day) == ((visited[0], visited[-1]) if visited else (0, 0))
            known = decode_days(customer.days)
            assert known == [(each, counts[each]) for each in visited][len(visited) - len(known) :]
            assert {each for each in visited if each >= visited[-1] - kept} <= {each for each, _ in known}


def test_days_of_long_ago_are_let_go_of_only_where_there_are_many():
    seldom = encode_days([(day, 1) for day in range(10_000, 20_000, 100)])
    assert days.trimmed(seldom, 19_900) == seldom
    often = encode_days([(day, 1) for day in range(10_000, 20_000, 2)])
    left = days.trimmed(often, 19_998)
    assert decode_days(left) == [(day, 1) for day in range(19_998 - days.KEPT, 20_000, 2)]
    assert days.trimmed(left, 19_998) == left
    assert not days.is_whole(left, 5_000)
    assert days.is_whole(often, 5_000)


def test_what_a_worker_of_before_reckoned_from_the_days_that_it_saw_is_put_right_with_the_next_old_day():
    counts = dict.fromkeys(range(10_000, 15_000, 3), 1)
    memory: Any = AllDays(counts)
    nothing = Entry(day=0, spend=0, profit=0, counts=0)
    customer = Customer()
    for day in counts:
        _move_days(customer, nothing, Entry(day=day, spend=0, profit=0, counts=1), memory)
    truth = (customer.visits + 1, 9_999, customer.gaps + log_gap(1))
    customer.first_day, customer.gaps = days.first_of(customer.days), customer.gaps // 2
    _move_days(customer, nothing, Entry(day=9_999, spend=0, profit=0, counts=1), memory)
    assert (customer.visits, customer.first_day, customer.gaps) == truth

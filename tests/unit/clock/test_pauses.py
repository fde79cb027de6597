"""How long is waited before what failed is tried again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.clock.pauses import pause_after


def test_pauses_double_up_to_their_bound():
    pauses = [pause_after(failures, first_s=0.5, most_s=5, chance=lambda: 0.0) for failures in range(1, 7)]

    assert pauses == [0.5, 1, 2, 4, 5, 5]


@pytest.mark.parametrize(("chance", "expected"), [(0.0, 4.0), (0.5, 3.0), (1.0, 2.0)])
def test_chance_takes_up_to_half_of_a_pause(chance: float, expected: float):
    assert pause_after(9, first_s=1, most_s=4, chance=lambda: chance) == expected


@given(st.integers(0, 10**9))
def test_no_number_of_failures_makes_a_pause_longer_than_its_bound_or_none_at_all(failures: int):
    assert 0.1 < pause_after(failures, first_s=0.25, most_s=5) <= 5

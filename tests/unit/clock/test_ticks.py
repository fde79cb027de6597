"""Who looks again and again looks when the others do."""

from __future__ import annotations

from itertools import pairwise

import pytest

from stamgast.clock.ticks import until_tick


@pytest.mark.parametrize("began", [1_000.0, 1_000.07, 1_000.19, 1_000.2])
def test_who_began_at_different_moments_looks_at_the_same_ones(began: float) -> None:
    moments = [began]
    for took in (0.0, 0.001, 0.03, 0.0):
        now = moments[-1] + took
        moments.append(now + until_tick(0.2, now))
    others = 1_000.0 + until_tick(0.2, 1_000.0)
    assert all(abs((moment - others) / 0.2 - round((moment - others) / 0.2)) < 1e-6 for moment in moments[1:])
    assert all(later - earlier == pytest.approx(0.2) for earlier, later in pairwise(moments[1:]))


@pytest.mark.parametrize("now", [50 + number / 100 for number in range(40)])
def test_a_pause_is_never_much_shorter_or_longer_than_was_asked_for(now: float) -> None:
    assert 0.0499 <= until_tick(0.2, now) <= 0.2501


def test_a_tick_of_the_rare_is_one_of_the_frequent() -> None:
    rare = 1_000.0 + until_tick(1.0, 1_000.0)
    frequent = 1_000.0 + until_tick(0.2, 1_000.0)
    assert (rare - frequent) / 0.2 == pytest.approx(round((rare - frequent) / 0.2))

"""How long the worker waits for company, and in the night for news."""

from __future__ import annotations

import pytest

from streams.runtime.fetching import patience_ms
from streams.runtime.partitions import company_s


@pytest.mark.parametrize("fetched", [1, 5, 19])
def test_after_a_few_purchases_the_next_are_asked_for_a_moment_later(fetched: int):
    assert 0 < company_s(fetched, crowded=False) <= 0.005


@pytest.mark.parametrize(("fetched", "crowded"), [(0, False), (20, False), (5_000, False), (3, True)])
def test_nobody_waits_where_much_comes_or_nothing_or_a_partition_cannot_keep_up(fetched: int, crowded: bool):
    assert company_s(fetched, crowded=crowded) == 0


def test_a_broker_holds_the_question_longer_the_longer_nothing_came():
    by_day, by_night = patience_ms(0.0, of_all=True), patience_ms(3_600.0, of_all=True)
    assert by_day == patience_ms(4.9, of_all=True) == 100
    assert by_night == 500


@pytest.mark.parametrize("quiet_s", [0.0, 3_600.0])
def test_a_partition_that_is_being_taken_is_asked_for_soon_at_any_hour(quiet_s: float):
    assert patience_ms(quiet_s, of_all=False) == 20

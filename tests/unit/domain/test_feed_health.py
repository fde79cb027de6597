"""A feed is judged by what is usual for its store, in its opening hours."""

import random
from datetime import UTC, datetime, timedelta

from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.feed_health import FeedStats, Health
from stamgast.domain.units import DAY, HOUR, MINUTE

ZONE = "Europe/Brussels"
MONDAY = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1_000)


def bakery(weeks: int = 4, every: int = 5) -> tuple[FeedStats, int]:
    """Tuesday to Saturday, 8 to 18 local time, a sale every five minutes or so; and when the last of them was."""
    stats, chance, at = FeedStats(), random.Random(1), MONDAY
    last = at
    while at < MONDAY + weeks * 7 * DAY:
        local = datetime.fromtimestamp(at / 1_000, UTC) + timedelta(hours=1)
        if 1 <= local.weekday() <= 5 and 8 <= local.hour < 18:
            stats.note(at, at, ZONE)
            last = at
        at += int(chance.expovariate(1 / (every * MINUTE)))
    return stats, last


def test_nothing_is_usual_of_a_store_that_was_just_connected():
    stats = FeedStats()
    assert stats.health(MONDAY, ZONE) is Health.HEALTHY
    stats.note(MONDAY, MONDAY, ZONE)
    assert stats.health(MONDAY + 30 * DAY, ZONE) is Health.HEALTHY


def test_a_gap_beyond_the_usual_is_quiet_and_three_times_that_stale():
    stats, _ = bakery()
    assert 15 * MINUTE <= stats.usual_gap <= 40 * MINUTE
    noon = MONDAY + 29 * DAY + 11 * HOUR  # a Tuesday
    stats.note(noon, noon, ZONE)
    assert stats.health(noon + 10 * MINUTE, ZONE) is Health.HEALTHY
    assert stats.health(noon + stats.usual_gap + MINUTE, ZONE) is Health.QUIET
    assert stats.health(noon + 3 * stats.usual_gap + MINUTE, ZONE) is Health.STALE


def test_nights_and_closed_days_make_nobody_quiet():
    stats, last = bakery()
    assert stats.health(last + 12 * HOUR, ZONE) is Health.HEALTHY
    sunday_evening = MONDAY + 27 * DAY + 20 * HOUR
    assert stats.health(sunday_evening, ZONE) is Health.HEALTHY
    assert stats.health(sunday_evening + DAY, ZONE) is Health.HEALTHY
    assert stats.health(sunday_evening + 2 * DAY, ZONE) is Health.STALE


def test_days_on_which_the_shop_is_closed_make_nobody_quiet():
    stats, last = bakery()
    saturday_to_wednesday = last + 4 * DAY
    assert stats.health(saturday_to_wednesday, ZONE) is Health.STALE
    days = tuple(range(last // DAY + 1, last // DAY + 5))
    assert stats.health(saturday_to_wednesday, ZONE, closed=ClosedDays(days)) is Health.HEALTHY
    assert stats.health(saturday_to_wednesday, ZONE, closed=ClosedDays(days[:2])) is Health.STALE


def test_the_night_in_which_the_clocks_change_is_no_gap():
    stats, last = bakery()
    assert datetime.fromtimestamp(last / 1_000, UTC).date() == datetime(2026, 3, 28, tzinfo=UTC).date()
    assert stats.open_between(last, last + 18 * HOUR, ZONE) < 30 * MINUTE


def test_a_backlog_that_comes_at_once_teaches_nothing():
    stats, last = bakery()
    before = stats.usual_gap
    at = last + DAY
    for number in range(5_000):
        stats.note(last + number, at, ZONE)
    assert stats.usual_gap == before
    assert stats.last == at


def test_polling_that_fails_for_an_hour_is_stale_whatever_came():
    stats, last = bakery()
    assert stats.health(last, ZONE, failing_since=last - HOUR + 1) is Health.HEALTHY
    assert stats.health(last, ZONE, failing_since=last - HOUR) is Health.STALE


def test_habits_change_and_a_busy_store_stays_small():
    stats = FeedStats()
    for number in range(120_000):
        at = MONDAY + number * 10_000
        stats.note(at, at, ZONE)
    assert stats.sales <= 50_000
    assert stats.usual_gap < MINUTE

"""A shop's time with a season: how days are counted, and that it is time as any other."""

from datetime import date

import pytest

from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.season import PARTS, YEAR, Season, check_season, season_of, shop_time
from stamgast.domain.trades import Trade, season_of_trade
from tests.builders import sure

CLOSED = ClosedDays((20_100, 20_101, 20_110))
BUSY = season_of([1.0] * 40 + [3.0] * 12)


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal() - date(1970, 1, 1).toordinal()


def test_days_that_all_weigh_alike_are_those_of_the_calendar():
    flat = shop_time(CLOSED, season_of([2.0] * PARTS))

    for first in range(20_090, 20_115):
        for later in range(30):
            assert flat.open_between(first, first + later) == CLOSED.open_between(first, first + later)
            for days in (later, later + 0.5):
                assert flat.after(first, days) == pytest.approx(CLOSED.after(first, days), abs=1e-6)


def test_a_busy_week_is_longer_than_a_quiet_one_and_a_year_is_a_year():
    time = shop_time(ClosedDays(), BUSY)

    assert time.open_between(day("2026-03-01"), day("2026-03-31")) == 21
    assert time.open_between(day("2026-11-01"), day("2026-12-01")) == 62
    for first in range(20_000, 20_400, 7):
        assert time.open_between(first, first + 1461) == 1461
        assert abs(time.open_between(first, first + 365) - 365) <= 3


def test_a_closed_day_counts_for_nothing_however_busy_its_season_is():
    shut = ClosedDays((day("2026-12-25"), day("2026-12-26")))

    found = shop_time(shut, BUSY).open_between(day("2026-12-24"), day("2026-12-28"))

    assert found == 4, "of four days two are open, each twice as long as one of the calendar"


def test_time_that_has_passed_is_found_again():
    time = shop_time(CLOSED, BUSY)

    for first in range(20_080, 20_500, 11):
        for days in (0.5, 1, 30, 400, 2_000):
            after = time.after(first, days)
            assert time.open_between(first, first + int(after)) == pytest.approx(days, abs=3.0)
            assert time.after(first, days + 1) > after
            assert first + after > first


@pytest.mark.parametrize("trade", Trade)
def test_each_trade_has_a_season(trade: Trade):
    season = season_of_trade(trade)

    check_season(season)
    assert season.origin == trade
    assert len(set(season.weekly)) > 6


def test_trades_are_busy_when_people_know_them_to_be():
    def busiest(trade: Trade) -> int:
        weekly = season_of_trade(trade).weekly
        return max(range(PARTS), key=lambda part: weekly[part])

    assert busiest(Trade.CLOTHING) > 47
    assert busiest(Trade.HOBBIES) > 47
    assert 17 <= busiest(Trade.GARDEN) <= 21


@pytest.mark.parametrize(
    ("weekly", "said"),
    [
        ((1.0,) * 51, "has 51 weights; it must have 52"),
        ((0.0,) + (1.0,) * 51, "must be from 0.02 to 52"),
        ((2.0,) + (1.0,) * 51, "1 on average, and are 1.01923"),
        ((float("nan"),) + (1.0,) * 51, "must be from 0.02 to 52"),
    ],
)
def test_a_season_that_days_cannot_be_counted_by_says_why(weekly: tuple[float, ...], said: str):
    with pytest.raises(ValueError, match=said):
        check_season(Season(weekly))


def test_no_season_ever_stands_still():
    found = season_of([0.0] * 51 + [1.0])

    check_season(found)
    time = shop_time(ClosedDays(), found)
    assert time.after(day("2026-02-01"), 1.0) < YEAR
    assert sure(min(found.weekly)) > 0

"""The month that a clock shows, asked once for a whole day."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.calendar import business_day, local_time
from stamgast.domain.day_sums import month_of, month_of_all_day
from stamgast.domain.units import DAY, MINUTE
from tests.builders import at

ZONES = ("Europe/Brussels", "Pacific/Auckland", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "UTC")
moments = st.integers(0, 2_000_000_000_000)


@given(moments, st.sampled_from(ZONES))
def test_a_whole_day_of_one_month_is_in_it_all_day(moment: int, zone: str):
    known = month_of_all_day(moment // DAY, zone)
    shown = f"{datetime.fromtimestamp(moment // 1000, ZoneInfo(zone)):%Y-%m}"
    assert known in {"", shown}
    assert month_of(business_day(moment, zone)) == shown


@pytest.mark.parametrize(
    ("moment", "month"),
    [("2026-09-30 21:59", "2026-09"), ("2026-09-30 22:00", "2026-10"), ("2026-10-25 01:30", "2026-10")],
)
def test_a_day_that_shows_two_months_or_on_which_the_clock_is_changed_is_asked_by_the_moment(moment: str, month: str):
    assert not month_of_all_day(at(moment) // DAY, "Europe/Brussels")
    assert month_of(business_day(at(moment), "Europe/Brussels")) == month


@given(moments, st.sampled_from(ZONES))
def test_the_hands_of_a_clock_stand_where_the_zone_says(moment: int, zone: str):
    there = datetime.fromtimestamp(moment // 1000, ZoneInfo(zone))
    local = local_time(moment, zone)
    assert (local.minute, local.weekday) == (there.hour * 60 + there.minute, f"{there:%A}".lower())
    assert local.day == (moment + round(there.utcoffset().total_seconds()) * 1000) // DAY  # type: ignore[union-attr]
    assert MINUTE * local.minute < DAY

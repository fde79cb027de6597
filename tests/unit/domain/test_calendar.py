"""Which day a purchase belongs to: the store's own, also in the nights in which the clock is changed."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from stamgast.domain.calendar import at_local, business_day, date_of, local_time
from stamgast.domain.units import DAY, MINUTE
from tests.builders import at, bought, bundle, card, program
from tests.fakes.in_memory import Owner

BRUSSELS = "Europe/Brussels"


@pytest.mark.parametrize(
    ("moment", "day_start", "day"),
    [
        ("2026-03-28 22:59", 0, "2026-03-28"),  # 23:59 winter time
        ("2026-03-28 23:00", 0, "2026-03-29"),  # midnight
        ("2026-03-29 00:59", 0, "2026-03-29"),  # 01:59, the last minute before the jump
        ("2026-03-29 01:00", 0, "2026-03-29"),  # 03:00 summer time
        ("2026-03-29 00:30", 4, "2026-03-28"),  # 01:30 in a bar that closes late
        ("2026-03-29 01:30", 4, "2026-03-28"),  # 03:30 summer time: the day begins at four
        ("2026-03-29 01:59", 4, "2026-03-28"),
        ("2026-03-29 02:00", 4, "2026-03-29"),  # 04:00 summer time
        ("2026-10-25 00:30", 0, "2026-10-25"),  # 02:30, the first time
        ("2026-10-25 01:30", 0, "2026-10-25"),  # 02:30, the second time
        ("2026-10-25 00:59", 3, "2026-10-24"),
        ("2026-10-25 01:59", 3, "2026-10-24"),  # 02:59, the second time
        ("2026-10-25 02:00", 3, "2026-10-25"),  # 03:00 winter time
        ("2026-10-25 22:59", 0, "2026-10-25"),  # a day of 25 hours
        ("2026-10-25 23:00", 0, "2026-10-26"),
    ],
)
def test_a_business_day_begins_at_the_stores_hour_also_when_the_clock_changes(moment, day_start, day):
    assert str(date_of(business_day(at(moment), BRUSSELS, day_start))) == day


def test_a_time_of_day_that_the_clock_skips_is_the_moment_after_the_jump():
    sunday = business_day(at("2026-03-29 12:00"), BRUSSELS)
    assert local_time(at_local(sunday, 150, BRUSSELS), BRUSSELS).minute in (90, 210)
    assert at_local(sunday, 540, BRUSSELS) == at("2026-03-29 07:00")


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_every_quarter_of_a_year_is_on_the_wall_where_the_zone_says(zone):
    begin = at("2026-01-01 00:00")
    for moment in range(begin, begin + 366 * DAY, 15 * MINUTE):
        wall = datetime.fromtimestamp(moment / 1000, ZoneInfo(zone))
        local = local_time(moment, zone)
        assert (date_of(local.day), local.minute) == (wall.date(), wall.hour * 60 + wall.minute)


def test_nine_in_the_morning_is_nine_on_the_wall_before_and_after_the_clock_changes():
    for day, utc in (
        ("2026-10-24", "07:00"),
        ("2026-10-25", "08:00"),
        ("2026-03-28", "08:00"),
        ("2026-03-29", "07:00"),
    ):
        assert at_local(business_day(at(f"{day} 12:00"), BRUSSELS), 540, BRUSSELS) == at(f"{day} {utc}")


def test_a_night_at_the_bar_is_one_visit_and_one_capped_day():
    owner = Owner(bundle(program(card(stamps=9, max_per_day=1))))
    owner.apply(bought("t1", at("2026-10-24 20:00"), store="bar"))  # 22:00
    owner.apply(bought("t2", at("2026-10-25 01:30"), store="bar"))  # 02:30 for the second time; the day begins at five
    state = owner.state()
    assert (state.purchases, state.visits, state.cards["bread"].balance) == (2, 1, 1)
    owner.apply(bought("t3", at("2026-10-25 04:00"), store="bar"))  # 05:00: the next day
    state = owner.state()
    assert (state.purchases, state.visits, state.cards["bread"].balance) == (3, 2, 2)


def test_a_store_the_programme_does_not_know_keeps_the_merchants_calendar():
    owner = Owner(bundle(program()))
    owner.apply(bought("t1", at("2026-10-01 22:30"), store="market"))  # 00:30 in Amsterdam
    assert str(date_of(owner.state().last_day)) == "2026-10-02"

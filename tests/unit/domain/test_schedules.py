"""Occasions of schedules: by the shop's own clock, whatever clocks do there."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stamgast.domain.schedules import LAST_DAY, Each, Schedule, place_in_spread
from stamgast.domain.units import DAY, HOUR

HERE = "Europe/Amsterdam"


def moment(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def shown(schedule: Schedule, after: str, count: int, zone: str = HERE) -> list[str]:
    found, at = [], moment(after)
    for _ in range(count):
        following = schedule.after(at, zone)
        assert following is not None
        at = following
        found.append(datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="minutes").removesuffix("+00:00"))
    return found


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        (Schedule(Each.WEEK), "2026-03-20T00:00Z", ["2026-03-23T09:00", "2026-03-30T08:00", "2026-04-06T08:00"]),
        (Schedule(Each.DAY, minute=150), "2026-03-28T12:00Z", ["2026-03-29T01:30", "2026-03-30T00:30"]),
        (Schedule(Each.DAY, minute=150), "2026-10-24T12:00Z", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        (Schedule(Each.MONTH, day=31), "2026-01-31T12:00Z", ["2026-02-28T09:00", "2026-03-31T08:00"]),
        (Schedule(Each.MONTH, day=LAST_DAY), "2028-02-01T12:00Z", ["2028-02-29T09:00"]),
        (Schedule(Each.WEEK, 3, anchor=20_788), "2026-11-30T12:00Z", ["2026-12-21T09:00", "2027-01-11T09:00"]),
        (Schedule(Each.WEEK, weekdays=(0, 3)), "2026-12-01T12:00Z", ["2026-12-03T09:00", "2026-12-07T09:00"]),
    ],
)
def test_occasions_keep_their_hour_on_the_shops_clock(schedule: Schedule, after: str, expected: list[str]) -> None:
    assert shown(schedule, after, len(expected)) == expected


def test_one_date_comes_once() -> None:
    once = Schedule(Each.DAY, once=20_792, minute=600)
    assert shown(once, "2026-11-29T00:00Z", 1) == ["2026-12-05T09:00"]
    assert once.after(moment("2026-12-05T09:00Z"), HERE) is None
    assert once.latest(0, moment("2026-12-05T09:00Z"), HERE) == moment("2026-12-05T09:00Z")
    assert once.latest(0, moment("2026-12-05T08:59Z"), HERE) is None


SCHEDULES = st.builds(
    Schedule,
    st.sampled_from(Each),
    st.integers(1, 12),
    st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    st.integers(0, 31),
    st.integers(0, 1439),
    spread=st.just(0),
    once=st.none(),
    anchor=st.integers(4, 20_000),
)


@settings(max_examples=60, deadline=None)
@given(SCHEDULES, st.integers(1_700_000_000_000, 1_900_000_000_000), st.integers(1, 400))
def test_the_latest_is_the_last_of_those_between(schedule: Schedule, since: int, days: int) -> None:
    until = since + days * DAY
    between = list(schedule.between(since, until, HERE))
    assert between == sorted(set(between))
    assert all(since < each <= until for each in between)
    assert schedule.latest(since, until, HERE) == (between[-1] if between else None)


def test_turns_lie_evenly_within_the_spread_and_never_change() -> None:
    places = [place_in_spread("rule", 1, f"c{number}", 3 * HOUR) for number in range(3_000)]
    assert places == [place_in_spread("rule", 1, f"c{number}", 3 * HOUR) for number in range(3_000)]
    hours = [sum(hour * HOUR <= place < (hour + 1) * HOUR for place in places) for hour in range(3)]
    assert sum(hours) == 3_000
    assert min(hours) > 900

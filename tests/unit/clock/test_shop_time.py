"""Shop time."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.clock.shop_time import (
    DrivenClock,
    RealClock,
    ScaledClock,
    format_time,
    is_real,
    origin_of,
    parse_clock,
    parse_time,
)
from tests.fakes.clock import StillClock


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-10-01T08:00:00Z", 1_790_841_600_000),
        ("2026-10-01T10:00:00+02:00", 1_790_841_600_000),
        ("2026-10-01t08:00:00.1239z", 1_790_841_600_123),
        ("1969-12-31T23:59:59.5Z", -500),
    ],
)
def test_times_with_an_offset_are_read_to_the_millisecond(text: str, millis: int):
    assert parse_time(text) == millis


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-01",
        "2026-10-01T08:00:00",
        "2026-13-01T08:00:00Z",
        "2026-02-30T08:00:00Z",
        "",
        "now",
        "٢٠٢٦-10-01T08:00:00Z",
    ],
)
def test_other_times_are_refused_with_their_text(text: str):
    with pytest.raises(ValueError, match="time '"):
        parse_time(text)


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_a_written_time_reads_back_the_same(moment: int):
    assert parse_time(format_time(moment)) == moment


def test_a_scaled_clock_runs_as_many_times_as_fast_and_never_back():
    machine = StillClock(100_000)
    clock = ScaledClock(1_000, 60, 100_000, real=machine)
    assert clock.now() == 1_000
    machine.at += 2_000
    assert clock.now() == 121_000
    machine.at -= 1_000
    assert clock.now() == 121_000


def test_all_processes_and_those_that_start_again_share_when_a_scaled_clock_began(tmp_path: Path):
    spec, file = "2026-10-01T08:00:00Z,60x", tmp_path / "run" / "clock"
    assert origin_of(spec, file, 5_000) == 5_000
    assert origin_of(spec, file, 9_000) == 5_000, "a second process, or the first one started again"
    assert origin_of("2026-10-01T08:00:00Z,10x", file, 9_000) == 9_000, "another clock"
    assert len(list(file.parent.iterdir())) == 2


def test_a_place_where_nothing_can_be_kept_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="to keep since when it runs"):
        parse_clock("2026-10-01T08:00:00Z,60x", tmp_path / "file" / "clock")


def test_a_driven_clock_is_shared_through_its_file_and_never_moves_backwards(tmp_path: Path):
    driver, reader = DrivenClock(tmp_path / "run" / "clock"), DrivenClock(tmp_path / "run" / "clock")
    assert reader.now() == 0

    driver.move_to(5_000)
    assert reader.now() == 5_000
    assert driver.move_to(4_000) == 5_000
    assert reader.now() == 5_000
    driver.move_to(5_001)
    assert reader.now() == 5_001


def test_a_driven_clock_stays_where_it_was_when_its_file_goes_back_or_away(tmp_path: Path):
    file = tmp_path / "clock"
    DrivenClock(file).move_to(9_000)
    clock = DrivenClock(file)
    assert clock.now() == 9_000

    file.write_text(format_time(1_000))
    assert clock.now() == 9_000
    file.unlink()
    assert clock.now() == 9_000


def test_the_setting_names_the_clock(tmp_path: Path):
    assert isinstance(parse_clock("real", tmp_path), RealClock)
    assert isinstance(parse_clock("driven", tmp_path), DrivenClock)
    scaled = parse_clock("2026-10-01T08:00:00Z,60x", tmp_path / "clock")
    assert isinstance(scaled, ScaledClock)
    assert 1_790_841_600_000 <= scaled.now() < 1_790_841_700_000
    assert is_real("real")
    assert not is_real("driven")
    with pytest.raises(ValueError, match="clock 'fast' is not"):
        parse_clock("fast", tmp_path)

"""This machine's clock against Redis's and Kafka's."""

from __future__ import annotations

import pytest

from stamgast.clock.bounded import TOLERANCE, BoundedClock, ClockUnknownError
from stamgast.clock.shop_time import Heard
from stamgast.clock.watch import ClockWatch, judge, span
from stamgast.domain.units import DAY, HOUR, MINUTE, SECOND, Millis

START = 1_790_000_000_000
YEAR = 365 * DAY


class Machine:
    """A machine's two clocks, and those of Redis and Kafka, that a test moves."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.off = {"machine": 0, "redis": 0, "kafka": 0}
        self.away: set[str] = set()
        self.clock = BoundedClock(self, monotonic=lambda: self.elapsed)
        self.watch = ClockWatch(
            self.clock, redis=self._asked("redis"), kafka=self._asked("kafka"), monotonic=lambda: self.elapsed
        )

    def now(self) -> Millis:
        return self.truth + self.off["machine"]

    @property
    def truth(self) -> Millis:
        return START + int(self.elapsed * 1_000)

    def _asked(self, name: str):
        async def ask() -> Heard | None:
            return None if name in self.away else Heard(self.truth + self.off[name], self.elapsed)

        return ask


@pytest.fixture
def machine() -> Machine:
    return Machine()


async def test_nothing_is_stamped_before_another_clock_has_borne_this_one_out(machine):
    machine.away = {"redis", "kafka"}
    await machine.watch.compare()
    assert not machine.watch.fit
    assert "could not be compared" in machine.watch.trouble
    with pytest.raises(ClockUnknownError):
        machine.clock.now()

    machine.away = {"redis"}
    await machine.watch.compare()
    assert machine.watch.fit
    assert machine.clock.now() == START


@pytest.mark.parametrize(("off", "words"), [(YEAR, "365 d 0 h ahead of"), (-3 * DAY - 5 * HOUR, "3 d 5 h behind")])
async def test_a_clock_that_two_others_contradict_is_wrong_by_so_much_and_right_again_when_it_is_set(
    machine, off, words
):
    machine.off["machine"] = off
    await machine.watch.compare()
    assert machine.watch.trouble == f"this machine's clock is {words} Redis's and Kafka's"
    assert abs(machine.clock.now() - machine.truth) == TOLERANCE

    machine.off["machine"] = 0
    await machine.watch.compare()
    assert machine.watch.fit
    assert machine.watch.notes == []
    assert machine.clock.now() == machine.truth


@pytest.mark.parametrize("off", [YEAR, -YEAR])
async def test_a_jump_between_two_comparisons_stamps_nothing_wild(machine, off):
    await machine.watch.compare()
    machine.off["machine"] = off
    machine.elapsed += 7
    assert machine.clock.strays
    assert abs(machine.clock.now() - machine.truth) == TOLERANCE


async def test_while_nobody_can_be_asked_what_was_known_moves_on_with_the_machines_own_pace(machine):
    await machine.watch.compare()
    machine.away = {"redis", "kafka"}
    machine.elapsed += 3_600
    await machine.watch.compare()
    assert machine.watch.fit
    assert machine.clock.now() == START + HOUR
    machine.off["machine"] = YEAR
    assert machine.clock.now() == START + HOUR + TOLERANCE


@pytest.mark.parametrize(
    ("wrong", "off", "text"),
    [
        ("redis", -3 * DAY, "Redis's clock is 3 d 0 h behind this machine's and Kafka's"),
        ("kafka", 2 * HOUR, "Kafka's clock is 2 h 0 min ahead of this machine's and Redis's"),
    ],
)
async def test_one_clock_that_agrees_is_enough_and_the_other_is_named(machine, wrong, off, text):
    machine.off[wrong] = off
    await machine.watch.compare()
    assert machine.watch.fit
    assert machine.watch.notes == [text]
    assert machine.clock.now() == machine.truth


async def test_how_far_kafkas_clock_lags_is_known_for_the_timers(machine):
    machine.off["kafka"] = -2 * HOUR
    await machine.watch.compare()
    assert machine.clock.log_lag == 2 * HOUR
    machine.off["kafka"] = -200
    await machine.watch.compare()
    assert machine.clock.log_lag == 0


async def test_one_clock_alone_that_disagrees_is_believed_unless_this_one_was_right_before(machine):
    machine.away = {"redis"}
    machine.off["machine"] = YEAR
    await machine.watch.compare()
    assert machine.watch.trouble == "this machine's clock is 365 d 0 h ahead of Kafka's, and Redis's is not known"

    right = Machine()
    await right.watch.compare()
    right.away = {"redis"}
    right.off["kafka"] = -YEAR
    right.elapsed += 10
    await right.watch.compare()
    assert right.watch.fit
    assert right.watch.warning == "Kafka's clock is 365 d 0 h behind this machine's, which was right before"
    assert right.clock.now() == right.truth


async def test_where_no_two_agree_nobody_is_believed(machine):
    machine.off |= {"machine": YEAR, "redis": -DAY}
    await machine.watch.compare()
    assert machine.watch.trouble == (
        "this machine's clock is 366 d 0 h ahead of Redis's and 365 d 0 h ahead of Kafka's: no two of the three agree"
    )
    with pytest.raises(ClockUnknownError):
        machine.clock.now()


async def test_a_clock_at_the_border_does_not_come_and_go(machine):
    machine.off["machine"] = 61 * SECOND
    await machine.watch.compare()
    assert not machine.watch.fit
    machine.off["machine"] = 59 * SECOND
    await machine.watch.compare()
    assert not machine.watch.fit
    machine.off["machine"] = 29 * SECOND
    await machine.watch.compare()
    assert machine.watch.fit


def test_clocks_that_a_time_service_keeps_are_all_right():
    verdict = judge(MINUTE - 1, -MINUTE + 1)
    assert verdict is not None
    assert not verdict.trouble
    assert not verdict.warning
    assert judge(None, None) is None


def test_lengths_are_written_for_people():
    lengths = (YEAR + HOUR, 3 * DAY - 40, 2 * HOUR + 5 * MINUTE, HOUR - 1, 184 * SECOND, 12_400)
    assert [span(length) for length in lengths] == [
        "365 d 1 h", "3 d 0 h", "2 h 5 min", "1 h 0 min", "3 min 4 s", "12 s",
    ]  # fmt: skip


def test_two_answers_that_took_long_mean_nothing():
    assert Heard.between(0.0, 4.0, START) == Heard(START, 2.0)
    assert Heard.between(0.0, 6.0, START) is None

"""Shop time that somebody holds: nothing is played meanwhile, and the trial can still be ended."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from stamgast.demo.cdnow import LIVE_FROM, Receipt, day_of
from stamgast.demo.driver import Driver, Pace, Phase
from stamgast.domain.units import Millis
from tests.conftest import eventually

FIRST = day_of(LIVE_FROM)


class Played:
    """What the driver has the shops do."""

    def __init__(self) -> None:
        self.days: list[int] = []
        program = SimpleNamespace(time_zone="UTC")
        till: Any = SimpleNamespace(regulars=[object(), object()], program=program, play=self._nothing)
        records: Any = SimpleNamespace(program=program, moment_of=lambda receipt: receipt.day * 86_400_000)
        records.send, records.enrol = self._send, self._nothing
        time: Any = SimpleNamespace(pass_to=self._nothing, still=asyncio.Lock())
        self.stopping = asyncio.Event()
        receipts = [Receipt(day, 1, FIRST + day, 1, 1_000) for day in range(4)]
        self.driver = Driver(till, records, receipts, time, self.stopping)

    async def _send(self, receipts: list[Receipt]) -> None:
        self.days += [receipt.day - FIRST for receipt in receipts]

    async def _nothing(self, *_: Any) -> Millis | None:
        await asyncio.sleep(0)
        return None


@pytest.fixture
def played() -> Played:
    return Played()


async def test_time_is_held_at_the_end_of_a_day_and_goes_on_when_it_is_let(played):
    playing = asyncio.create_task(played.driver.play(Pace(), hold_on=FIRST + 1))
    await eventually(lambda: played.driver.is_held)
    assert played.days == [0, 1]
    played.driver.go_on()
    await playing
    assert played.days == [0, 1, 2, 3]
    assert played.driver.phase is Phase.LIVE


async def test_a_trial_whose_time_is_held_can_be_ended(played):
    played.driver.hold()
    playing = asyncio.create_task(played.driver.play(Pace()))
    await asyncio.sleep(0)
    played.stopping.set()
    await asyncio.wait_for(playing, 5)
    assert played.days == []

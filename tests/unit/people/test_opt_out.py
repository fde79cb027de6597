"""What was said by telephone number is finished for everybody whom it names, a few at a time."""

import asyncio
from typing import Any

import pytest

from stamgast.identity.records import Suppression, encode, entry_key
from stamgast.people import opt_out
from stamgast.people.opt_out import Unfinished
from stamgast.state.errors import StateError
from tests.builders import MERCHANT
from tests.fakes.records import LogRecord


class Told:
    """Finishes what was told about phones; how many at once is noted."""

    def __init__(self) -> None:
        self.ready = True
        self.finished: list[str] = []
        self.fails = 0

    async def finish(self, _merchant: str, phone: str) -> int:
        if self.fails:
            self.fails -= 1
            raise StateError("away")
        self.finished.append(phone)
        return 0


def said(phone: str) -> Any:
    return LogRecord(0, encode(Suppression(stopped=True, at=1)), entry_key(MERCHANT, "s", phone))


async def test_what_was_said_before_is_looked_at_a_few_at_a_time_and_what_is_said_now_goes_first(monkeypatch):
    class EndedError(Exception):
        pass

    told = Told()
    rests: list[float] = []
    unfinished = Unfinished(told)  # type: ignore[arg-type]  # all it is asked

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 1:
            await unfinished.apply([said("now")], {})
        if not unfinished._said_before and not unfinished._due:
            raise EndedError

    monkeypatch.setattr(opt_out, "_GRACE_S", 0.0)
    monkeypatch.setattr(asyncio, "sleep", rest)
    await unfinished.apply([said(f"{n:04}") for n in range(100)], {})
    await unfinished.open()
    told.fails = 1
    with pytest.raises(EndedError):
        await unfinished.run()
    assert len(told.finished) == 101
    assert set(told.finished) == {"now", *(f"{n:04}" for n in range(100))}
    assert told.finished.index("now") == 31, "behind the first few, but for the one that failed"
    assert rests[0] > 0, "Redis was away"
    assert rests[1:4] == [0, 0, opt_out._LOOK_S]

"""People who come at once become customers together; whoever has something in common with another is taken alone."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from stamgast.identity.ids import Identifier
from stamgast.identity.records import Profile
from stamgast.people.newcomers_together import NewcomersTogether
from stamgast.state.newcomers import MOST, Joined, Newcomer
from stamgast.state.views import NotLoadedError
from tests.builders import T0

MERCHANT = "bakery"


class Log:
    """Writes people down, a batch at a time."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.fails: Exception | None = None
        self.free = asyncio.Event()

    async def enrol(self, _merchant: str, people: Sequence[Newcomer], _at: int) -> list[Joined | None]:
        names = [one.identifiers[0].value for one in people]
        self.batches.append(names)
        await self.free.wait()
        if self.fails is not None:
            raise self.fails
        key: Any = None
        return [None if name == "known" else Joined(f"c-{name}", key, None) for name in names]


async def all_at_once(log: Any, *names: str) -> list[Any]:
    """Begin the first, which is being written while the others come."""
    together = NewcomersTogether(log)
    tasks = []
    for name in names:
        person = Newcomer([Identifier("membership", name)], Profile())
        tasks.append(asyncio.create_task(together.enrol(MERCHANT, person, T0)))
        if name == names[0]:
            for _ in range(3):
                await asyncio.sleep(0)
    for _ in range(3):
        await asyncio.sleep(0)
    log.free.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_alone_does_not_wait_and_the_others_go_together():
    log = Log()
    done = await all_at_once(log, "a", "b", "c", "d")
    assert log.batches == [["a"], ["b", "c", "d"]]
    assert [each.customer for each in done] == ["c-a", "c-b", "c-c", "c-d"]


async def test_who_is_known_and_who_waits_already_are_enrolled_alone():
    log = Log()
    done = await all_at_once(log, "a", "b", "b", "known", "c")
    assert log.batches == [["a"], ["b", "known", "c"]]
    assert [None if each is None else each.customer for each in done] == ["c-a", "c-b", None, None, "c-c"]


async def test_no_more_wait_than_are_written_at_once():
    log = Log()
    done = await all_at_once(log, "a", *(f"n{number}" for number in range(MOST + 1)))
    assert [len(batch) for batch in log.batches] == [1, MOST]
    assert done[-1] is None


@pytest.mark.parametrize("error", [NotLoadedError("not now"), KeyError("fault")])
async def test_each_hears_what_went_wrong_and_the_next_are_taken_in(error: Exception):
    log = Log()
    log.fails = error
    done = await all_at_once(log, "a", "b", "c")
    assert done == [error] * 3
    log.fails = None
    assert [each.customer for each in await all_at_once(log, "a")] == ["c-a"]


async def test_a_caller_who_goes_away_takes_nobody_along():
    log = Log()
    together = NewcomersTogether(log)  # type: ignore[arg-type]
    tasks = [
        asyncio.create_task(together.enrol(MERCHANT, Newcomer([Identifier("membership", name)], Profile()), T0))
        for name in ("a", "b")
    ]
    await asyncio.sleep(0)
    tasks[0].cancel()
    log.free.set()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(done[0], asyncio.CancelledError)
    assert done[1].customer == "c-b"  # type: ignore[union-attr]

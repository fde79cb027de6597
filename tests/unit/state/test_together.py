"""Whether keys are there is one question for all who ask in the same turn, and each one's own where that fails."""

import asyncio
from typing import Any

from stamgast.state.errors import SessionEndedError
from stamgast.state.together import AskedTogether
from tests.conftest import eventually

THERE = frozenset({"a", "c"})


class Redis:
    """Has two keys. Questions for many are answered when it is told to, or fail."""

    def __init__(self, *, is_apart: bool = False, is_reached: bool = True) -> None:
        self.is_apart = is_apart
        self._is_reached = is_reached
        self.together: list[tuple[tuple[str, ...], asyncio.Future[Any]]] = []
        self.alone: list[str] = []

    def begin(self, *words: str) -> asyncio.Future[Any] | None:
        assert words[0] == "MGET"
        if not self._is_reached:
            return None
        answer = asyncio.get_running_loop().create_future()
        self.together.append((words[1:], answer))
        return answer

    async def exists(self, key: str) -> bool:
        self.alone.append(key)
        return key in THERE


async def asked(redis: Any, keys: str) -> list[asyncio.Task[bool]]:
    together = AskedTogether(redis)
    tasks = [asyncio.create_task(together.exists(key)) for key in keys]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_all_who_ask_in_one_turn_are_one_question_and_each_hears_of_its_own():
    redis = Redis()
    tasks = await asked(redis, "abcd")
    tasks[1].cancel()  # who goes away costs nobody the answer
    [(keys, answer)] = redis.together
    assert keys == ("a", "b", "c", "d")
    answer.set_result([b"1", None, b"", None])
    assert await asyncio.gather(*tasks[:1], *tasks[2:]) == [True, True, False]
    assert redis.alone == []


async def test_where_the_question_fails_each_is_asked_after_by_itself():
    redis = Redis()
    tasks = await asked(redis, "abc")
    redis.together[0][1].set_exception(SessionEndedError("gone"))
    assert await asyncio.gather(*tasks) == [True, False, True]
    assert redis.alone == ["a", "b", "c"]


async def test_without_a_session_and_in_a_cluster_each_is_asked_after_by_itself():
    for redis in (Redis(is_reached=False), Redis(is_apart=True)):
        assert await asyncio.gather(*await asked(redis, "ab")) == [True, False]
        assert redis.alone == ["a", "b"]
        assert redis.together == []


async def test_who_does_not_wait_hears_it_as_well_together_or_alone():
    for redis in (Redis(), Redis(is_apart=True), Redis(is_reached=False)):
        together, told = AskedTogether(redis), list[Any]()  # type: ignore[arg-type]
        for key in "ab":
            together.ask(key, told.append)
        assert told == []
        await asyncio.sleep(0)
        for _, answer in redis.together:
            answer.set_result([b"1", None])
        await eventually(lambda: len(told) == 2)  # noqa: B023  it is heard in its own round
        assert told == [True, False]


async def test_who_does_not_wait_hears_why_it_cannot_be_said():
    class Away(Redis):
        async def exists(self, key: str) -> bool:
            raise SessionEndedError("gone")

    told = list[Any]()
    AskedTogether(Away(is_reached=False)).ask("a", told.append)  # type: ignore[arg-type]
    await eventually(lambda: told)
    assert isinstance(told[0], SessionEndedError)

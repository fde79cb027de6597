"""Whether keys are there is one question for all who ask in the same turn, and each one's own where that fails."""

import asyncio
from typing import Any

from stamgast.state.errors import SessionEndedError
from stamgast.state.together import AskedTogether

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


async def test_several_that_are_there_together_are_one_question_or_each_their_own():
    for redis in (Redis(), Redis(is_apart=True), Redis(is_reached=False)):
        asking = asyncio.create_task(AskedTogether(redis).which(["a", "", "b"]))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        for words, answer in redis.together:
            assert words == ("a", "b")
            answer.set_result([b"1", None])
        assert await asking == [True, False, False]
        assert redis.alone == ([] if redis.together else ["a", "b"])
    redis = Redis()
    asking = asyncio.create_task(AskedTogether(redis).which(["c", "d"]))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    redis.together[0][1].set_exception(SessionEndedError("gone"))
    assert await asking == [True, False]
    assert await AskedTogether(redis).which([""]) == [False]  # type: ignore[arg-type]

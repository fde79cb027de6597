"""Asking Redis whether it is fit ends nobody, whatever becomes of the connection meanwhile."""

from __future__ import annotations

from typing import Any

from stamgast.state.errors import SessionEndedError
from stamgast.state.fitness import Fitness


class Ended:
    """A session that ended right after it was handed out."""

    def call(self, *_words: object) -> Any:
        raise SessionEndedError("the connection is closed")


class Restarting:
    """A Redis that is killed whenever it is about to be asked."""

    async def reachable_masters(self) -> Any:
        return {("127.0.0.1", 6379): Ended()}


async def test_a_connection_that_ends_before_it_is_asked_is_a_redis_that_does_not_answer():
    redis: Any = Restarting()
    fitness = Fitness(redis, "worker")
    await fitness.look()
    assert fitness.missing == ["Redis: cannot be asked"]

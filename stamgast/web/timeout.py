"""Nobody waits for ever: what is not answered in time is answered with 503, and may be sent again."""

import asyncio
from typing import Any, Final, Protocol

LIMIT_S: Final = 15.0
"""A Redis that hangs keeps each of its connections waiting for ten seconds before it counts as gone."""
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
"""Their time counts from when the whole request is there: a slow line is not Kafka's fault."""


class Ends(Protocol):
    """What has so much time."""

    def end(self) -> None:
        """Its time is up."""


class Limit:
    """A task that is ended unless it is spared in time: `asyncio.timeout` without a timer and a context of its own."""

    __slots__ = ("_cancelling", "_task", "ended")

    def __init__(self) -> None:
        task: asyncio.Task[Any] | None = asyncio.current_task()
        if task is None:
            raise RuntimeError("no task is running")
        self._task = task
        self._cancelling = task.cancelling()
        self.ended = False

    def end(self) -> None:
        """Its time is up."""
        self.ended = True
        self._task.cancel()

    def settle(self) -> bool:
        """Say whether it is this that ended the task, and nobody else who cancelled it as well. Once, at its end."""
        return self.ended and self._task.uncancel() <= self._cancelling


class Dues:
    """Limits that end so many seconds after they began: one timer for all of them, where each would set two of its own.

    They last equally long, so that they end in the order in which they began.
    """

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._ends: dict[Ends, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, limit: Ends) -> None:
        """Let it end so much later than now, whatever was said of it before."""
        loop = self._loop = self._loop or asyncio.get_running_loop()
        self._ends.pop(limit, None)  # else it would keep its former place
        ends = self._ends[limit] = loop.time() + self._limit_s
        if self._timer is None:
            self._timer = loop.call_at(ends, self._look)

    def spare(self, limit: Ends) -> None:
        """Let it not end any more."""
        self._ends.pop(limit, None)

    def _look(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        for limit, ends in list(self._ends.items()):
            if ends > now:
                self._timer = loop.call_at(ends, self._look)
                return
            del self._ends[limit]
            limit.end()

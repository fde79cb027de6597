"""Nobody waits for ever: what is not answered in time is answered with 503, and may be sent again."""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stamgast.web.problem import unavailable

LIMIT_S: Final = 15.0
"""A Redis that hangs keeps each of its connections waiting for ten seconds before it counts as gone."""


WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class Answered:
    """Ends a request that has not begun to answer in time; whatever it had done, a repeat changes nothing.

    The time counts from when the whole request is there: a slow line is not Kafka's fault.
    """

    def __init__(self, app: ASGIApp, limit_s: float = LIMIT_S) -> None:
        self._app = app
        self._due = _Due(limit_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and watch the time until the answer begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False
        due = self._due

        async def read() -> Message:
            message = await receive()
            if not begun and not message.get("more_body", False):
                due.begin(limit)
            return message

        async def note(message: Message) -> None:
            nonlocal begun
            if not begun:
                begun = True
                due.spare(limit)
            await send(message)

        try:
            async with asyncio.timeout(None) as limit:
                if scope["method"] not in WITH_BODY:
                    due.begin(limit)
                try:
                    await self._app(scope, read, note)
                finally:
                    due.forget(limit)
        except TimeoutError:
            if begun:
                raise
            detail = "This took too long: Kafka or Redis does not answer. Send the same request again."
            await unavailable(detail).response()(scope, receive, send)


class _Due:
    """Limits that end so many seconds after they began: one timer for all of them, where each would set two of its own.

    They last equally long, so that they end in the order in which they began.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._ends: dict[asyncio.Timeout, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, limit: asyncio.Timeout) -> None:
        """Let it end so much later than now, whatever was said of it before."""
        loop = asyncio.get_running_loop()
        self._ends.pop(limit, None)  # else it would keep its former place
        ends = self._ends[limit] = loop.time() + self._limit_s
        if self._timer is None:
            self._timer = loop.call_at(ends, self._look)

    def spare(self, limit: asyncio.Timeout) -> None:
        """Let it not end any more."""
        self._ends.pop(limit, None)
        if limit.when() is not None:  # its time is up in this very turn of the loop
            limit.reschedule(None)

    def forget(self, limit: asyncio.Timeout) -> None:
        """What it was for is done."""
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
            limit.reschedule(ends)

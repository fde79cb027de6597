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
        self._limit_s = limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and watch the time until the answer begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False
        now = asyncio.get_running_loop().time

        async def read() -> Message:
            message = await receive()
            if not begun and not message.get("more_body", False):
                limit.reschedule(now() + self._limit_s)
            return message

        async def note(message: Message) -> None:
            nonlocal begun
            begun = True
            limit.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(None if scope["method"] in WITH_BODY else self._limit_s) as limit:
                await self._app(scope, read, note)
        except TimeoutError:
            if begun:
                raise
            detail = "This took too long: Kafka or Redis does not answer. Send the same request again."
            await unavailable(detail).response()(scope, receive, send)

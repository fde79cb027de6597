"""Nobody waits for ever: what is not answered in time is answered with 503, and may be sent again."""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stamgast.web.problem import unavailable

LIMIT_S: Final = 15.0
"""A Redis that hangs keeps each of its connections waiting for ten seconds before it counts as gone."""


class Answered:
    """Ends a request that has not begun to answer in time; whatever it had done, a repeat changes nothing."""

    def __init__(self, app: ASGIApp, limit_s: float = LIMIT_S) -> None:
        self._app = app
        self._limit_s = limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and watch the time until the answer begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def note(message: Message) -> None:
            nonlocal begun
            if not begun:
                begun = True
                limit.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self._limit_s) as limit:
                await self._app(scope, receive, note)
        except TimeoutError:
            if begun:
                raise
            detail = "It took too long, as Kafka or Redis does not answer. Send the same request again."
            await unavailable(detail).response()(scope, receive, send)

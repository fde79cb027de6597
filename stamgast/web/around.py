"""What surrounds every request: it is measured, has its time, its body finds room, and what is told beside its answer.

One layer for all of it: each of its own would wrap each message of each request once more.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stamgast.web.bodies import Bodies
from stamgast.web.measured import Measured
from stamgast.web.metrics import WebMetrics
from stamgast.web.problem import unavailable
from stamgast.web.timeout import LIMIT_S, WITH_BODY, Dues, Limit

TOO_LATE: Final = "This took too long: Kafka or Redis does not answer. Send the same request again."
Failed = Callable[[Request, Exception], Awaitable[Response]]
"""Answers what nobody else has an answer to."""
Told = Callable[[Scope, Message], None]
"""Adds to the beginning of an answer what its request is told beside it."""


class Around:
    """See the module. A request that has not begun to answer in time is ended: whatever it had done, a repeat changes
    nothing.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: WebMetrics,
        bodies: Bodies,
        *,
        failed: Failed,
        told: Sequence[Told] = (),
        limit_s: float = LIMIT_S,
    ) -> None:
        self._app = app
        self._failed = failed
        self.measured = Measured(metrics)
        self.bodies = bodies
        self.told = told
        self.dues = Dues(limit_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on. What the app stumbles over is answered, and raised for the server to log."""
        started = time.perf_counter()
        under_way = _UnderWay(self, scope, receive, send)
        limit = under_way.limit
        if scope["method"] not in WITH_BODY:
            self.dues.begin(limit)
        try:
            await self._app(scope, under_way.receive, under_way.send)
        except asyncio.CancelledError:
            if not limit.ended or not limit.settle():
                raise
            if under_way.begun:
                raise TimeoutError from None
            await unavailable(TOO_LATE).response()(scope, receive, under_way.send)
        except Exception as error:
            answer = await self._failed(Request(scope), error)
            if not under_way.begun:
                await answer(scope, receive, send)
            raise
        finally:
            self.dues.spare(limit)
            self.bodies.give_back(under_way.held)
            self.measured.note(scope, under_way.status, time.perf_counter() - started)


class _UnderWay:
    """One request."""

    __slots__ = ("_around", "_receive", "_scope", "_send", "begun", "held", "limit", "status")

    def __init__(self, around: Around, scope: Scope, receive: Receive, send: Send) -> None:
        self._around = around
        self._scope = scope
        self._receive = receive
        self._send = send
        self.limit = Limit()
        self.begun = False
        """Whether it begins to be answered."""
        self.held = 0
        """Bytes of its body that have come."""
        self.status = 500

    async def receive(self) -> Message:
        message = await self._receive()
        if not self.begun and not message.get("more_body", False):
            self._around.dues.begin(self.limit)
        if body := message.get("body"):
            self.held = self._around.bodies.take(self.held, len(body))
        return message

    async def send(self, message: Message) -> None:
        if not self.begun:
            self.begun = True
            self._around.dues.spare(self.limit)
        if message["type"] == "http.response.start":
            self.status = message["status"]
            for tell in self._around.told:
                tell(self._scope, message)
        await self._send(message)

"""What surrounds requests that are taken at once (`stamgast.web.short_way`): as `stamgast.web.around`, without ASGI."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Scope

from stamgast.web.around import TOO_LATE, Around
from stamgast.web.deps import Deps
from stamgast.web.problem import answer_failure, unavailable
from stamgast.web.short_way import Answer, Say
from stamgast.web.straight import Straight
from stamgast.web.timeout import LIMIT_S


class Coming(NamedTuple):
    """A request that was taken: what it waits for, and what is answered then, or what that raises.

    Where there is more to be done before it can be answered, which is rare, that is what `answer` returns.
    """

    done: asyncio.Future[Any]
    answer: Callable[[Any], Response | Awaitable[Response]]


Short = Callable[[Deps, Scope, Mapping[str, str], bytes], Coming | None]
"""Takes a request of a route, by its scope, the variable parts of its path and its body. None: it did nothing at all,
and the long way looks at it, which has a word for everything that is unusual or wrong.
"""
Failed = Callable[[Request, Exception], Awaitable[Response]]


class WholeRequests:
    """See the module. `shorts`: by the function that answers the same the long way. `failed` answers every error."""

    def __init__(
        self, deps: Deps, straight: Straight, around: Around, shorts: Mapping[Callable[..., Any], Short], failed: Failed
    ) -> None:
        self._deps = deps
        self._straight = straight
        self._shorts = shorts
        self.around = around
        self.failed = failed
        self.beside: set[asyncio.Task[None]] = set()
        """What is still to be done for answers that are not there yet."""

    def __call__(self, scope: Scope, body: bytes, say: Say) -> bool:
        """Take a request, if it is one of these."""
        started = time.perf_counter()
        found = self._straight.find(scope)
        short = None if found is None else self._shorts.get(found[0].endpoint)
        if found is None or short is None:
            return False
        held, coming = 0, None
        try:
            held = self.around.bodies.take(0, len(body))
            coming = short(self._deps, scope, found[1], body)
        except Exception:  # noqa: BLE001  the long way stumbles over it as well, and has an answer
            coming = None
        if coming is None:
            self.around.bodies.give_back(held)
            return False
        _Taken(self, _Asked(scope, found[0], started, held), coming, say)
        return True


class _Asked(NamedTuple):
    """A request: its route, when it was there, and how many bytes its body has."""

    scope: Scope
    route: Route
    started: float
    held: int


class _Taken:
    """One request until it is answered."""

    __slots__ = ("_asked", "_coming", "_say", "_whole")

    def __init__(self, whole: WholeRequests, asked: _Asked, coming: Coming, say: Say) -> None:
        self._whole = whole
        self._asked = asked
        self._coming = coming
        self._say = say
        whole.around.dues.begin(self)
        coming.done.add_done_callback(self._answer)

    def end(self) -> None:
        """It took too long: whatever it had done, a repeat changes nothing."""
        self._coming.done.cancel()

    def _answer(self, done: asyncio.Future[Any]) -> None:
        self._whole.around.dues.spare(self)
        if done.cancelled():
            self._tell(unavailable(TOO_LATE).response())
            return
        try:
            response = self._coming.answer(done.result())
        except Exception as error:  # noqa: BLE001  it is answered
            self._beside(self._fail(error))
            return
        if isinstance(response, Response):
            self._tell(response)
        else:
            self._beside(self._finish(response))

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._whole.beside.add(task)
        task.add_done_callback(self._whole.beside.discard)

    async def _finish(self, work: Awaitable[Response]) -> None:
        try:
            async with asyncio.timeout(LIMIT_S):
                response = await work
        except TimeoutError:
            response = unavailable(TOO_LATE).response()
        except Exception as error:  # noqa: BLE001  it is answered
            await self._fail(error)
            return
        self._tell(response)

    async def _fail(self, error: Exception) -> None:
        self._asked.scope["route"] = self._asked.route
        request = Request(self._asked.scope)
        try:
            response = await self._whole.failed(request, error)
        except Exception as worse:  # noqa: BLE001  it is answered
            response = await answer_failure(request, worse)
        self._tell(response)
        error.__traceback__ = None  # as on the long way

    def _tell(self, response: Response) -> None:
        around, asked = self._whole.around, self._asked
        start: Message = {"status": response.status_code, "headers": response.raw_headers}
        for tell in around.told:
            tell(asked.scope, start)
        around.bodies.give_back(asked.held)
        seconds = time.perf_counter() - asked.started
        around.measured.of(asked.route.path, asked.scope["method"], response.status_code, seconds)
        self._say(Answer(response.status_code, start["headers"], bytes(response.body)))

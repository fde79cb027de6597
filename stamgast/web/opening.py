"""Before Kafka answers with our topics: the ports are open, `/healthz` says alive, and everything else 503.

`stamgast web` may be started first, and a broker that comes later than it ends nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from stamgast.bootstrap import WebParts, web_parts
from stamgast.clock.pauses import pause_after
from stamgast.log.topics import AwayError, MissingTopicsError
from stamgast.logs import get_logger
from stamgast.settings import Settings
from stamgast.web.deps import Deps
from stamgast.web.problem import unavailable
from stamgast.web.short_way import Say, at_once_of

log = get_logger(__name__)

_ASK_EVERY_S: Final = 0.5
_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Opening:
    """An app that becomes another one."""

    def __init__(self) -> None:
        self._app: ASGIApp = self._closed()
        self._deps: Deps | None = None
        self.trouble = "Kafka: was not asked yet"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app of the moment answer."""
        await self._app(scope, receive, send)

    def at_once(self, scope: Scope, body: bytes, say: Say) -> bool:
        """Let it take a whole request, if it does."""
        take = at_once_of(self._app)
        return take is not None and take(scope, body, say)

    @asynccontextmanager
    async def parts(self, settings: Settings) -> AsyncIterator[WebParts]:
        """Wait for Kafka and the topics, then hold what the real app works with.

        Raises:
            SettingsError: a key is missing or wrong.
            TopicsError: the topics are not ours.
        """
        failures = 0
        async with AsyncExitStack() as stack:
            while True:
                try:
                    found = await stack.enter_async_context(web_parts(settings))
                    break
                except (AwayError, MissingTopicsError) as error:
                    self._say(f"Kafka: {error}")
                failures += 1
                await asyncio.sleep(pause_after(failures, first_s=_ASK_EVERY_S))
            yield found

    def open(self, app: ASGIApp, deps: Deps) -> None:
        """From now on this app answers."""
        self._app, self._deps = app, deps

    def look(self) -> Deps | str:
        """What the real app works with, or what is waited for."""
        return self._deps or self.trouble

    def _say(self, trouble: str) -> None:
        log.warning("waiting for Kafka", why=trouble)
        self.trouble = trouble

    def _closed(self) -> Starlette:
        async def later(_request: Request) -> Response:
            return unavailable(f"{self.trouble}. Ask again in a moment.").response()

        return Starlette(routes=[Route("/{path:path}", later, methods=_METHODS)])

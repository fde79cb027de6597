"""Before Kafka answers with our topics: the port is open, `/healthz` says alive, and everything else 503.

`stamgast web` may be started first, and a broker that comes later than it ends nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from stamgast.bootstrap import WebParts, web_parts
from stamgast.clock.pauses import pause_after
from stamgast.log.topics import AwayError, MissingTopicsError
from stamgast.logs import get_logger
from stamgast.settings import Settings
from stamgast.web.health import get_healthz
from stamgast.web.problem import RETRY_AFTER_S, unavailable

log = get_logger(__name__)

_ASK_EVERY_S: Final = 0.5
_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Opening:
    """An app that becomes another one."""

    def __init__(self) -> None:
        self._app: ASGIApp = self._closed()
        self.trouble = "Kafka: was not asked yet"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app of the moment answer."""
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def parts(self, settings: Settings) -> AsyncIterator[WebParts]:
        """Wait for Kafka and the topics, then hold what the real app works with.

        Raises:
            SettingsError: a key is missing or wrong.
            TopicsError: the topics are not ours.
        """
        failures = 0
        while True:
            parts = web_parts(settings)
            try:
                found = await parts.__aenter__()
                break
            except (AwayError, MissingTopicsError) as error:
                self._say(f"Kafka: {error}")
            failures += 1
            await asyncio.sleep(pause_after(failures, first_s=_ASK_EVERY_S))
        try:
            yield found
        finally:
            await parts.__aexit__(None, None, None)

    def open(self, app: ASGIApp) -> None:
        """From now on this app answers."""
        self._app = app

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning("waiting for Kafka", why=trouble)
        self.trouble = trouble

    def _closed(self) -> Starlette:
        async def ready(_request: Request) -> Response:
            told = {"status": "not ready", "missing": [self.trouble]}
            return JSONResponse(told, 503, {"Retry-After": str(RETRY_AFTER_S)})

        async def later(_request: Request) -> Response:
            return unavailable(f"{self.trouble}. Ask again in a moment.").response()

        return Starlette(
            routes=[
                Route("/healthz", get_healthz),
                Route("/readyz", ready),
                Route("/{path:path}", later, methods=_METHODS),
            ]
        )

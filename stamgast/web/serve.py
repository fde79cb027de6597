"""`stamgast web`: the app behind uvicorn, until it is told to end."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

import uvicorn
from starlette.types import ASGIApp

from stamgast.bootstrap import WebParts
from stamgast.settings import Settings
from stamgast.web.app import create_app
from stamgast.web.deps import Deps
from stamgast.web.health import health_app
from stamgast.web.limits import Limits
from stamgast.web.opening import Opening


def deps_over(parts: WebParts, *, limits: Limits | None = None) -> Deps:
    """What the app works with, over parts that are running."""
    return Deps(
        topics=parts.topics,
        appender=parts.appender,
        identities=parts.identities,
        api_keys=parts.api_keys,
        merchants=parts.merchants,
        redis=parts.redis,
        clock=parts.clock,
        carrier=parts.carrier,
        pulse=parts.pulse,
        clock_watch=parts.clock_watch,
        fitness=parts.fitness,
        limits=limits or Limits(),
    )


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, host: str, port: int) -> AsyncIterator[int]:
    """Serve an app while the context is open; yields the port (0 asks for any that is free).

    Raises:
        OSError: the port is taken.
    """
    listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    config = uvicorn.Config(
        app,
        access_log=False,  # paths and query strings name customers
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=65_536,
        limit_concurrency=1_000,
        server_header=False,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(_serve(server, listening))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        await asyncio.wait({task}, timeout=10)
        listening.close()


async def run(settings: Settings, host: str, port: int, announce: Callable[[int], None]) -> None:
    """Serve until cancelled; while Kafka or the topics are not there yet, every request is told to come again.

    Raises:
        SettingsError: a key is missing or wrong.
        TopicsError: the topics are not ours.
        OSError: the port is taken.
    """
    opening = Opening()
    health = health_app(opening.look, settings.metrics_token.get_secret_value())
    async with contextlib.AsyncExitStack() as stack:
        if settings.web_metrics_port:
            await stack.enter_async_context(serving(health, settings.metrics_host, settings.web_metrics_port))
        announce(await stack.enter_async_context(serving(opening, host, port)))
        deps = deps_over(await stack.enter_async_context(opening.parts(settings)))
        opening.open(create_app(deps), deps)
        await asyncio.Event().wait()


async def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await server._serve([listening])  # noqa: SLF001  `serve` would take over the process's signals

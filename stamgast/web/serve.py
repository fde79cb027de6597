"""`stamgast web`: the app behind uvicorn, until it is told to end."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, cast
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from stamgast.bootstrap import WebParts
from stamgast.lifecycle.garbage import collect_rarely
from stamgast.lifecycle.listening import BACKLOG, listen, listening_on
from stamgast.marketer.backtests import Backtests
from stamgast.marketer.health_reading import HealthReading
from stamgast.marketer.inbox_reading import InboxReading
from stamgast.marketer.reading import Reading
from stamgast.settings import Settings, listed
from stamgast.web.app import create_app, is_urgent
from stamgast.web.connections import Connections, allow_files
from stamgast.web.deps import Deps
from stamgast.web.health import health_app
from stamgast.web.hosts import Hosts
from stamgast.web.limits import Limits
from stamgast.web.metrics import WebMetrics
from stamgast.web.opening import Opening

_DATE_S: Final = 1.0
KEEP_ALIVE_S: Final = 75.0
"""Longer than load balancers and pools of clients keep a connection (60 s): they close it first, and lose no POST."""


def deps_over(
    parts: WebParts, *, limits: Limits | None = None, metrics: WebMetrics | None = None,
    backtests: Backtests | None = None,
) -> Deps:  # fmt: skip
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
        filling=parts.filling,
        tills=parts.tills,
        kafka=parts.kafka,
        public_url=parts.public_url,
        roster=parts.roster,
        audit=parts.audit,
        reading=Reading(parts.redis, parts.topics, parts.filling, parts.merchants, parts.segments, parts.letters),
        health=HealthReading(parts.redis, parts.topics, parts.filling, parts.kafka),
        inbox=InboxReading(
            parts.redis,
            parts.topics.partitions,
            parts.filling,
            parts.identities,
            parts.replies,
            parts.files,
            parts.pictures,
        ),
        report_links=parts.report_links,
        backtests=backtests,
        wallets=parts.wallets,
        limits=limits or Limits(),
        metrics=metrics or WebMetrics(),
    )


def public(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The app as everybody may reach it: under its own names, and with a proxy's word for whom a request is from."""
    hosts = Hosts(app, [urlsplit(settings.public_url).hostname or "", *listed(settings.web_hosts)])
    proxies = listed(settings.web_proxies)
    return cast("ASGIApp", _BehindProxies(hosts, proxies)) if proxies else hosts


class _BehindProxies(ProxyHeadersMiddleware):
    """Whom a request is from is asked of those alone that are refused: what is taken at once is taken from anybody."""

    def __init__(self, hosts: Hosts, proxies: list[str]) -> None:
        super().__init__(cast("Any", hosts), proxies)
        self.at_once = hosts.at_once


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp,
    host: str,
    port: int,
    connections: Connections | None = None,
    *,
    keep_alive_s: float = KEEP_ALIVE_S,
    settings: str = "--host and --port, or STAMGAST_WEB_HOST and STAMGAST_WEB_PORT",
) -> AsyncIterator[int]:
    """Serve an app while the context is open; yields the port (0 asks for any that is free).

    A connection that was answered may say nothing for `keep_alive_s`.

    Raises:
        CannotListenError: the port is taken; `settings` choose another one.
    """
    with listening_on(host, port, settings=settings):
        listening = listen(host, port)
    config = uvicorn.Config(
        app,
        http=cast("Any", (connections or Connections()).protocol),
        ws="none",
        proxy_headers=False,  # uvicorn's own would believe whoever is on loopback
        access_log=False,  # paths and query strings name customers
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=5,
        timeout_keep_alive=cast("Any", keep_alive_s),
        backlog=BACKLOG,
        server_header=False,
    )
    server = _Server(config)
    task = asyncio.create_task(_serve(server, listening))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield int(listening.getsockname()[1])
    finally:
        server.end()
        await asyncio.wait({task}, timeout=10)
        listening.close()


async def run(settings: Settings, host: str, port: int, announce: Callable[[int], None]) -> None:
    """Serve until cancelled; while Kafka or the topics are not there yet, every request is told to come again.

    Raises:
        SettingsError: a key is missing or wrong.
        TopicsError: the topics are not ours.
        CannotListenError: the port is taken.
    """
    opening, metrics, limits = Opening(), WebMetrics(), Limits()
    files = allow_files(limits.open_connections)
    connections = Connections(
        most=min(limits.connections, files),
        per_address=limits.connections_per_address,
        open_at_most=files,
        is_urgent=is_urgent,
        proxies=listed(settings.web_proxies),
        on_drop=lambda why: metrics.dropped.labels(why).inc(),
    )
    health = health_app(opening.look, settings.metrics_token.get_secret_value())
    # The doors were open first, and they close first: what is under way is answered while Kafka and Redis are there.
    async with contextlib.AsyncExitStack() as behind, contextlib.AsyncExitStack() as doors:
        if settings.web_metrics_port:
            where = "STAMGAST_METRICS_HOST and STAMGAST_WEB_METRICS_PORT"
            ours = serving(health, settings.metrics_host, settings.web_metrics_port, settings=where)
            await behind.enter_async_context(ours)
        app, kept = public(opening, settings), settings.web_keep_alive_s
        announce(await doors.enter_async_context(serving(app, host, port, connections, keep_alive_s=kept)))
        parts = await behind.enter_async_context(opening.parts(settings))
        backtests = Backtests(parts.redis, settings)
        behind.push_async_callback(backtests.close)
        deps = deps_over(parts, limits=limits, metrics=metrics, backtests=backtests)
        opening.open(create_app(deps), deps)
        collect_rarely()
        await asyncio.Event().wait()


class _Server(uvicorn.Server):
    """A server that wakes once a second for the date in its answers, and at once when it is told to end.

    uvicorn's own looks ten times a second whether it was told, all night.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

    def end(self) -> None:
        """Take no more requests, and answer those that are there."""
        self.should_exit = True
        self._told.set()

    async def main_loop(self) -> None:
        """Return once it is told to end."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DATE_S):
                    await self._told.wait()


async def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await server._serve([listening])  # noqa: SLF001  `serve` would take over the process's signals

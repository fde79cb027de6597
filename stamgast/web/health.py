"""Is it alive, is it ready, and its figures: an app for a port of its own, which no customer's request reaches."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from stamgast.filling import Reach
from stamgast.lifecycle.who_looks import may_look
from stamgast.state.errors import StateError
from stamgast.web.deps import Deps

_PING_S: Final = 2.0
_PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"


def health_app(look: Callable[[], Deps | str], token: str = "") -> Starlette:
    """Make the app; `look` gives what the process works with, or what it still waits for.

    Who has not the token, where there is one, learns whether and not why: balancers can send no token.
    """

    async def alive(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def ready(request: Request) -> JSONResponse:
        return await _ready(look(), detailed=_known(request))

    async def figures(request: Request) -> Response:
        if not _known(request):
            return PlainTextResponse("send the token\n", 401, {"WWW-Authenticate": "Bearer"})
        found = look()
        return Response(b"" if isinstance(found, str) else await _figures(found), media_type=_PROMETHEUS)

    def _known(request: Request) -> bool:
        return may_look(request.headers.get("authorization", ""), token)

    pages: dict[str, Callable[[Request], Awaitable[Response]]] = {
        "/healthz": alive,
        "/readyz": ready,
        "/metrics": figures,
    }
    return Starlette(routes=[Route(path, page, methods=["GET"]) for path, page in pages.items()])


def figures_app(text: Callable[[], bytes], token: str = "") -> Starlette:
    """The same of a process that has nothing to be ready for."""

    async def alive(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def figures(request: Request) -> Response:
        if not may_look(request.headers.get("authorization", ""), token):
            return PlainTextResponse("send the token\n", 401, {"WWW-Authenticate": "Bearer"})
        return Response(text(), media_type=_PROMETHEUS)

    return Starlette(routes=[Route("/healthz", alive), Route("/metrics", figures)])


async def _ready(found: Deps | str, *, detailed: bool) -> JSONResponse:
    """200 when purchases are taken; else 503 and what is missing. `notes`: what to see to in time.

    `filling`: partitions that Redis lost. Purchases are taken all the same; what needs such a partition is told 503.
    """
    missing = [found] if isinstance(found, str) else await _missing(found)
    notes = [] if isinstance(found, str) else found.fitness.notes
    filling = [] if isinstance(found, str) else [str(reach) for reach in await _filling(found) or ()]
    said = (("missing", missing), ("notes", notes), ("filling", filling))
    told = {name: lines for name, lines in said if lines and detailed}
    if missing:
        return JSONResponse({"status": "not ready", **told}, 503, {"Retry-After": "1"})
    return JSONResponse({"status": "ready", **told})


async def _figures(deps: Deps) -> bytes:
    for view, loaded in _views(deps).items():
        deps.metrics.loaded.labels(view).set(loaded)
    deps.metrics.redis.show(deps.fitness.nodes)
    deps.metrics.unsigned.show()
    filling = await _filling(deps)
    if filling is not None:
        deps.metrics.show_filling(filling)
    return deps.metrics.text()


async def _filling(deps: Deps) -> list[Reach] | None:
    """Return what is being filled; None if Redis does not say."""
    try:
        async with asyncio.timeout(_PING_S):
            return await deps.filling.unfilled()
    except (StateError, TimeoutError):
        return None


def _views(deps: Deps) -> dict[str, bool]:
    return {
        "identities": deps.identities.loaded,
        "api keys": deps.api_keys.loaded,
        "programmes": deps.merchants.loaded,
        "users": deps.roster.table.loaded,
        "connections": deps.tills is None or deps.tills.connections.loaded,
    }


async def _missing(deps: Deps) -> list[str]:
    missing = [f"{view}: still being read" for view, loaded in _views(deps).items() if not loaded]
    if not deps.pulse.beats:
        missing.append("Kafka: no broker answers")
    if deps.clock_watch is not None and not deps.clock_watch.fit:
        missing.append(f"clock: {deps.clock_watch.trouble}")
    missing += deps.fitness.missing
    try:
        async with asyncio.timeout(_PING_S):
            await deps.redis.ping()
    except (StateError, TimeoutError) as error:
        missing.append("Redis: no answer in time" if isinstance(error, TimeoutError) else "Redis: cannot be asked")
    return list(dict.fromkeys(missing))

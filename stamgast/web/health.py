"""Is it alive, is it ready, and its figures."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stamgast.state.errors import StateError
from stamgast.web.deps import Deps, deps_of

_PING_S = 2.0
_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


async def get_healthz(_request: Request) -> JSONResponse:
    """`GET /healthz`: this process answers."""
    return JSONResponse({"status": "ok"})


async def get_readyz(request: Request) -> JSONResponse:
    """`GET /readyz`: 200 when purchases are taken; else 503 and what is missing. `notes`: what to see to in time."""
    deps = deps_of(request)
    missing, notes = await _missing(deps), deps.fitness.notes
    told = {"notes": notes} if notes else {}
    if missing:
        return JSONResponse({"status": "not ready", "missing": missing, **told}, 503, {"Retry-After": "1"})
    return JSONResponse({"status": "ready", **told})


async def get_metrics(request: Request) -> Response:
    """`GET /metrics`, for Prometheus."""
    deps = deps_of(request)
    for view, loaded in _views(deps).items():
        deps.metrics.loaded.labels(view).set(loaded)
    deps.metrics.redis.show(deps.fitness.nodes)
    return Response(deps.metrics.text(), media_type=_PROMETHEUS)


def _views(deps: Deps) -> dict[str, bool]:
    return {
        "identities": deps.identities.loaded,
        "api keys": deps.api_keys.loaded,
        "programmes": deps.merchants.loaded,
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

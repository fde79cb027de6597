"""How a merchant's tills are connected: when each store was last heard of, and whether that is usual."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from stamgast.tills.status import rows_of
from stamgast.web.access.doors import KeyWith, open_to
from stamgast.web.auth import enter
from stamgast.web.deps import deps_of


@open_to(KeyWith("read"))
async def get_tills(request: Request) -> JSONResponse:
    """`GET /v1/merchants/{merchant}/pos`: the rows of `stamgast pos status --json`."""
    deps = deps_of(request)
    entrance = await enter(request, "read")
    tills, now = deps.tills, deps.clock.now()
    rows: list[dict[str, Any]] = []
    if tills is None:
        return JSONResponse({"connections": rows})
    for connection in tills.connections.all(entrance.merchant):
        beside = (tills.connections, tills.feeds)
        rows += await rows_of(connection, entrance.program, *beside, payments=tills.payments, now=now)
    return JSONResponse({"connections": rows})

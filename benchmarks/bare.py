"""What web is held beside: uvicorn and Starlette as they come, one route, the same append and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.bakery import MERCHANT
from stamgast.bootstrap import WebParts
from stamgast.lifecycle.listening import listen


@contextlib.asynccontextmanager
async def bare_server(parts: WebParts) -> AsyncIterator[int]:
    """Serve it by the same loop, parser, listener and producer as web; yields its port."""

    async def take(request: Request) -> Response:
        body = await request.body()
        said = json.loads(body)
        name = said.get("transaction_id") or said["id"]
        await parts.appender.append(parts.topics.purchases, [(f"{MERCHANT}:{name}".encode(), body)])
        return Response(status_code=202)

    app = Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])
    options: dict[str, Any] = {"http": "httptools", "ws": "none", "lifespan": "off", "log_config": None}
    server = uvicorn.Server(uvicorn.Config(app, access_log=False, proxy_headers=False, **options))
    listening = listen("127.0.0.1", 0)
    task = asyncio.create_task(cast("Any", server)._serve([listening]))  # noqa: SLF001  as `stamgast.web.serve`
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        await task

"""A server that looks seldom whether it was told to end is told."""

from __future__ import annotations

import time

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from stamgast.web.serve import serving


async def test_a_server_without_requests_ends_as_soon_as_it_is_told() -> None:
    async def hello(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    app = Starlette(routes=[Route("/", hello)])
    took = []
    for _ in range(3):
        async with serving(app, "127.0.0.1", 0) as port, httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{port}/")
            assert answer.headers["date"].endswith("GMT")
            await client.aclose()
            told = time.monotonic()
        took.append(time.monotonic() - told)
    assert min(took) < 0.5  # it wakes by itself once a second

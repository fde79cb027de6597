"""A server that looks seldom whether it was told to end is told, and answers what is under way before it is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from stamgast.settings import Settings
from stamgast.web import serve
from stamgast.web.opening import Opening
from stamgast.web.serve import serving
from tests.conftest import eventually


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


async def test_what_is_under_way_is_answered_before_what_it_needs_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    there, asked, go_on = ["Kafka"], asyncio.Event(), asyncio.Event()

    async def sale(_request: Request) -> PlainTextResponse:
        asked.set()
        await go_on.wait()
        return PlainTextResponse(f"{there}")

    @asynccontextmanager
    async def parts(_opening: Opening, _settings: Settings) -> AsyncIterator[Any]:
        try:
            yield SimpleNamespace(redis=None)
        finally:
            there.clear()

    def app(_deps: Any) -> Starlette:
        return Starlette(routes=[Route("/", sale)])

    monkeypatch.setattr(Opening, "parts", parts)
    monkeypatch.setattr(serve, "deps_over", lambda _parts, **_more: SimpleNamespace())
    monkeypatch.setattr(serve, "create_app", app)
    monkeypatch.setattr(serve, "collect_rarely", lambda: None)
    ports: list[int] = []
    settings = Settings(web_metrics_port=0)
    running = asyncio.create_task(serve.run(settings, "127.0.0.1", 0, ports.append))
    [port] = await eventually(lambda: ports)
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        answer = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/"))
        await asked.wait()
        running.cancel()
        asyncio.get_running_loop().call_later(0.3, go_on.set)
        assert (await answer).text == "['Kafka']"
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not there

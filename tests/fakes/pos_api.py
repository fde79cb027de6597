"""A system's API on loopback, over real HTTP: it has objects, asks for its credential, throttles and fails on demand."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stamgast.web.serve import serving


class PosApi:
    """What it answers: `objects` by path; `next_answers` are given first, each once: (status, headers).

    `lists` are paged: of a path, entries that each have the `key` by which `after` counts; `page` at a time, as
    `{name: […], "cursor": …, "more": …}`.
    """

    def __init__(self, authorization: str = "Bearer key") -> None:
        self.authorization = authorization
        self.objects: dict[str, Any] = {}
        self.lists: dict[str, tuple[str, str, list[dict[str, Any]]]] = {}
        self.page = 2
        self.next_answers: deque[tuple[int, dict[str, str]]] = deque()
        self.asked: list[str] = []
        self.url = ""

    @asynccontextmanager
    async def served(self) -> AsyncIterator[PosApi]:
        """Serve it while the context is open."""
        app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST"])])
        async with serving(app, "127.0.0.1", 0) as port:
            self.url = f"http://127.0.0.1:{port}"
            yield self

    async def _answer(self, request: Request) -> Response:
        self.asked.append(f"{request.url.path}{f'?{request.url.query}' if request.url.query else ''}")
        if self.next_answers:
            status, headers = self.next_answers.popleft()
            return Response(b"trouble", status, headers)
        if self.authorization and request.headers.get("authorization") != self.authorization:
            return Response(b"", 401)
        if request.url.path in self.lists:
            return _json(self._paged(*self.lists[request.url.path], request.query_params.get("after", "0")))
        found = self.objects.get(request.url.path)
        return Response(b"", 404) if found is None else _json(found)

    def _paged(self, name: str, key: str, entries: list[dict[str, Any]], after: str) -> dict[str, Any]:
        later = [each for each in entries if int(each[key]) > int(after)]
        page = later[: self.page]
        cursor = page[-1][key] if page else int(after)
        return {name: page, "cursor": cursor, "more": len(later) > len(page)}


def _json(document: Any) -> Response:
    """JSON; bytes are what they are."""
    raw = document if isinstance(document, bytes) else msgspec.json.encode(document)
    return Response(raw, media_type="application/json")

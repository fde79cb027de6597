"""The part of four systems' APIs that makes webhooks, over real HTTP: what was made is listed, until it is switched off."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from stamgast.web.serve import serving

SIGNS_BY = "made-by-square"


class PosWebhooks:
    """`made` by id, each as its system lists it; `refuses` is answered to whoever would write."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}
        self.refuses = 0
        self.url = ""

    @asynccontextmanager
    async def served(self) -> AsyncIterator[PosWebhooks]:
        """Serve it while the context is open."""
        routes = [
            Route("/webhooks.json", self._shopify, methods=["GET", "POST"]),
            Route("/webhooks", self._plain, methods=["GET", "POST"]),
            Route("/webhooks/subscriptions", self._square, methods=["GET", "POST"]),
            Route("/webhooks/subscriptions/{id}", self._square, methods=["PUT"]),
            Route("/webhooks/{id}", self._plain, methods=["PUT"]),
        ]
        async with serving(Starlette(routes=routes), "127.0.0.1", 0) as port:
            self.url = f"http://127.0.0.1:{port}"
            yield self

    def _write(self, request: Request, sent: dict[str, Any]) -> dict[str, Any]:
        number = request.path_params.get("id") or sent.get("id") or str(1 + max(map(int, self.made), default=0))
        self.made[number] = self.made.get(number, {}) | sent | {"id": number}
        return self.made[number]

    async def _shopify(self, request: Request) -> JSONResponse:
        if request.method == "GET":
            address = request.query_params["address"]
            return JSONResponse({"webhooks": [each for each in self.made.values() if each["address"] == address]})
        return await self._wrote(request, "webhook")

    async def _square(self, request: Request) -> JSONResponse:
        if request.method == "GET":
            return JSONResponse({"subscriptions": list(self.made.values())})
        return await self._wrote(request, "subscription", signature_key=SIGNS_BY)

    async def _plain(self, request: Request) -> JSONResponse:
        """WooCommerce's are a list alone; Loyverse's have a name before them."""
        if request.method == "GET":
            found = list(self.made.values())
            return JSONResponse(found if "per_page" in request.query_params else {"webhooks": found})
        return await self._wrote(request, "")

    async def _wrote(self, request: Request, inside: str, **told: str) -> JSONResponse:
        if self.refuses:
            return JSONResponse({}, self.refuses)
        body = json.loads(await request.body())
        written = self._write(request, body[inside] if inside else body)
        return JSONResponse({inside: written | told} if inside else written)

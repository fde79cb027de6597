"""The part of the systems' APIs that makes webhooks, over real HTTP: what was made is listed, until it is switched off."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from stamgast.web.serve import serving

SIGNS_BY = "made-by-the-system"


class PosWebhooks:
    """`made` by id, each as its system lists it; `refuses` is answered to whoever would write.

    `system` says whose `/webhooks` it is; `credentials` has what each call carried, `once` their keys.
    """

    def __init__(self, system: str = "") -> None:
        self.system = system
        self.credentials: list[str] = []
        self.once: list[str] = []
        self.loses_answer = False
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
            Route("/webhook_endpoints", self._stripe, methods=["GET", "POST"]),
            Route("/webhook_endpoints/{id}", self._stripe, methods=["POST"]),
            Route("/organizations/self/subscriptions", self._zettle, methods=["GET", "POST"]),
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
        """WooCommerce's are a list alone; the others' have a name before them."""
        self.credentials.append(request.headers.get("authorization", ""))
        if request.method == "GET":
            found = list(self.made.values())
            if self.system == "mollie":
                return JSONResponse({"count": len(found), "_embedded": {"webhooks": found}})
            if self.system == "lightspeed_x":
                return JSONResponse({"data": found})
            return JSONResponse(found if "per_page" in request.query_params else {"webhooks": found})
        if self.system == "mollie":
            self.once.append(request.headers.get("idempotency-key", ""))
            return await self._wrote(request, "", status="enabled", webhookSecret=SIGNS_BY)
        return await self._wrote(request, "")

    async def _stripe(self, request: Request) -> JSONResponse:
        """Stripe takes forms; the secret stands in the answer to making one, and nowhere else."""
        if request.method == "GET":
            return JSONResponse({"object": "list", "data": list(self.made.values())})
        if self.refuses:
            return JSONResponse({}, self.refuses)
        form = dict(parse_qsl((await request.body()).decode(), strict_parsing=True))
        is_new = "id" not in request.path_params
        if is_new:
            self.once.append(request.headers.get("idempotency-key", ""))
        sent = form if is_new else {}
        written = self._write(request, sent | {"status": "enabled"})
        return JSONResponse(written | ({"secret": SIGNS_BY} if is_new else {}))

    async def _zettle(self, request: Request) -> JSONResponse:
        """Zettle lists the key by which it signs as well, and refuses the id of one that is there."""
        if request.method == "GET":
            return JSONResponse(list(self.made.values()))
        if self.refuses:
            return JSONResponse({}, self.refuses)
        sent = json.loads(await request.body())
        if not sent.get("contactEmail") or uuid.UUID(sent["uuid"]).version != 1:
            return JSONResponse({}, 422)
        if self.loses_answer:
            self.loses_answer = False
            self.made[sent["uuid"]] = sent | {"status": "ACTIVE", "signingKey": SIGNS_BY}
            return JSONResponse({}, 400)
        self.made[sent["uuid"]] = sent | {"status": "ACTIVE", "signingKey": SIGNS_BY}
        return JSONResponse(self.made[sent["uuid"]])

    async def _wrote(self, request: Request, inside: str, **told: str) -> JSONResponse:
        if self.refuses:
            return JSONResponse({}, self.refuses)
        body = json.loads(await request.body())
        listed = {name: value for name, value in told.items() if name == "status"}
        written = self._write(request, (body[inside] if inside else body) | listed)
        return JSONResponse({inside: written | told} if inside else written | told)

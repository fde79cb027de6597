"""The trial's own small web server: one page, what it shows, and the till's two buttons. Loopback only."""

from __future__ import annotations

import contextlib
import secrets
from importlib import resources
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from channels.twilio_client import is_loopback
from stamgast.demo.board import Board
from stamgast.demo.shop import ShopError
from stamgast.demo.till import PRODUCTS, NothingToRefundError

_PAGE: Final = resources.files("stamgast.demo").joinpath("till.html").read_text(encoding="utf-8")
_MOST_BYTES: Final = 1_000


class _Press(msgspec.Struct, forbid_unknown_fields=True):
    """A press of a button: which regular stands at the till, and which product it was."""

    regular: int
    product: str = ""


class _LoopbackOnly:
    """Refuses names that only point here and pages of other origins: no foreign page may press our till."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            host, origin = request.headers.get("host", ""), request.headers.get("origin")
            if not is_loopback(urlsplit(f"//{host}").hostname or "") or origin not in {None, f"http://{host}"}:
                await JSONResponse({"error": "this page is for this machine alone"}, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def create_app(board: Board) -> Starlette:
    """Make the application."""

    async def events(_: Request) -> Response:
        return StreamingResponse(board.events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def state(_: Request) -> Response:
        return Response(board.snapshot, media_type="application/json", headers={"Cache-Control": "no-store"})

    async def sell(request: Request) -> Response:
        press = await _read(request)
        regulars = board.till.regulars
        if press is None or not 0 <= press.regular < len(regulars) or press.product not in PRODUCTS:
            return JSONResponse({"error": "give regular (a number) and product (one of the shelf)"}, 422)
        await board.till.sell(regulars[press.regular], PRODUCTS[press.product])
        return JSONResponse({"sold": press.product}, 202)

    async def refund(request: Request) -> Response:
        press = await _read(request)
        regulars = board.till.regulars
        if press is None or not 0 <= press.regular < len(regulars):
            return JSONResponse({"error": "give regular (a number)"}, 422)
        try:
            await board.till.refund_last(regulars[press.regular])
        except NothingToRefundError:
            return JSONResponse({"error": "there is no receipt to take back"}, 409)
        return JSONResponse({"refunded": True}, 202)

    return Starlette(
        routes=[
            Route("/", _page),
            Route("/events", events),
            Route("/api/state", state),
            Route("/api/sell", sell, methods=["POST"]),
            Route("/api/refund", refund, methods=["POST"]),
        ],
        middleware=[Middleware(_LoopbackOnly)],
        exception_handlers={ShopError: _not_taken},
    )


def make_server(board: Board) -> uvicorn.Server:
    """Make a server for the running loop; the caller binds the port and ends it with `should_exit`."""
    config = uvicorn.Config(
        create_app(board),
        log_config=None,
        log_level="warning",
        access_log=False,
        ws="none",
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """Leaves signals to the trial, which has more to end than this server."""

    def capture_signals(self) -> Any:
        return contextlib.nullcontext()


async def _not_taken(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 503)


async def _page(_: Request) -> Response:
    """The page. Its one script and one style carry a fresh nonce; nothing else may run or load."""
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(_PAGE.replace("__NONCE__", nonce), headers=headers, media_type="text/html")


async def _read(request: Request) -> _Press | None:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return None
    body = await request.body()
    try:
        return msgspec.json.decode(body, type=_Press) if len(body) <= _MOST_BYTES else None
    except msgspec.DecodeError:
        return None

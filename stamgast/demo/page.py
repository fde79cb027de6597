"""The trial's own small web server: one page, what it shows, and the till's two buttons. Loopback only."""

from __future__ import annotations

from importlib import resources
from typing import Final
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from stamgast.demo.board import Board
from stamgast.demo.shop import ShopError
from stamgast.demo.till import PRODUCTS, NothingToRefundError
from stamgast.lifecycle.who_looks import is_loopback
from stamgast.sandbox.live_page import PageServer, page_response

_PAGE: Final = resources.files("stamgast.demo").joinpath("till.html").read_text(encoding="utf-8")
_MOST_BYTES: Final = 1_000


class _Press(msgspec.Struct, forbid_unknown_fields=True):
    """A press of a button: which regular stands at the till, and which product it was, or which receipt."""

    regular: int
    product: str = ""
    receipt: str = ""


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
    """Make the app of the till: its page, its news and what its buttons post."""

    async def events(_: Request) -> Response:
        return board.news.response(lambda: board.snapshot)

    async def state(_: Request) -> Response:
        return Response(board.snapshot, media_type="application/json", headers={"Cache-Control": "no-store"})

    async def sell(request: Request) -> Response:
        press = await _read(request)
        regulars = board.till.regulars
        if press is None or not 0 <= press.regular < len(regulars) or press.product not in PRODUCTS:
            return JSONResponse({"error": "give regular (a number) and product (one of the shelf)"}, 422)
        await board.till.serve(regulars[press.regular], PRODUCTS[press.product])
        return JSONResponse({"sold": press.product}, 202)

    async def refund(request: Request) -> Response:
        press = await _read(request)
        regulars = board.till.regulars
        if press is None or not 0 <= press.regular < len(regulars):
            return JSONResponse({"error": "give regular (a number) and receipt (its id)"}, 422)
        try:
            await board.till.take_back(regulars[press.regular], press.receipt)
        except NothingToRefundError:
            return JSONResponse({"error": "that is not their last receipt, or it was taken back already"}, 409)
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


def make_server(board: Board) -> PageServer:
    """Make a server for the running loop; the caller binds the port and ends it with `should_exit`."""
    return PageServer(create_app(board), board.news, lifespan="off")


async def _not_taken(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 503)


async def _page(_: Request) -> Response:
    return page_response(_PAGE)


async def _read(request: Request) -> _Press | None:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return None
    body = await request.body()
    try:
        return msgspec.json.decode(body, type=_Press) if len(body) <= _MOST_BYTES else None
    except msgspec.DecodeError:
        return None

"""The trial's own small web server: one page, its till, and the way to every page behind it. Loopback only."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from stamgast.demo.board import Board
from stamgast.demo.shop import ShopError
from stamgast.demo.signing_in import SignIn
from stamgast.demo.till import PRODUCTS, NothingToRefundError, Regular
from stamgast.lifecycle.who_looks import is_loopback
from stamgast.log.appender import NotAppendedError
from stamgast.sandbox.live_page import PageServer
from stamgast.users.rights import Role
from stamgast.web.access.cookies import Cookie
from stamgast.web.access.forms import read_form
from stamgast.web.pages.customer.drawing import mark_of
from stamgast.web.pages.places import places_of
from stamgast.web.pages.rendering import CONNECTS, answer
from stamgast.web.pages.static_files import get_look, get_static
from stamgast.web.problem import Problem, answer_problem

_MOST_BYTES: Final = 1_000
_FORM: Final = "application/x-www-form-urlencoded"
_FIRST: Final = 1
"""Whom the page shows before somebody was chosen: the first regular has her card full from the start."""
_WHOM: Final = "give who (the number of a regular)"


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


class _Pages:
    """The handlers."""

    def __init__(self, board: Board, sign_in: SignIn) -> None:
        self._board = board
        self._sign_in = sign_in

    def routes(self) -> list[Route]:
        """Where each is."""
        return [
            Route("/", self.show),
            Route("/events", self.events),
            Route("/sell", self.sell, methods=["POST"]),
            Route("/refund", self.refund, methods=["POST"]),
            Route("/hold", self.hold, methods=["POST"]),
            Route("/open", self.open),
            Route("/static/{hash}/{name:path}", get_static),
            Route("/look/{colour}.css", get_look),
        ]

    async def show(self, request: Request) -> Response:
        """The page, or what it shows as JSON."""
        shown = await self._board.shown()
        asked = request.query_params.get("who", "")
        regulars = shown.bakery.regulars
        chosen = int(asked) if asked.isdecimal() and int(asked) < len(regulars) else min(_FIRST, len(regulars) - 1)
        return answer(
            request, "demo/demo.html", shown, chosen=chosen, zone=ZoneInfo(shown.zone), allow=[CONNECTS],
            mark=mark_of(self._board.till.program.look),
            places=[each for each in places_of(Role.OWNER) if each.where != "/app/sessions"],
        )  # fmt: skip

    async def events(self, _: Request) -> Response:
        """Tell a page that something else is shown."""
        return self._board.news.response(lambda: self._board.version)

    async def sell(self, request: Request) -> Response:
        """`who` buys `product`."""
        form = await _form(request)
        who, product = self._regular(form.get("who", "")), PRODUCTS.get(form.get("product", ""))
        if who is None or product is None:
            raise Problem(422, "invalid", f"{_WHOM} and product ({', '.join(PRODUCTS)})")
        await self._board.till.serve(who, product)
        return self._back(form["who"])

    async def refund(self, request: Request) -> Response:
        """`who` brings `receipt` back."""
        form = await _form(request)
        who = self._regular(form.get("who", ""))
        if who is None:
            raise Problem(422, "invalid", f"{_WHOM} and receipt (its id)")
        try:
            await self._board.till.take_back(who, form.get("receipt", ""))
        except NothingToRefundError:
            raise Problem(409, "no-receipt", "That is not their last receipt, or it was taken back already.") from None
        return self._back(form["who"])

    async def hold(self, request: Request) -> Response:
        """Let shop time stand still, or pass again."""
        form = await _form(request)
        driver = self._board.driver
        if form.get("held") == "no":
            driver.go_on()
        else:
            driver.hold()
        return self._back(form.get("who", ""))

    async def open(self, request: Request) -> Response:
        """Sign the browser in, or make it the till, and lead to the page `to` of a `merchant`."""
        to, merchant = request.query_params.get("to", ""), request.query_params.get("merchant", "")
        cookie = Cookie.TILL if to == "/till" else Cookie.SESSION
        if cookie is Cookie.SESSION and to not in {each.where for each in places_of(Role.OWNER)}:
            raise Problem(422, "invalid", "to is /till, or a place of /app")
        token = await self._sign_in.token(cookie)
        said = {name: request.query_params[name] for name in ("lang",) if name in request.query_params}
        query = urlencode(({"merchant": merchant} if merchant else {}) | said)
        # By the name under which this page is open: a cookie is of a host, and goes to each of its ports.
        host = urlsplit(f"//{request.headers['host']}").hostname
        where = f"http://{host}:{urlsplit(self._board.where.web_url).port}{to}"
        response = RedirectResponse(f"{where}?{query}" if query else where, 303, {"Cache-Control": "no-store"})
        response.set_cookie(cookie.value, token, path="/", httponly=True, samesite="lax")
        return response

    def _regular(self, number: str) -> Regular | None:
        regulars = self._board.till.regulars
        return regulars[int(number)] if number.isdecimal() and int(number) < len(regulars) else None

    @staticmethod
    def _back(who: str) -> Response:
        return RedirectResponse(f"/?who={who}" if who.isdecimal() else "/", 303)


def create_app(board: Board, sign_in: SignIn) -> Starlette:
    """Make the app of the page."""
    return Starlette(
        routes=_Pages(board, sign_in).routes(),
        middleware=[Middleware(_LoopbackOnly)],
        exception_handlers={
            Problem: answer_problem,
            ShopError: _not_taken,
            NotAppendedError: _not_taken,
            httpx.HTTPError: _not_taken,
        },
    )


def make_server(board: Board, sign_in: SignIn) -> PageServer:
    """Make a server for the running loop; the caller binds the port and ends it with `should_exit`."""
    return PageServer(create_app(board, sign_in), board.news, lifespan="off")


async def _not_taken(request: Request, error: Exception) -> Response:
    return await answer_problem(request, Problem(503, "unavailable", f"The engine did not take that: {error}"))


async def _form(request: Request) -> dict[str, str]:
    body = await request.body()
    if request.headers.get("content-type", "").partition(";")[0] != _FORM or len(body) > _MOST_BYTES:
        raise Problem(415, "media-type", f"this takes a form ({_FORM}) of up to {_MOST_BYTES} bytes")
    return {name: str(value) for name, value in read_form(body).items()}

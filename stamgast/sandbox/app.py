"""How a sandbox is put together: one ASGI application with its own memory."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import resources
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stamgast.sandbox.api import MessagesApi
from stamgast.sandbox.carrier import Carrier
from stamgast.sandbox.contents import ContentsApi
from stamgast.sandbox.control import Control
from stamgast.sandbox.faults import FaultSwitches
from stamgast.sandbox.gate import Gate
from stamgast.sandbox.live import Live
from stamgast.sandbox.live_page import page_response
from stamgast.sandbox.options import SandboxOptions
from stamgast.sandbox.records import Records
from stamgast.sandbox.refusals import TwilioRefusalError
from stamgast.sandbox.requests import BadRequestError, bad_request, twilio_refusal

_PAGE: Final = resources.files("stamgast.sandbox").joinpath("phones.html").read_text(encoding="utf-8")


def create_app(options: SandboxOptions, drop: Callable[[Request], None], live: Live | None = None) -> Starlette:
    """The application. `drop` breaks the connection of a request, which only the server can do."""
    records, faults, live = Records(), FaultSwitches(), live or Live()
    carrier = Carrier(options, records, faults, live)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            live.close()
            await carrier.aclose()

    return Starlette(
        routes=[
            Route("/", _page),
            Route("/healthz", _healthy),
            *MessagesApi(options, records, faults, carrier, drop).routes(),
            *ContentsApi(options, records).routes(),
            *Control(options, records, faults, carrier, live).routes(),
        ],
        middleware=[Middleware(Gate, token=options.token)],
        exception_handlers={BadRequestError: bad_request, TwilioRefusalError: twilio_refusal},
        lifespan=lifespan,
    )


async def _page(_: Request) -> Response:
    """The page with the phones."""
    return page_response(_PAGE)


async def _healthy(_: Request) -> Response:
    return PlainTextResponse("ok\n")

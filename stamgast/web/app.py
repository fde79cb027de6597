"""The ASGI app: its routes, and what surrounds every request."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from stamgast.clock.bounded import ClockUnknownError
from stamgast.log.appender import NotAppendedError, RecordTooLargeError
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import TooManyError
from stamgast.purchases.accept import ReceiptTooLargeError
from stamgast.state.errors import StateError
from stamgast.state.identities import IdentityConflictError
from stamgast.state.views import NotLoadedError
from stamgast.web.access.cookies import tell_cookies
from stamgast.web.access.doors import Way, open_to
from stamgast.web.access.elsewhere import ElsewhereError, answer_elsewhere
from stamgast.web.api.claims import get_claim, post_claim, post_token
from stamgast.web.api.customers import delete_customer, get_customer, post_customer, post_lookup
from stamgast.web.api.days import get_day
from stamgast.web.api.lists import get_customers, get_purchases, get_vouchers
from stamgast.web.api.merging import post_merge
from stamgast.web.api.own_events import post_events
from stamgast.web.api.purchases import get_public_key, post_purchases
from stamgast.web.api.purchases_at_once import purchases_at_once
from stamgast.web.api.reports import get_report, get_rules
from stamgast.web.api.stamps import delete_stamps, get_stamps, post_stamps
from stamgast.web.api.tills import get_tills
from stamgast.web.api.voiding import post_void
from stamgast.web.api.vouchers import delete_redemption, get_redemption, post_redemption
from stamgast.web.api.wallet import (
    delete_registration,
    get_logo,
    get_own_logo,
    get_pass,
    get_registrations,
    post_log,
    post_registration,
)
from stamgast.web.around import Around
from stamgast.web.bodies import Bodies
from stamgast.web.deps import Deps
from stamgast.web.openapi.document import openapi
from stamgast.web.pages.refusals import page_or
from stamgast.web.pages.routes import page_routes
from stamgast.web.problem import Problem, answer_failure, answer_http_error, answer_problem
from stamgast.web.rates import tell_rate
from stamgast.web.straight import Straight
from stamgast.web.webhooks.inbound import post_inbound
from stamgast.web.webhooks.pos import post_delivery
from stamgast.web.webhooks.pos_at_once import delivery_at_once
from stamgast.web.webhooks.twilio import post_status
from stamgast.web.whole_requests import WholeRequests

ANSWERED = (
    Problem,
    RefusedError,
    TooManyError,
    ReceiptTooLargeError,
    RecordTooLargeError,
    NotAppendedError,
    NotLoadedError,
    ClockUnknownError,
    IdentityConflictError,
    StateError,
)
"""Errors of the layers below that have an answer of their own (`stamgast.web.problem`)."""

_failure = page_or(answer_failure)
INBOUND = "/twilio/inbound"
_DEVICE = "/wallet/v1/devices/{device}/registrations"
Answers = Callable[[Request, Exception], Awaitable[Response]]


def create_app(deps: Deps) -> Starlette:
    """Make the app. What stands behind `deps` runs already (`stamgast.bootstrap.web_parts`)."""
    return _Doors(deps)


def _routes() -> list[BaseRoute]:
    merchant = "/v1/merchants/{merchant}"
    return [
        Route(f"{merchant}/purchases", post_purchases, methods=["POST"]),
        Route(f"{merchant}/pos/{{system}}", post_delivery, methods=["POST"]),
        Route(f"{merchant}/pos/{{system}}/{{connection}}", post_delivery, methods=["POST"]),
        Route("/twilio/status", post_status, methods=["POST"]),
        Route(INBOUND, post_inbound, methods=["POST"]),
        Route(f"{merchant}/events", post_events, methods=["POST"]),
        Route(f"{merchant}/public-key", get_public_key, methods=["GET"]),
        Route(f"{merchant}/customers", post_customer, methods=["POST"]),
        Route(f"{merchant}/customers", get_customers, methods=["GET"]),
        Route(f"{merchant}/customers/lookup", post_lookup, methods=["POST"]),
        Route(f"{merchant}/customers/{{customer}}", get_customer, methods=["GET"]),
        Route(f"{merchant}/customers/{{customer}}", delete_customer, methods=["DELETE"]),
        Route(f"{merchant}/customers/{{customer}}/merge", post_merge, methods=["POST"]),
        Route(f"{merchant}/customers/{{customer}}/purchases", get_purchases, methods=["GET"]),
        Route(f"{merchant}/customers/{{customer}}/vouchers", get_vouchers, methods=["GET"]),
        Route(f"{merchant}/customers/{{customer}}/stamps", post_stamps, methods=["POST"]),
        Route(f"{merchant}/customers/{{customer}}/stamps", delete_stamps, methods=["DELETE"]),
        Route(f"{merchant}/customers/{{customer}}/stamps/{{handing}}", get_stamps, methods=["GET"]),
        Route(f"{merchant}/customers/{{customer}}/stamps/{{handing}}", delete_stamps, methods=["DELETE"]),
        Route(f"{merchant}/vouchers/{{code}}/void", post_void, methods=["POST"]),
        Route(f"{merchant}/vouchers/{{code}}/redemptions", post_redemption, methods=["POST"]),
        Route(f"{merchant}/vouchers/{{code}}/redemptions", delete_redemption, methods=["DELETE"]),
        Route(f"{merchant}/vouchers/{{code}}/redemptions/{{redemption}}", get_redemption, methods=["GET"]),
        Route(f"{merchant}/vouchers/{{code}}/redemptions/{{redemption}}", delete_redemption, methods=["DELETE"]),
        Route(f"{merchant}/claims", post_claim, methods=["POST"]),
        Route(f"{merchant}/claims/tokens", post_token, methods=["POST"]),
        Route(f"{merchant}/claims/{{claim}}", get_claim, methods=["GET"]),
        Route(f"{merchant}/days/{{date}}", get_day, methods=["GET"]),
        Route(f"{merchant}/report", get_report, methods=["GET"]),
        Route(f"{merchant}/rules", get_rules, methods=["GET"]),
        Route(f"{merchant}/pos", get_tills, methods=["GET"]),
        Route(f"{_DEVICE}/{{pass_type}}/{{serial}}", post_registration, methods=["POST"]),
        Route(f"{_DEVICE}/{{pass_type}}/{{serial}}", delete_registration, methods=["DELETE"]),
        Route(f"{_DEVICE}/{{pass_type}}", get_registrations, methods=["GET"]),
        Route("/wallet/v1/passes/{pass_type}/{serial}", get_pass, methods=["GET"]),
        Route("/wallet/v1/log", post_log, methods=["POST"]),
        Route("/openapi.json", _get_openapi, methods=["GET"]),
        Route("/wallet/logo/{colour}.png", get_logo, methods=["GET"]),
        Route("/wallet/logo/{merchant}/{version}.png", get_own_logo, methods=["GET"]),
        *page_routes(),
    ]


class _Doors(Starlette):
    """The app. A request that has a route goes straight there; Starlette's router has the word on every other one."""

    def __init__(self, deps: Deps) -> None:
        routes = _routes()
        super().__init__(routes=routes)
        self.state.deps = deps
        self._straight = Straight(routes)
        self._answers: dict[type[BaseException], Answers] = {
            **dict.fromkeys(ANSWERED, page_or(answer_problem)),
            ElsewhereError: answer_elsewhere,
            HTTPException: page_or(answer_http_error),
        }
        self._others = ExceptionMiddleware(self.router, self._answers)
        bodies = Bodies(deps.limits.all_bodies_bytes, deps.limits.small_body_bytes)
        told = (tell_rate, tell_cookies)
        self._around = Around(self._answer, deps.metrics, bodies, failed=_failure, told=told)
        shorts = {post_purchases: purchases_at_once, post_delivery: delivery_at_once}
        self.at_once = WholeRequests(deps, self._straight, self._around, shorts, self._answer_error)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        await self._around(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._straight.find(scope)
        if found is None:
            await self._others(scope, receive, send)
            return
        scope["route"], scope["path_params"] = found
        request = Request(scope, receive, send)
        try:
            response = await found[0].endpoint(request)
        except Exception as error:
            answer = self._answer_of(error)
            if answer is None:
                raise
            response = await answer(request, error)
            error.__traceback__ = None  # some are raised again and again, and would keep what each was raised in
        await response(scope, receive, send)

    def _answer_of(self, error: Exception) -> Answers | None:
        kinds = type(error).__mro__
        return next((self._answers[kind] for kind in kinds if kind in self._answers), None)

    async def _answer_error(self, request: Request, error: Exception) -> Response:
        """For requests that are taken at once."""
        return await (self._answer_of(error) or _failure)(request, error)


def is_urgent(url: bytes) -> bool:
    """Whether a request is what somebody wrote to us: it may be STOP, and the carrier posts it once."""
    return url.partition(b"?")[0] == INBOUND.encode()


@open_to(Way.PUBLIC)
async def _get_openapi(_request: Any) -> JSONResponse:
    return JSONResponse(openapi())

"""Who may speak to a sandbox: on loopback only pages and programs of this machine, elsewhere who has the token."""

import hmac
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from stamgast.lifecycle.who_looks import is_loopback
from stamgast.sandbox.requests import json_response

_COOKIE: Final = "sandbox_token"
_TWILIO_PATHS: Final = ("/2010-04-01/", "/v1/")


class Gate:
    """Checks each request before anything else sees it.

    With a token: Twilio's paths carry it as basic-auth password (checked there), the rest as bearer token,
    `X-Sandbox-Token` header, or cookie (set by opening `/?token=…` once). Without: the Host must be loopback, so
    that a foreign page cannot reach the sandbox by a name that points here.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refuse_host(Headers(scope=scope)) if not self._token else self._refuse_token(scope)
        await (refusal or self._app)(scope, receive, send)

    def _refuse_host(self, headers: Headers) -> Response | None:
        try:
            host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
        except ValueError:
            host = ""
        if is_loopback(host):
            return None
        return json_response({"error": "this sandbox answers on loopback alone; start it with a token"}, 403)

    def _refuse_token(self, scope: Scope) -> Response | None:
        path: str = scope["path"]
        if path.startswith(_TWILIO_PATHS) or path == "/healthz":
            return None
        headers = Headers(scope=scope)
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if path == "/" and asked and self._is_token(asked):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(_COOKIE, self._token, httponly=True, samesite="strict")
            return answer
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        given = (bearer, headers.get("x-sandbox-token", ""), _cookie(headers))
        if any(self._is_token(text) for text in given):
            return None
        return json_response({"error": "this sandbox needs its token: open /?token=… or send X-Sandbox-Token"}, 401)

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self._token.encode())


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(_COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value

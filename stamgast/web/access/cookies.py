"""Cookies: no script reads them, no other site sends them along, and under https no other host can set them."""

from __future__ import annotations

from enum import StrEnum
from http.cookies import SimpleCookie
from typing import Final

from starlette.requests import Request
from starlette.types import Message, Scope

from stamgast.web.deps import deps_of

_SET: Final = "set_cookies"


class Cookie(StrEnum):
    """What we keep in a browser."""

    SESSION = "stamgast"
    """Who is signed in: a token."""
    TILL = "stamgast-till"
    """Which till this is: a token."""
    OPERATOR = "stamgast-operator"
    """What the cashier at a till called themselves."""
    MERCHANT = "stamgast-merchant"
    """Which merchant somebody looked at last who may look at several."""


def name_of(request: Request, cookie: Cookie) -> str:
    """What a cookie is called here: `__Host-` holds it to this host, and browsers take that over https alone."""
    secure = deps_of(request).public_url.startswith("https:")
    return f"__Host-{cookie.value}" if secure else cookie.value


def read_cookie(request: Request, cookie: Cookie) -> str:
    """Its value; empty where there is none."""
    return request.cookies.get(name_of(request, cookie), "")


def keep_cookie(request: Request, cookie: Cookie, value: str, seconds: int) -> None:
    """Let the answer to this request set it; 0 seconds take it away."""
    name = name_of(request, cookie)
    jar: SimpleCookie = SimpleCookie({name: value})
    morsel = jar[name]
    morsel["path"], morsel["httponly"], morsel["samesite"], morsel["max-age"] = "/", True, "Lax", seconds
    if name.startswith("__Host-"):
        morsel["secure"] = True
    request.scope.setdefault("state", {}).setdefault(_SET, {})[name] = morsel.OutputString()


def forget_cookie(request: Request, cookie: Cookie) -> None:
    """Let the answer take it away."""
    keep_cookie(request, cookie, "", 0)


def tell_cookies(scope: Scope, start: Message) -> None:
    """Add to an answer's beginning the cookies that were kept while it was made, whatever the answer is."""
    if kept := scope.get("state", {}).get(_SET):
        added = [(b"set-cookie", text.encode("latin-1")) for text in kept.values()]
        start["headers"] = [*start.get("headers", ()), *added]

"""For which host names web answers, and what every answer of it tells browsers and caches."""

from collections.abc import Collection, Iterable
from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stamgast.web.problem import Problem
from stamgast.web.short_way import Answer, Headers, Say, at_once_of

_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
_NO_STORE: Final = (b"cache-control", b"no-store")
"""Of every answer that does not say itself how it is kept: pages' files do, whose address says what is in them."""


class Hosts:
    """Refuses a `Host` that is none of ours: a foreign page could reach us by a name that it points here.

    An address needs no leave: nobody can point an address.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names) | {"localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on; say how to treat the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def said(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _told(message.get("headers", ()))
            await send(message)

        if self._is_ours(scope):
            await self._app(scope, receive, said)
        else:
            detail = "This is not a name of this server. STAMGAST_WEB_HOSTS lists its names."
            await Problem(421, "host", detail).response()(scope, receive, said)

    def at_once(self, scope: Scope, body: bytes, say: Say) -> bool:
        """Let the app take a whole request, if it does and this is a name of ours."""

        def said(answer: Answer) -> None:
            say(answer._replace(headers=_told(answer.headers)))

        take = at_once_of(self._app)
        return take is not None and self._is_ours(scope) and take(scope, body, said)

    def _is_ours(self, scope: Scope) -> bool:
        given = next((value for name, value in scope["headers"] if name == b"host"), b"")
        host = _name_in(given.decode("latin-1"))
        return host in self._names or _is_address(host)


def _told(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """An answer's headers, and how to treat it."""
    told = [each for each in headers if each[0].lower() != _NOSNIFF[0]]
    kept = any(name.lower() == _NO_STORE[0] for name, _ in told)
    return [*told, _NOSNIFF] if kept else [*told, _NOSNIFF, _NO_STORE]


@lru_cache(maxsize=256)
def _name_in(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


@lru_cache(maxsize=256)
def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True

"""The one HTTP client for the systems' APIs: each account's credential, its provider's pace, repeats with patience.

Only reading is done by it, and webhooks are made of which two do no harm, so that a call may always be repeated. A
credential goes over https alone (or to this very machine), to the address that the system or the connection's file
says, and is never sent on by a redirect.
"""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
import msgspec
import stamina

from stamgast.domain.errors import UNREADABLE
from stamgast.lifecycle.who_looks import is_loopback
from stamgast.logs import get_logger
from stamgast.pos.adapter import Adapter, Api, ApiError, ApiSpec, GoneError
from stamgast.pos.connections import Connection, PosSeal, SecretError
from stamgast.tills.renewal import AHEAD_S, Exchanged, Renewals

log = get_logger(__name__)

_TIMEOUT: Final = httpx.Timeout(15, connect=5)
_LARGEST: Final = 20_000_000
_GONE: Final = frozenset({404, 410})
_FORBIDDEN: Final = frozenset({401, 403})
_NO_MORE: Final = frozenset({400, 401, 403})
"""What is said of a credential that cannot be exchanged (RFC 6749, 5.2)."""
_LATER: Final = frozenset({408, 425, 429})
_SERVER: Final = 500
_OK: Final = 300
_LONGEST_WAIT_S: Final = 60.0
_TOKEN_SPARE_S: Final = 60.0

_FOREIGN: Final = re.compile(r"(^|/)\.{1,2}(/|$)|[\\#?\x00-\x20\x7f]|^[^/]|^//")
"""What leads a path elsewhere."""

_PART: Final = re.compile(r"\{(part|number)\[([0-9])\]\}", re.ASCII)

_OTHER: Final = re.compile(r"\{secret\[([a-z_]+)\]\}", re.ASCII)

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class _LaterError(ApiError):
    """Not now; `wait_s` where the provider said when."""

    def __init__(self, detail: str, wait_s: float | None = None) -> None:
        super().__init__(detail)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is tried, and within what time."""

    attempts: int = 6
    within_s: float = 120.0
    first_wait_s: float = 0.5


class Pace:
    """So many calls a second, with a burst ahead of them; whoever comes too early waits in the order of coming."""

    def __init__(self, per_second: float, burst: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._each = 1 / per_second
        self._ahead = self._each * (burst - 1)
        self._monotonic = monotonic
        self._next = 0.0

    async def wait(self) -> None:
        """Return when it is this call's turn."""
        now = self._monotonic()
        self._next = max(self._next, now - self._ahead)
        mine, self._next = self._next, self._next + self._each
        if mine > now:
            await asyncio.sleep(mine - now)

    def rest(self, seconds: float) -> None:
        """Nobody calls for so long: the provider said so."""
        self._next = max(self._next, self._monotonic() + seconds)


class Apis:
    """Makes the API of a connection; all share one pool of connections, and those of one account one pace."""

    def __init__(self, seal: PosSeal, patience: Patience | None = None) -> None:
        self._seal = seal
        self._patience = patience or Patience()
        self._client = httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False)
        self._paces: dict[tuple[str, str, str], Pace] = {}
        self._tokens: dict[tuple[str, str], tuple[str, float]] = {}
        self.renewals: Renewals | None = None
        """What keeps credentials that are replaced when they are used."""

    def of(self, adapter: Adapter, connection: Connection, patience: Patience | None = None) -> Api | None:
        """The API of a connection; None where it has none, or nobody gave the credential.

        Raises:
            ApiError: the credential does not open, or may not be sent there.
        """
        return self._of(adapter.api, adapter, connection, patience)

    def hooks_of(self, adapter: Adapter, connection: Connection) -> Api | None:
        """The same of what makes its webhooks. Raises `ApiError`."""
        return self._of(adapter.hooks or adapter.api, adapter, connection)

    def _of(
        self, spec: ApiSpec | None, adapter: Adapter, connection: Connection, patience: Patience | None = None
    ) -> Api | None:
        if spec is None or spec.secret not in connection.sealed:
            return None
        secret = self.opened(connection, spec.secret)
        base = (connection.api_url or spec.base.format(account=connection.account)).rstrip("/")
        _check(base)
        whose = (connection.merchant, adapter.name, connection.account or connection.name)
        pace = self._paces.setdefault(whose, Pace(spec.per_second, spec.burst))
        return _Connected(self, spec, base, secret, pace, connection, patience or self._patience)

    def opened(self, connection: Connection, name: str) -> str:
        """A connection's newest secret of a name. Raises `ApiError`."""
        try:
            return self._seal.open(connection, name)[0]
        except SecretError as error:
            raise ApiError(str(error)) from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def send(self, method: str, url: str, **how: Any) -> httpx.Response:
        """Send one request. Raises `_LaterError` where nobody answers."""
        try:
            return await self._client.request(method, url, **how)
        except httpx.HTTPError as error:
            raise _LaterError(f"the API does not answer: {type(error).__name__}") from None

    async def token_of(self, spec: ApiSpec, connection: Connection, secret: str) -> str:
        """A bearer token for a secret that has to be exchanged; one that is still good is used again."""
        account = connection.account
        if spec.renewed_part is not None and self.renewals is not None:
            return await self.renewals.token(connection, spec.secret, partial(self._exchange, spec, account))
        known, until = self._tokens.get((spec.token_url, secret), ("", 0.0))
        if time.monotonic() < until:
            return known
        got = await self._exchange(spec, account, secret)
        self._tokens[spec.token_url, secret] = (got.token, time.monotonic() + got.lasts_s - _TOKEN_SPARE_S)
        return got.token

    async def freshen(self, adapter: Adapter, connection: Connection) -> None:
        """Renew what would soon end and others only go by. Raises `ApiError`."""
        spec = adapter.api
        if spec is None or spec.renewed_part is None or self.renewals is None or spec.secret not in connection.sealed:
            return
        if self.opened(connection, spec.secret).count(":") >= spec.token_parts - 1:
            exchange = partial(self._exchange, spec, connection.account)
            await self.renewals.token(connection, spec.secret, exchange, ahead_s=AHEAD_S)

    async def _exchange(self, spec: ApiSpec, account: str, secret: str) -> Exchanged:
        known_as = {"secret": secret, "account": account, "part": secret.split(":", spec.token_parts - 1)}
        form = {name: value.format(**known_as) for name, value in spec.token_fields.items()}
        url = spec.token_url.format(account=account)
        _check(url)
        answer = await self.send("POST", url, data=form)
        if answer.status_code in _NO_MORE:
            raise ApiError(
                f"the credential is taken no more ({answer.status_code}): it has ended, or was used elsewhere. Let the "
                "system give another one, and seal it with `stamgast pos connect`"
            )
        document = _read(answer)
        found = document.get("access_token") if isinstance(document, dict) else None
        if not isinstance(found, str):
            raise ApiError("the API gives no token for the credential")
        lasts = document.get("expires_in", 0)
        lasts = float(lasts) if isinstance(lasts, int | Decimal) else 0.0
        return Exchanged(found, lasts, _renewed(spec, secret, document.get("refresh_token")))


@dataclass(frozen=True, slots=True)
class _Connected:
    """One connection's API."""

    apis: Apis
    spec: ApiSpec
    base: str
    secret: str
    pace: Pace
    connection: Connection
    patience: Patience

    def __repr__(self) -> str:
        return f"Api({self.base})"

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        document: Any = None,
        form: Mapping[str, str] | None = None,
        once: str = "",
    ) -> Any:
        if _FOREIGN.search(path):  # an id of an unsigned notice may be anything
            raise GoneError("the API has no such object: its name is no name")
        patience = self.patience
        async for attempt in stamina.retry_context(
            on=_when, attempts=patience.attempts, timeout=patience.within_s, wait_initial=patience.first_wait_s
        ):
            with attempt:
                return await self._once(method, path, self._sent(query, document, form, once))
        raise ApiError("the API was not asked")  # pragma: no cover  the context ends by an answer or an error

    def _sent(
        self, query: Mapping[str, str] | None, document: Any, form: Mapping[str, str] | None, once: str
    ) -> dict[str, Any]:
        headers = {"accept": "application/json"} | ({"idempotency-key": once} if once else {})
        how: dict[str, Any] = {"headers": headers}
        if query is not None:
            how["params"] = dict(query)
        if document is not None:
            filled = _filled(document, self.secret.split(":"), self._other) if self.spec.in_documents else document
            how["content"] = msgspec.json.encode(filled, enc_hook=str)
            headers["content-type"] = "application/json"
        if form is not None:
            how["data"] = dict(form)
        return how

    def _other(self, name: str) -> str:
        if name not in self.connection.sealed:
            raise ApiError(f"the connection has no `{name}`: `stamgast pos connect` asks for it")
        return self.apis.opened(self.connection, name)

    async def _once(self, method: str, path: str, how: dict[str, Any]) -> Any:
        await self.pace.wait()
        how["headers"] |= await self._credential()
        try:
            return _read(
                await self.apis.send(
                    method, self.base + path.replace("{account}", quote(self.connection.account)), **how
                )
            )
        except _LaterError as error:
            if error.wait_s is not None:
                self.pace.rest(error.wait_s)
            raise

    async def _credential(self) -> dict[str, str]:
        spec = self.spec
        exchanged = bool(spec.token_url) and self.secret.count(":") >= spec.token_parts - 1
        secret = await self.apis.token_of(spec, self.connection, self.secret) if exchanged else self.secret
        match spec.auth:
            case "basic":
                return {spec.header: f"Basic {base64.b64encode(secret.encode()).decode()}"}
            case "bearer":
                return {spec.header: f"Bearer {secret}"}
            case "header":
                return {spec.header: secret}


def _renewed(spec: ApiSpec, secret: str, refresh: Any) -> str:
    """The secret with the refresh token that came for its own."""
    if spec.renewed_part is None or not isinstance(refresh, str) or not refresh:
        return secret
    parts = secret.split(":", spec.token_parts - 1)
    parts[spec.renewed_part] = refresh
    return ":".join(parts)


def _filled(document: Any, parts: list[str], other: Callable[[str], str]) -> Any:
    """A document with parts of the secret, and other secrets, in their places. Raises `ApiError` for one that lacks."""
    if isinstance(document, dict):
        return {name: _filled(each, parts, other) for name, each in document.items()}
    if isinstance(document, list):
        return [_filled(each, parts, other) for each in document]
    if isinstance(document, str) and (named := _OTHER.fullmatch(document)):
        return other(named[1])
    match = _PART.fullmatch(document) if isinstance(document, str) else None
    if match is None:
        return document
    try:
        part = parts[int(match[2])]
        return int(part) if match[1] == "number" else part
    except (IndexError, ValueError):
        raise ApiError(
            "the credential lacks a part, or has it in another order: `stamgast pos connect` says which"
        ) from None


def _when(error: Exception) -> bool | float:
    """Whether a call is worth repeating; after how many seconds, where the provider said so."""
    if not isinstance(error, _LaterError):
        return False
    return True if error.wait_s is None else error.wait_s


def _read(answer: httpx.Response) -> Any:
    """The answer's JSON. Raises `ApiError`."""
    status = answer.status_code
    if status in _LATER or status >= _SERVER:
        raise _LaterError(f"the API answers {status}", _wait_of(answer))
    if status in _GONE:
        raise GoneError(f"the API has no such object ({status})")
    if status in _FORBIDDEN:
        raise ApiError(f"the API refuses the credential ({status}): seal another one with `stamgast pos connect`")
    if status >= _OK:
        raise ApiError(f"the API answers {status}")
    if len(answer.content) > _LARGEST:
        raise ApiError(f"the API answers with more than {_LARGEST:,} bytes")
    try:
        return _decode(answer.content) if answer.content else None
    except UNREADABLE:
        raise ApiError("the API answers with something that is not JSON") from None


def _wait_of(answer: httpx.Response) -> float | None:
    told = answer.headers.get("retry-after", "")
    try:
        seconds = float(told)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(told).timestamp() - time.time()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), _LONGEST_WAIT_S) if seconds == seconds else None  # noqa: PLR0124  nan


def _check(url: str) -> None:
    """Raise `ApiError` where a credential may not be sent."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise ApiError("the API's address is no address") from None
    if not host or "{" in url:
        raise ApiError("the API's address is no address: the connection's account may be missing")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ApiError("credentials go over https alone: mend the connection's api_url")

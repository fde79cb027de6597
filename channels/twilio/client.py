"""Twilio's SDK over our own HTTP client: exactly one request per call, bounded in time, its answer kept.

The SDK's own asynchronous client repeats a POST after an error, which sends a message twice; this one never
does. It is also the one place where requests are pointed at the sandbox instead, and where the rule stands
that live credentials only ever travel to twilio.com over https.
"""

import asyncio
import contextvars
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

import httpx
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from stamgast.lifecycle.who_looks import SHORTEST_TOKEN, is_loopback

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 15.0
TOTAL_SECONDS: Final = 30.0
"""No request takes longer than this, whatever the other side does; after it an attempt is in doubt."""

LIVE_BASE_URL: Final = "https://api.twilio.com"
SANDBOX_PREFIX: Final = "ACsandbox"

# Their INFO lines hold request URLs, and a look-up's URL holds a phone number.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class UnsafeEndpointError(Exception):
    """These credentials must not be sent to that address."""


@dataclass(frozen=True, slots=True)
class TwilioCredentials:
    """An API key of an account. The secret never shows in a repr."""

    account_sid: str
    api_key: str
    api_secret: str

    def __repr__(self) -> str:
        return f"TwilioCredentials({self.account_sid}, {self.api_key}, …)"

    @property
    def sandbox(self) -> bool:
        """True for an account of the sandbox."""
        return self.account_sid.startswith(SANDBOX_PREFIX)


@dataclass(slots=True)
class Exchange:
    """One request and what came of it; `status` stays None when no answer was read."""

    status: int | None = None
    headers: Mapping[str, str] | None = None
    text: str = ""
    error: Exception | None = None

    @property
    def payload(self) -> dict[str, Any]:
        """The answer's JSON object; empty if it is none."""
        try:
            decoded = json.loads(self.text)
        except ValueError:
            return {}
        return decoded if isinstance(decoded, dict) else {}


_exchanges: contextvars.ContextVar[list[Exchange] | None] = contextvars.ContextVar("twilio_exchanges", default=None)


@contextmanager
def record_exchanges() -> Iterator[list[Exchange]]:
    """Collect what the client really sent and got in this task, also where the SDK drops it."""
    collected: list[Exchange] = []
    token = _exchanges.set(collected)
    try:
        yield collected
    finally:
        _exchanges.reset(token)


def check_endpoint(base_url: str, credentials: TwilioCredentials) -> None:
    """Raise `UnsafeEndpointError` unless these credentials may be sent to this address.

    Live credentials: only https to twilio.com. Any other address: only sandbox accounts, and off loopback only
    with a secret that a sandbox there asks for (its token).
    """
    url = urlsplit(base_url)
    host = url.hostname or ""
    if url.scheme not in ("http", "https") or not host or url.username or url.query or url.fragment:
        raise UnsafeEndpointError(f"{base_url!r} is not the address of an HTTP server")
    is_twilio = host == "twilio.com" or host.endswith(".twilio.com")
    if is_twilio:
        if url.scheme != "https" or url.port not in (None, 443) or url.path not in ("", "/"):
            raise UnsafeEndpointError("twilio.com is only spoken to over https, on its standard port and path")
        if credentials.sandbox:
            raise UnsafeEndpointError("a sandbox account does not exist at twilio.com: set the sandbox's address")
        return
    if not credentials.sandbox:
        raise UnsafeEndpointError(
            f"live credentials are never sent to {host}: use https on twilio.com, or an {SANDBOX_PREFIX}… account"
        )
    if not is_loopback(host) and len(credentials.api_secret) < SHORTEST_TOKEN:
        raise UnsafeEndpointError(
            f"a sandbox off loopback ({host}) needs its token as API secret, of at least {SHORTEST_TOKEN} characters"
        )


class SingleShotHttpClient(AsyncHttpClient):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's HTTP client: one request per call, no redirects, no repeats."""

    def __init__(
        self,
        base_url: str,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(logging.getLogger("channels.twilio"), is_async=True)
        self._base = urlsplit(base_url.rstrip("/"))
        self._total_seconds = total_seconds
        host = self._base.hostname or ""
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(read_seconds, connect=connect_seconds, pool=connect_seconds),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=50, keepalive_expiry=4.0),
            transport=transport,
            follow_redirects=False,
            # A proxy for the outside world must not come between us and a sandbox on this machine.
            trust_env=not is_loopback(host),
        )

    async def request(  # noqa: PLR0917 - the SDK's signature
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's as well
        allow_redirects: bool = False,  # noqa: ARG002 - never followed: a POST must not be repeated elsewhere
    ) -> Response:
        """Send one request. Raises `httpx.HTTPError` or `TimeoutError`; never sends again."""
        exchange = Exchange()
        collected = _exchanges.get()
        if collected is not None:
            collected.append(exchange)
        as_json = (headers or {}).get("Content-Type") == "application/json"
        request = self._client.build_request(
            method.upper(),
            self._address(uri),
            params=params,  # type: ignore[arg-type]  # the SDK types values as object; they are strings
            data=None if as_json else data,
            json=data if as_json else None,
            headers=headers,
        )
        try:
            async with asyncio.timeout(timeout or self._total_seconds):
                answer = await self._client.send(request, auth=auth or httpx.USE_CLIENT_DEFAULT)
        except (httpx.HTTPError, TimeoutError) as error:
            exchange.error = error
            raise
        exchange.status, exchange.headers, exchange.text = answer.status_code, answer.headers, answer.text
        return Response(answer.status_code, answer.text, answer.headers)

    def _address(self, uri: str) -> str:
        """Where a request of the SDK goes: the configured base, with the same path and query."""
        wanted = urlsplit(uri)
        base = self._base
        host = base.hostname or ""
        if host.endswith(".twilio.com"):
            # Live: keep the product (api., content., …), take region and edge from the base.
            product = (wanted.hostname or "").partition(".")[0]
            base = base._replace(netloc=product + base.netloc[base.netloc.index(".") :])
        path = base.path.rstrip("/") + wanted.path
        return urlunsplit(SplitResult(base.scheme, base.netloc, path, wanted.query, ""))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def open_client(
    credentials: TwilioCredentials, base_url: str = LIVE_BASE_URL, *, http_client: SingleShotHttpClient | None = None
) -> Client:
    """The SDK's client for these credentials and this address. Raises `UnsafeEndpointError`."""
    check_endpoint(base_url, credentials)
    return Client(
        credentials.api_key,
        credentials.api_secret,
        credentials.account_sid,
        http_client=http_client or SingleShotHttpClient(base_url),
        # The SDK would else read TWILIO_REGION and TWILIO_EDGE from the environment and change the host.
        environment={"TWILIO_ACCOUNT_SID": credentials.account_sid},
    )

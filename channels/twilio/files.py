"""Fetches what people sent with a message: by the API, with its credentials, and from wherever that sends on to."""

import asyncio
from typing import Final

import httpx

from channels.model import FileAwayError, FileGoneError, FilePlace, FileTooLargeError
from channels.twilio.client import CONNECT_SECONDS, LIVE_BASE_URL, READ_SECONDS, TwilioCredentials, check_endpoint
from stamgast.lifecycle.who_looks import is_loopback

_TOTAL_SECONDS: Final = 60.0
_MOST_STEPS: Final = 3
"""The API sends on to where files lie; no further than that."""
_GONE: Final = frozenset({404, 410})
_OK: Final = 200


class TwilioFiles:
    """See the module. Credentials go to the API alone: whoever it sends on to gets none."""

    def __init__(
        self, credentials: TwilioCredentials, base_url: str = LIVE_BASE_URL, *, within_s: float = _TOTAL_SECONDS
    ) -> None:
        """Raise `UnsafeEndpointError`: these credentials must not be sent there."""
        check_endpoint(base_url, credentials)
        self._base = base_url.rstrip("/")
        self._within_s = within_s
        here = is_loopback(httpx.URL(base_url).host)
        self._schemes = frozenset({"https", "http"} if here else {"https"})
        self._auth = httpx.BasicAuth(credentials.api_key, credentials.api_secret)
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS), trust_env=not here, follow_redirects=False
        )

    async def fetch(self, place: FilePlace, most: int) -> bytes:
        """As of `channels.model.HandsOver`."""
        path = f"/2010-04-01/Accounts/{place.account}/Messages/{place.message}/Media/{place.file}"
        url = httpx.URL(self._base + path)
        auth: httpx.Auth | None = self._auth
        try:
            async with asyncio.timeout(self._within_s):
                for _ in range(_MOST_STEPS + 1):
                    request = self._client.build_request("GET", url)
                    answer = await self._client.send(request, auth=auth, stream=True)
                    try:
                        if not answer.has_redirect_location:
                            return await _body(answer, most)
                        url, auth = url.join(answer.headers["location"]), None
                    finally:
                        await answer.aclose()
                    if url.scheme not in self._schemes:
                        raise FileAwayError(f"was sent on to a place that is spoken to over {url.scheme}")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise FileAwayError(type(error).__name__) from error
        raise FileAwayError(f"was sent on more than {_MOST_STEPS} times")

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()


async def _body(answer: httpx.Response, most: int) -> bytes:
    """What came, and no more of it than may be."""
    if answer.status_code in _GONE:
        raise FileGoneError
    if answer.status_code != _OK:
        raise FileAwayError(f"HTTP {answer.status_code}")
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > most:
            raise FileTooLargeError
    return bytes(body)

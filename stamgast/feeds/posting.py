"""One signed POST to a feed's address, and what the answer means. Nothing is repeated here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Final, NamedTuple, Self

import httpx
from standardwebhooks import Webhook

from stamgast.feeds.address import AddressError, Resolve, Target, find_address, read_address
from stamgast.feeds.happened import Happened

_WITHIN_S: Final = 15.0
"""For all of it: looking up, connecting, sending, being answered."""
_CONNECT_S: Final = 5.0
_LOOKED_UP_S: Final = 60.0
_MOST_READ: Final = 65_536
"""Bytes of an answer; nobody looks at them, but a connection whose answer was read can be used again."""
_LONGEST_WAIT_S: Final = 3_600.0

_GONE: Final = 410
_BUSY: Final = frozenset({429, 503})
_LATER: Final = frozenset({408, 425, 429})
_OK: Final = 200
_REDIRECT: Final = 300
_REFUSED: Final = 400
_SERVER: Final = 500


class Came(Enum):
    """What became of a POST."""

    TAKEN = auto()
    LATER = auto()
    """Not now: nobody answers, or the other side is in trouble."""
    REFUSED = auto()
    """The other side answers, and does not want this."""
    GONE = auto()
    """The other side wants nothing any more."""


class Answer(NamedTuple):
    """What became of it, why, and how long the other side asks to be left alone."""

    came: Came
    why: str = ""
    wait_s: float = 0.0


class Poster:
    """A feed's own: its connections are nobody else's. `wall` is the machine's clock in seconds, for signatures."""

    def __init__(
        self,
        url: str,
        secrets: Sequence[str],
        *,
        width: int,
        within_s: float = _WITHIN_S,
        wall: Callable[[], float] = time.time,
        resolve: Resolve | None = None,
    ) -> None:
        """Raise `AddressError`, or ValueError where a secret is none."""
        self._target: Target = read_address(url)
        self._signers = [Webhook(each) for each in secrets]
        self._within_s = within_s
        self._wall = wall
        self._resolve = resolve
        self._found = ("", 0.0)
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(within_s, connect=_CONNECT_S),
            limits=httpx.Limits(max_connections=width, max_keepalive_connections=width),
            follow_redirects=False,
            trust_env=False,  # a proxy would look the name up by itself
        )

    async def __aenter__(self) -> Self:
        """Nothing to do yet."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def post(self, happened: Happened) -> Answer:
        """Send one."""
        try:
            async with asyncio.timeout(self._within_s):
                return await self._post(happened)
        except AddressError as error:
            return Answer(Came.LATER, str(error))
        except TimeoutError:
            return Answer(Came.LATER, f"no answer within {self._within_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            self._found = ("", 0.0)
            return Answer(Came.LATER, f"it cannot be reached: {type(error).__name__}")

    async def _post(self, happened: Happened) -> Answer:
        ip = await self._address()
        request = self._client.build_request(
            "POST",
            self._target.url(ip),
            content=happened.body.encode(),
            headers=self._headers(happened),
            extensions={"sni_hostname": self._target.host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            read = 0
            async for piece in answer.aiter_raw():
                read += len(piece)
                if read > _MOST_READ:
                    break
        finally:
            await answer.aclose()
        return self._meaning(answer)

    async def _address(self) -> str:
        ip, until = self._found
        if time.monotonic() >= until:
            ip = await find_address(self._target, self._resolve)
            self._found = (ip, time.monotonic() + _LOOKED_UP_S)
        return ip

    def _headers(self, happened: Happened) -> dict[str, str]:
        now = datetime.fromtimestamp(int(self._wall()), UTC)
        signed = [each.sign(happened.id, now, happened.body) for each in self._signers]
        return {
            "host": self._target.authority,
            "content-type": "application/json",
            "user-agent": "Stamgast",
            "webhook-id": happened.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signed),
        }

    def _meaning(self, answer: httpx.Response) -> Answer:
        status = answer.status_code
        if _OK <= status < _REDIRECT:
            return Answer(Came.TAKEN)
        if status == _GONE:
            return Answer(Came.GONE, "it answers 410: gone for good")
        if status in _LATER or status >= _SERVER:
            wait_s = self._wait_of(answer) if status in _BUSY else 0.0
            return Answer(Came.LATER, f"it answers {status}", wait_s)
        if status < _REFUSED:
            return Answer(Came.REFUSED, f"it answers {status}, and redirects are not followed")
        return Answer(Came.REFUSED, f"it answers {status}")

    def _wait_of(self, answer: httpx.Response) -> float:
        told = answer.headers.get("retry-after", "")
        try:
            seconds = float(told)
        except ValueError:
            try:
                seconds = parsedate_to_datetime(told).timestamp() - self._wall()
            except (ValueError, TypeError):
                return 0.0
        return min(max(seconds, 0.0), _LONGEST_WAIT_S) if seconds == seconds else 0.0  # noqa: PLR0124  nan

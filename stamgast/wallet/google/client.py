"""Speaks to Google Wallet's API: keeps classes and objects as they are to be. Nothing is repeated here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx
import jwt
import msgspec

from stamgast.domain.errors import UNREADABLE
from stamgast.wallet.answers import Answer, Came, wait_of
from stamgast.wallet.google.account import GoogleAccount

_SCOPE: Final = "https://www.googleapis.com/auth/wallet_object.issuer"
_WITHIN_S: Final = 15.0
_CONNECT_S: Final = 5.0
_TOKEN_S: Final = 3_600
_EARLY_S: Final = 120.0
_OK, _REDIRECT, _UNAUTHORIZED, _FORBIDDEN, _MISSING, _TOO_MANY, _SERVER = 200, 300, 401, 403, 404, 429, 500
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class _NotLetInError(Exception):
    """No token was given out."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.why)
        self.answer = answer


class GoogleClient:
    """See the module. `wall` is the machine's clock in seconds."""

    def __init__(
        self, account: GoogleAccount, *, within_s: float = _WITHIN_S, wall: Callable[[], float] = time.time
    ) -> None:
        self._account = account
        self._within_s = within_s
        self._wall = wall
        self._token = ("", 0.0)
        self._asking = asyncio.Lock()
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(within_s, connect=_CONNECT_S),
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=8),
            follow_redirects=False,
        )

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()

    async def update(self, card: Mapping[str, Any]) -> Answer:
        """Bring an object up to date; GONE: nobody has put it into their wallet (yet)."""
        return await self._ask("PATCH", f"loyaltyObject/{quote(card['id'], safe='.')}", card)

    async def keep_class(self, shop: Mapping[str, Any]) -> Answer:
        """Make a class, or bring it up to date."""
        answer = await self._ask("PATCH", f"loyaltyClass/{quote(shop['id'], safe='.')}", shop)
        return await self._ask("POST", "loyaltyClass", shop) if answer.came is Came.GONE else answer

    async def look(self) -> Answer:
        """Ask for nothing but whether we are let in."""
        return await self._ask("GET", f"loyaltyClass?issuerId={self._account.issuer}&maxResults=1", None)

    async def _ask(self, method: str, path: str, document: Mapping[str, Any] | None) -> Answer:
        try:
            async with asyncio.timeout(self._within_s):
                answer = await self._sent(method, path, document)
                if answer.status_code == _UNAUTHORIZED:  # the token was taken back early
                    self._token = ("", 0.0)
                    answer = await self._sent(method, path, document)
        except _NotLetInError as error:
            return error.answer
        except TimeoutError:
            return Answer(Came.LATER, f"Google Wallet does not answer within {self._within_s:g} s")
        except (httpx.HTTPError, OSError) as error:
            return Answer(Came.LATER, f"Google Wallet cannot be reached: {type(error).__name__}")
        return self._meaning(answer)

    async def _sent(self, method: str, path: str, document: Mapping[str, Any] | None) -> httpx.Response:
        token = await self._let_in()
        content = None if document is None else msgspec.json.encode(document)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return await self._client.request(method, f"{self._account.api_url}/{path}", content=content, headers=headers)

    async def _let_in(self) -> str:
        async with self._asking:
            token, until = self._token
            if self._wall() >= until:
                token, until = await self._new_token()
                self._token = (token, until)
            return token

    async def _new_token(self) -> tuple[str, float]:
        now = int(self._wall())
        claims: dict[str, Any] = {"iss": self._account.email, "scope": _SCOPE, "aud": self._account.token_url}
        claims |= {"iat": now, "exp": now + _TOKEN_S}
        headers = {"kid": self._account.key_id} if self._account.key_id else None
        signed = jwt.encode(claims, self._account.key, "RS256", headers=headers)
        answer = await self._client.post(self._account.token_url, data={"grant_type": _GRANT, "assertion": signed})
        said = _said(answer)
        token = said.get("access_token")
        if answer.status_code == _OK and isinstance(token, str):
            lasts = said.get("expires_in")
            return token, now + (lasts if isinstance(lasts, int) else _TOKEN_S) - _EARLY_S
        why = f"Google gives out no token: {answer.status_code} {_word(said.get('error'))}".rstrip()
        later = answer.status_code >= _SERVER or answer.status_code == _TOO_MANY
        raise _NotLetInError(Answer(Came.LATER if later else Came.UNFIT, why, self._wait_of(answer)))

    def _meaning(self, answer: httpx.Response) -> Answer:
        status = answer.status_code
        if _OK <= status < _REDIRECT:
            return Answer(Came.TAKEN)
        error = _said(answer).get("error")
        why = f"Google Wallet answers {status} {_word(error.get('status') if isinstance(error, dict) else '')}".rstrip()
        if status == _MISSING:
            return Answer(Came.GONE, why)
        if status in {_UNAUTHORIZED, _FORBIDDEN}:
            return Answer(Came.UNFIT, why)
        if status == _TOO_MANY or status >= _SERVER:  # what is counted is what the issuer asks, of whichever card
            return Answer(Came.LATER, why, self._wait_of(answer))
        return Answer(Came.REFUSED, why)

    def _wait_of(self, answer: httpx.Response) -> float:
        return wait_of(answer.headers.get("retry-after", ""), self._wall())


def _said(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(answer.content)
    except UNREADABLE:
        return {}
    return said if isinstance(said, dict) else {}


def _word(said: object) -> str:
    """A word of the other side's that may stand in our logs."""
    return said[:60] if isinstance(said, str) and said.replace("_", "").isalnum() else ""

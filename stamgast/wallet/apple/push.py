"""Wakes a device by an empty push over HTTP/2, so that it asks for its passes. Nothing is repeated here."""

from __future__ import annotations

import asyncio
import re
import secrets
import ssl
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from stamgast.domain.errors import UNREADABLE
from stamgast.wallet.answers import Answer, Came, wait_of
from stamgast.wallet.apple.certificates import AppleAccount

PUSH_TOKEN: Final = re.compile(r"[0-9A-Fa-f]{16,200}")
"""As a device says it: it becomes a part of an address."""
_WITHIN_S: Final = 15.0
_CONNECT_S: Final = 5.0
_GONE: Final = frozenset({"BadDeviceToken", "Unregistered", "ExpiredToken", "DeviceTokenNotForTopic"})
_UNFIT: Final = frozenset({"BadTopic", "TopicDisallowed", "MissingTopic"})
_OK, _GONE_STATUS, _FORBIDDEN, _TOO_MANY, _SERVER = 200, 410, 403, 429, 500


class Waker:
    """A connection to APNs. `wall` is the machine's clock in seconds."""

    def __init__(
        self, account: AppleAccount, *, within_s: float = _WITHIN_S, wall: Callable[[], float] = time.time
    ) -> None:
        self._account = account
        self._within_s = within_s
        self._wall = wall
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """End the connection; the next push opens another one."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def wake(self, push_token: str) -> Answer:
        """Wake a device."""
        try:
            async with asyncio.timeout(self._within_s):
                answer = await self._opened().post(
                    f"{self._account.push_url}/3/device/{push_token}",
                    content=b"{}",
                    headers={
                        "apns-topic": self._account.pass_type,
                        "apns-push-type": "background",
                        "apns-priority": "5",
                    },
                )
        except TimeoutError:
            return Answer(Came.LATER, f"APNs does not answer within {self._within_s:g} s")
        except (httpx.HTTPError, OSError) as error:
            return Answer(Came.LATER, f"APNs cannot be reached: {type(error).__name__}")
        return self._meaning(answer)

    def _meaning(self, answer: httpx.Response) -> Answer:
        status, reason = answer.status_code, _reason(answer)
        why = f"APNs answers {status} {reason}".rstrip()
        if status == _OK:
            return Answer(Came.TAKEN)
        if status == _GONE_STATUS or reason in _GONE:
            return Answer(Came.GONE, why)
        if status == _FORBIDDEN or reason in _UNFIT:
            return Answer(Came.UNFIT, why)
        if status == _TOO_MANY:
            return Answer(Came.THROTTLED, why, wait_of(answer.headers.get("retry-after", ""), self._wall()))
        if status >= _SERVER:
            return Answer(Came.LATER, why, wait_of(answer.headers.get("retry-after", ""), self._wall()))
        return Answer(Came.REFUSED, why)

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                http2=True,
                verify=_locks(self._account),
                timeout=httpx.Timeout(self._within_s, connect=_CONNECT_S),
                limits=httpx.Limits(max_connections=2, max_keepalive_connections=1),
                follow_redirects=False,
            )
        return self._client


def _locks(account: AppleAccount) -> ssl.SSLContext:
    """What we show to APNs. Python reads it from files alone: they are locked by a password of this moment."""
    context = httpx.create_ssl_context()
    password = secrets.token_bytes(24).hex().encode()
    chain = b"".join(each.public_bytes(Encoding.PEM) for each in (account.certificate, account.intermediate))
    key = account.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "certificate.pem"), Path(folder, "key.pem")
        for file, value in zip(files, (chain, key), strict=True):
            file.write_bytes(value)
        context.load_cert_chain(*files, password=password)
    return context


def _reason(answer: httpx.Response) -> str:
    try:
        said: Any = msgspec.json.decode(answer.content)
    except UNREADABLE:
        return ""
    reason = said.get("reason") if isinstance(said, dict) else None
    return reason[:60] if isinstance(reason, str) and reason.isalnum() else ""

"""Tokens for Kafka from an OAuth server, by client credentials (RFC 6749, 4.4); kept until shortly before their end."""

from __future__ import annotations

import base64
import ssl
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Final

import msgspec

_PATIENCE_S: Final = 10.0
_EARLY_S: Final = 30.0
_MOST_BYTES: Final = 100_000


class _Answer(msgspec.Struct):
    access_token: str
    expires_in: float = 300


class TokenSource:
    """For any thread. `token` raises OSError if the server gives none: then the connection is tried again."""

    def __init__(
        self, url: str, client: str, secret: str, *, scope: str = "", ca_file: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        who = ":".join(urllib.parse.quote(each, safe="") for each in (client, secret))
        self._request = urllib.request.Request(  # noqa: S310  settings take https, and http on loopback
            url,
            urllib.parse.urlencode(form).encode(),
            {"Authorization": f"Basic {base64.b64encode(who.encode()).decode()}", "Accept": "application/json"},
        )
        self._ca_file = ca_file
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = float("-inf")

    def token(self) -> str:
        """One that is still good."""
        with self._lock:
            if self._monotonic() >= self._good_until:
                asked = self._monotonic()
                answer = self._ask()
                self._token = answer.access_token
                self._good_until = asked + max(answer.expires_in - _EARLY_S, answer.expires_in / 2)
            return self._token

    def _ask(self) -> _Answer:
        tls = ssl.create_default_context(cafile=self._ca_file or None)
        with urllib.request.urlopen(self._request, timeout=_PATIENCE_S, context=tls) as answer:  # noqa: S310  as above
            body = answer.read(_MOST_BYTES)
        try:
            return msgspec.json.decode(body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise OSError(f"the server of tokens answered with none: {error}") from None

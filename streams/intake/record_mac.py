"""Proof that a record was appended again by us: only then is the source it names believed (invariant 4).

`purchases.v1` is open to others. Whoever could invent a source could have true records taken for repeats of it, and
skipped. So a record that we append again ends in an HMAC over its key and everything else in it, under a key that the
workers alone derive. A copy of such a record proves nothing but itself: it is the repeat that it says it is.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final

ATTRIBUTE: Final = "stamgastproof"
_BEFORE: Final = f',"{ATTRIBUTE}":"'.encode()
_AFTER: Final = b'"}'
_MAC_CHARS: Final = 43
_LENGTH: Final = len(_BEFORE) + _MAC_CHARS + len(_AFTER)


class Proofs:
    """Makes and checks them. `key` is `derive_source_key` of `ID_KEY`."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def add(self, key: bytes, value: bytes) -> bytes:
        """A JSON object with its proof as the last attribute."""
        return value[:-1] + _BEFORE + self._mac(key, value) + _AFTER

    def holds(self, key: bytes, value: bytes) -> bool:
        """Whether we wrote this record, just so and under this key."""
        end = value[-_LENGTH:]
        if len(value) <= _LENGTH or not (end.startswith(_BEFORE) and end.endswith(_AFTER)):
            return False
        return hmac.compare_digest(end[len(_BEFORE) : -len(_AFTER)], self._mac(key, value[:-_LENGTH] + b"}"))

    def _mac(self, key: bytes, value: bytes) -> bytes:
        message = len(key).to_bytes(4, "big") + key + value
        return base64.urlsafe_b64encode(hmac.digest(self._key, message, "sha256")).rstrip(b"=")

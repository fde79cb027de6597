"""Whose a record of `purchases.v1` is: ours, or others' whose merchant has to be proved.

The topic is open to others. Whoever could invent a source could have true records taken for repeats of it, and
skipped (invariant 4). So a record that we append again ends in an HMAC over its key and everything else in it, under a
key that the workers alone derive. A copy of such a record proves nothing but itself: it is the repeat that it says it
is. Of what web appends, the signature in a header says as much.
"""

from __future__ import annotations

import base64
import hmac
from enum import Enum
from typing import Any, Final

from stamgast.log.signatures import UNSIGNED, Signatures, carries_one, was_appended_before
from stamgast.log.topics import PURCHASES
from stamgast.producing import PROOF

ATTRIBUTE: Final = "stamgastproof"
_BEFORE: Final = f',"{ATTRIBUTE}":"'.encode()
_AFTER: Final = b'"}'
_MAC_CHARS: Final = 43
_LENGTH: Final = len(_BEFORE) + _MAC_CHARS + len(_AFTER)


class Origin(Enum):
    """Who wrote a record, as far as that matters."""

    OURS = "ours"
    """One of us; where that is not asked for yet, whoever says so."""
    ANYBODYS = "anybodys"
    """Nobody says so, and nobody is asked yet: it is believed."""
    OTHERS = "others"
    """It counts for nothing before its merchant is proved, and then it is appended again by us."""


OURS: Final = Origin.OURS  # a member costs a look-up each time, and these are asked about every record
ANYBODYS: Final = Origin.ANYBODYS
OTHERS: Final = Origin.OTHERS


class Proofs:
    """Makes and checks them. `key` is `derive_source_key` of `ID_KEY`.

    `signatures` say from when on others have to prove themselves on `topic`, and which records there are ours.
    """

    def __init__(self, key: bytes, signatures: Signatures = UNSIGNED, topic: str = PURCHASES) -> None:
        self._key = key
        self._signatures = signatures
        self._topic = topic
        self._since = signatures.proven_since
        self._are_asked = bool(signatures.proven_since)

    def origin(self, merchant: str, record: Any) -> Origin:
        """Whose a record without a proved source is: the same whenever the log is read, whatever keys there are then.

        Who sends a proof is asked for it, from the first record on: so a producer is tried before it has to prove.
        """
        since = self._since.of(merchant) if self._are_asked else None
        if since is not None and not was_appended_before(record, since):
            return OURS if carries_one(record) and self._signatures.is_ours(self._topic, record) else OTHERS
        if not record.headers:
            return ANYBODYS
        if carries_one(record):
            return OURS
        return OTHERS if any(name == PROOF for name, _ in record.headers) else ANYBODYS

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

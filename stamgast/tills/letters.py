"""Deliveries that could not be taken: kept whole and sealed among the dead letters, until what was wrong is mended.

A delivery's letter is called after its contents, so that one which is repeated for days is one letter.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from stamgast.domain.units import Millis
from stamgast.log.dead_letters import DeadLetter, DeadLetterSeal
from stamgast.pos.adapter import Headers
from stamgast.pos.connections import Connection
from stamgast.tills.record import Name

_TOPIC: Final = "pos"
_SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
_NAMED_BYTES: Final = 7


class Delivery(Struct, frozen=True):
    """A webhook's request, as it came."""

    headers: Mapping[str, str]
    raw: str
    """Base64."""

    @property
    def body(self) -> bytes:
        """The bytes that came."""
        return base64.b64decode(self.raw)


_encode = Encoder().encode
_decode = Decoder(Delivery).decode


@dataclass(frozen=True, slots=True)
class Letters:
    """Makes dead letters of deliveries, and deliveries of those."""

    seal: DeadLetterSeal

    def record(
        self, connection: Connection, raw: bytes, headers: Headers, reason: str, at: Millis
    ) -> tuple[bytes, bytes]:
        """The record to append to `dead-letters.v1`."""
        kept = {name: value for name, value in headers.items() if name not in _SECRET_HEADERS}
        value = _encode(Delivery(kept, base64.b64encode(raw).decode()))
        number = int.from_bytes(hashlib.sha256(raw).digest()[:_NAMED_BYTES], "big")
        topic = f"{_TOPIC}.{connection.merchant}.{connection.name}"
        key, letter = self.seal.encode(DeadLetter(topic, 0, number, None, value, reason, at))
        return key or b"", letter or b""


def delivery_in(letter: DeadLetter) -> tuple[Name, Delivery] | None:
    """Whose delivery a dead letter holds; None for one of another kind."""
    kind, _, rest = letter.topic.partition(".")
    merchant, _, connection = rest.partition(".")
    if kind != _TOPIC or not connection or letter.value is None:
        return None
    return Name(merchant, connection), _decode(letter.value)

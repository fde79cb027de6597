"""Deliveries that could not be taken: kept whole and sealed among the dead letters, until what was wrong is mended.

A delivery's letter is called after its contents, so that one which is repeated for days is one letter.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from stamgast.domain.units import Millis
from stamgast.log.dead_letters import DeadLetter, DeadLetterSeal
from stamgast.pos.adapter import Adapter, Found, Headers
from stamgast.pos.connections import Connection
from stamgast.pos.webhook import guarded, read_body
from stamgast.tills.record import Name

_TOPIC: Final = "pos"
_SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
_NAMED_BYTES: Final = 7


class Delivery(Struct, frozen=True, omit_defaults=True):
    """A webhook's request, as it came; or an object of the API (`kind`), as JSON, empty where it is not known."""

    headers: Mapping[str, str]
    raw: str
    """Base64."""
    kind: str = ""
    id: str = ""

    @property
    def body(self) -> bytes:
        """The bytes that came."""
        return base64.b64decode(self.raw)


_encode = Encoder(decimal_format="number").encode
_decode = Decoder(Delivery).decode


@dataclass(frozen=True, slots=True)
class Letters:
    """Makes dead letters of deliveries, and deliveries of those."""

    seal: DeadLetterSeal

    def record(
        self, connection: Connection, raw: bytes, headers: Headers, reason: str, at: Millis
    ) -> tuple[bytes, bytes]:
        """The record to append to `dead-letters.v1` for a webhook."""
        kept = {name: value for name, value in headers.items() if name not in _SECRET_HEADERS}
        return self._record(connection, Delivery(kept, _text(raw)), raw, reason, at)

    def of_object(self, connection: Connection, found: Found, reason: str, at: Millis) -> tuple[bytes, bytes]:
        """The same for an object of the API."""
        raw = b"" if found.content is None else _encode(found.content)
        named = f"{found.kind}:{found.id}:".encode() + raw
        return self._record(connection, Delivery({}, _text(raw), found.kind, found.id), named, reason, at)

    def _record(
        self, connection: Connection, delivery: Delivery, named: bytes, reason: str, at: Millis
    ) -> tuple[bytes, bytes]:
        number = int.from_bytes(hashlib.sha256(named).digest()[:_NAMED_BYTES], "big")
        topic = f"{_TOPIC}.{connection.merchant}.{connection.name}"
        key, letter = self.seal.encode(DeadLetter(topic, 0, number, None, _encode(delivery), reason, at))
        return key or b"", letter or b""


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def delivery_in(letter: DeadLetter) -> tuple[Name, Delivery] | None:
    """Whose delivery a dead letter holds; None for one of another kind."""
    kind, _, rest = letter.topic.partition(".")
    merchant, _, connection = rest.partition(".")
    if kind != _TOPIC or not connection or letter.value is None:
        return None
    return Name(merchant, connection), _decode(letter.value)


def found_in(delivery: Delivery, adapter: Adapter, mended: bytes | None, *, believed: bool) -> Sequence[Found]:
    """What a delivery is about; it was genuine when it was laid aside. Raises `RefusedError`."""
    raw = delivery.body if mended is None else mended
    if delivery.kind:
        content = read_body(raw, {}) if raw else None
        return [Found(delivery.kind, delivery.id, content)]
    with guarded(adapter):
        body = adapter.decode(raw, delivery.headers)
        body = read_body(raw, delivery.headers) if body is None else body
        found = adapter.notice(body, delivery.headers)
    return found if believed else [each._replace(content=None) for each in found]

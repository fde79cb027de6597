"""What was said last of the feeds of a merchant's stores, as a partition's meta holds it."""

from collections.abc import Mapping

import msgspec

from stamgast.domain.feed_health import Health

Unwell = Mapping[str, Health]
"""Store -> quiet or stale."""

_decode = msgspec.json.Decoder(dict[str, Health]).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


def decode_feeds(text: str) -> Unwell:
    """Read a field of meta."""
    return _decode(text)


def encode_feeds(unwell: Unwell) -> str:
    """Write one."""
    return _encode(unwell).decode()

"""Old transactions of a partition stand some dozens in one key, a box: Redis's own 180 bytes a key are paid once.

A box is one string: its format, how many stand in it, their digests, then the day and the length of each, then what is
remembered of each, compressed by itself. Its head says who stands in it, without the rest.

In which box a transaction belongs follows from its digest and from how many boxes there are. One box more takes its
part of one other's, so their number grows with the shop, a box at a time (linear hashing). Who changes boxes owns the
partition (`streams.intake.old_transactions`); docs/adr/0249 says why.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from stamgast.domain.units import Day

PER_BOX: Final = 16
"""Transactions that a box is made for: there is one more when there are more than that in each."""
MOST: Final = 48
"""That stand in a box at most; who finds no place keeps a key of its own."""
LONGEST: Final = 4_096
"""Bytes of what is remembered of one; longer ones keep a key of their own, of which they pay little."""
_DIGEST: Final = 8
_FRONT: Final = 2
HEAD_ENDS: Final = _FRONT + _DIGEST * MOST - 1
"""Up to which byte the head of a box goes at most (as GETRANGE counts)."""
_FORMAT: Final = 1
_PLACE: Final = struct.Struct(">HH")
_WINDOW: Final = -10
"""Raw deflate that looks back a kilobyte: what it keeps while it works is small, and so quickly begun anew."""

# What most of a transaction's stored value says, the usual last: deflate points back into it. It is a part of the
# format, as every byte of it: another text is another format.
_WORDS: Final = (
    b"\xa8original\xa4void\xa9cancelled\xa9suspended\xa8refunded\xa4cash\xa4card\xa3GBP\xa3CHF\xa3USD\xa4sale"
    b"\xa8shipping\xa7deposit\xa9gift_card\xa3fee\xa4cost\xcd\x01\xa3tax\xcd\x02\xa4kind\xa8quantity\xcd\x07\xd0"
    b"\x97\x97\xcf\x00\x06\x5c\xa9completed\xcf\x00\x00\x01\xa0\xa3EUR\xcd\x08\x91"
    b"\x84\xa2id\xa11\xa5gross\xcd\x02\xa3sku\xa6\xa8category\xa5\x84\xa2id\xa12\xa5gross\xcd\x01\xa3sku\xa6\xa8category"
    b"\xa5\x84\xa2id\xa13\xa5gross\xcd\x02\xa3sku\xa6\xa8category\xa5bread\x84\xa2id\xa14\xa5gross\xcd\x03\xa3sku\xa6"
    b"\xa8category\xa5\x80\xb9c\xcf\x00\x06\x5c\xc0\x01\xcf\x00\x00\x01\xa0"
)
_begun: Final = zlib.compressobj(9, zlib.DEFLATED, _WINDOW, 4, zlib.Z_DEFAULT_STRATEGY, _WORDS)


class UnreadableBoxError(ValueError):
    """What stands in a box's place is none."""


class Boxed(NamedTuple):
    """What a box holds of one transaction."""

    day: Day
    """Since when it is remembered."""
    packed: bytes


Box = dict[bytes, Boxed]
"""By their digests."""


def digest_of(name: str) -> bytes:
    """What a transaction (`merchant:id`) goes by in its box."""
    return blake2b(name.encode(), digest_size=_DIGEST).digest()


def number_of(digest: bytes, boxes: int) -> int:
    """In which of so many boxes (at least one) a transaction belongs. `boxes.lua` reckons alike."""
    level = 1 << (boxes.bit_length() - 1)
    at = int.from_bytes(digest[:4], "big")
    number = at & (2 * level - 1)
    return number if number < boxes else at & (level - 1)


def parent_of(number: int) -> int:
    """Of which box this one (not the first) takes its part when it comes."""
    return number - (1 << (number.bit_length() - 1))


def tells_of(head: bytes, digest: bytes) -> bool:
    """Whether a transaction stands in the box with this head; in none that is not there."""
    if not head:
        return False
    ends = _FRONT + _DIGEST * head[1]
    at = head.find(digest, _FRONT, ends)
    while at >= 0 and (at - _FRONT) % _DIGEST:
        at = head.find(digest, at + 1, ends)
    return at >= 0


def packed(value: bytes) -> bytes:
    """Compress what is remembered of one transaction."""
    packing = _begun.copy()
    return packing.compress(value) + packing.flush()


def unpacked(boxed: Boxed) -> bytes:
    """What is remembered of one transaction. Raises UnreadableBoxError."""
    try:
        return zlib.decompressobj(_WINDOW, _WORDS).decompress(boxed.packed)
    except zlib.error as error:
        raise UnreadableBoxError(f"what stands in a box cannot be unpacked: {error}") from error


def value_in(found: Any, digest: bytes) -> bytes | None:
    """What `boxes.lua` found of a transaction: its value, or a list of its box. Raises UnreadableBoxError."""
    if not isinstance(found, list):
        value: bytes | None = found
        return value
    boxed = read_box(found[0]).get(digest)
    return None if boxed is None else unpacked(boxed)


def read_box(value: bytes | None) -> Box:
    """Stored value -> box; an empty one where there is none. Raises UnreadableBoxError."""
    if not value:
        return {}
    if value[0] != _FORMAT:
        raise UnreadableBoxError(f"a box of the format {value[0]}, and {_FORMAT} is known")
    count = value[1] if len(value) > 1 else 0
    places, at = _FRONT + _DIGEST * count, _FRONT + (_DIGEST + _PLACE.size) * count
    box: Box = {}
    for start, (day, length) in zip(
        range(_FRONT, places, _DIGEST), _PLACE.iter_unpack(value[places:at][: _PLACE.size * count]), strict=False
    ):
        box[value[start : start + _DIGEST]] = Boxed(day, value[at : at + length])
        at += length
    if len(box) != count or at != len(value):
        raise UnreadableBoxError(f"a box of {len(value)} bytes whose head says {at}")
    return box


def write_box(box: Mapping[bytes, Boxed]) -> bytes:
    """Box -> stored value."""
    places = [_PLACE.pack(each.day, len(each.packed)) for each in box.values()]
    return b"".join([bytes((_FORMAT, len(box))), *box, *places, *(each.packed for each in box.values())])

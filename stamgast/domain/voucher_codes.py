"""A voucher's code in its two forms, which lead to the same voucher.

The long one (`6-2VTAVOAOCW2MQNTT`) stands in states, links and QR: 80 bits. The short one (`06TN-K0NE-0E2P`) is read
aloud and typed: the partition, then the first 50 bits of the long one, in letters that cannot be taken for each other.
So it is made of the long one, and no state holds it. Fifty bits are few enough to type, and so many that two vouchers
of a shop hardly ever share them (with a million in one partition, in one shop of two thousand); who guesses is stopped
by `stamgast.web.guesses`.
"""

import hashlib
import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

from stamgast.domain.typed_codes import ALPHABET, letters_of_partition, partition_in, read_typed

LONG: Final = re.compile(r"[0-9A-F]{1,3}-[A-Z2-7]{16}")
"""Partition in hex, a dash, 16 letters of base32."""
_OF_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TYPED: Final = str.maketrans(_OF_BASE32, ALPHABET)
_MEANT: Final = str.maketrans("018", "OIB")
"""Base32 has none of these: who types one means its look-alike."""
_MEANT_IN_HEX: Final = str.maketrans("OIL", "011")
_MOST_HEX: Final = 3
_RANDOM: Final = 16
_SHORT_RANDOM: Final = 10
LENGTH: Final = 2 + _SHORT_RANDOM
_MOST_SHORT: Final = 1 << 10
"""Partitions that two letters can tell apart."""


CODE_BYTES: Final = 10
"""80 bits: what a code must carry so that guessing is hopeless."""
_PAIRS: Final = [first + second for first in _OF_BASE32 for second in _OF_BASE32]
_PLACES: Final = range(70, -1, -10)
"""Where in the 80 bits each two letters begin."""
NOT_OURS: Final = -1


class Code(NamedTuple):
    """A code as somebody gave it. `long` is empty where they gave the short one."""

    short: str
    long: str
    partition: int
    """`NOT_OURS`: only a code of the shop's own is written so."""
    typed: str = ""
    """As a code of the shop's own, where the shop has such."""


def voucher_code(key: bytes, partition: int, cause_id: str) -> str:
    """Partition in hex, a dash, then 16 characters of base32 (80 bits).

    It is no secret of chance: it is an HMAC of what caused the voucher, so that every run of the same log issues the
    same code. It begins with the partition of its customer, so that a till's request finds it.
    """
    begun, outer = _keyed(key)
    inner, outer = begun.copy(), outer.copy()
    inner.update(cause_id.encode())
    outer.update(inner.digest())
    bits = int.from_bytes(outer.digest()[:CODE_BYTES])
    return f"{partition:X}-{''.join([_PAIRS[bits >> place & 1023] for place in _PLACES])}"


@lru_cache(maxsize=64)
def _keyed(key: bytes) -> tuple[Any, Any]:
    """SHA-256 with each of the key's two pads of HMAC (RFC 2104) taken in: all codes are made with one key."""
    size = hashlib.sha256().block_size
    block = (hashlib.sha256(key).digest() if len(key) > size else key).ljust(size, b"\0")
    inner, outer = (hashlib.sha256(bytes([byte ^ pad for byte in block])) for pad in (0x36, 0x5C))
    return inner, outer


def short_of(code: str) -> str:
    """The short form of a long code; one that has none stays as it is."""
    if not LONG.fullmatch(code) or partition_of(code) >= _MOST_SHORT:
        return code
    letters = letters_of_partition(partition_of(code)) + code[-_RANDOM:].translate(_TYPED)[:_SHORT_RANDOM]
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def partition_of(code: str) -> int:
    """The partition a long code begins with. Raises ValueError for text that is no code."""
    return int(code.partition("-")[0], 16)


def read_code(text: str) -> Code | None:
    """A code in either form, however it was typed; None for what can be neither."""
    letters = read_typed(text, LENGTH)
    if letters:
        return Code("-".join((letters[:4], letters[4:8], letters[8:])), "", partition_in(letters))
    plain = "".join(letter for letter in text.upper() if letter.isalnum())
    partition = plain[:-_RANDOM].translate(_MEANT_IN_HEX)
    long = f"{partition.lstrip('0') or '0'}-{plain[-_RANDOM:].translate(_MEANT)}"
    if not 0 < len(partition) <= _MOST_HEX or not LONG.fullmatch(long):
        return None
    return Code(short_of(long), long, partition_of(long))

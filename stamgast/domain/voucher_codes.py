"""A voucher's code in its two forms, which lead to the same voucher.

The long one (`6-2VTAVOAOCW2MQNTT`) stands in states, links and QR: 80 bits. The short one (`06TN-K0NE-0E2P`) is read
aloud and typed: the partition, then the first 50 bits of the long one, in letters that cannot be taken for each other.
So it is made of the long one, and no state holds it. Fifty bits are few enough to type, and so many that two vouchers
of a shop hardly ever share them (with a million in one partition, in one shop of two thousand); who guesses is stopped
by `stamgast.web.guesses`.
"""

import re
from typing import Final, NamedTuple

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


NOT_OURS: Final = -1


class Code(NamedTuple):
    """A code as somebody gave it. `long` is empty where they gave the short one."""

    short: str
    long: str
    partition: int
    """`NOT_OURS`: only a code of the shop's own is written so."""
    typed: str = ""
    """As a code of the shop's own, where the shop has such."""


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

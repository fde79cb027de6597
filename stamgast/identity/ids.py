"""Pseudonymous ids by HMAC-SHA-256 under `ID_KEY`, which never rotates: the same person is the same id for ever."""

import hashlib
from functools import lru_cache
from typing import Any, Final, Literal

from msgspec import Struct

Kind = Literal["phone", "membership", "provider"]

KINDS: Final[tuple[Kind, ...]] = ("phone", "membership", "provider")
"""In the order in which they count where several are given."""

_BYTES: Final = 15
"""120 bits: 24 characters of base32, and no collision to be feared."""
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS: Final = [first + second for first in _LETTERS for second in _LETTERS]
"""Two characters of base32 for ten bits: the library's own goes through every bit by itself."""
_BLOCK: Final = 64
_INNER: Final = bytes(each ^ 0x36 for each in range(256))
_OUTER: Final = bytes(each ^ 0x5C for each in range(256))
"""HMAC's pads (RFC 2104)."""
_SHIFTS: Final = range(_BYTES * 8 - 10, -1, -10)


class Identifier(Struct, frozen=True):
    """What a merchant knows a person by; a phone is in E.164. Holds personal data: never log it."""

    kind: Kind
    value: str

    def __repr__(self) -> str:
        return f"Identifier({self.kind})"


def customer_id(id_key: bytes, merchant: str, identifier: Identifier, erasures: int = 0) -> str:
    """`c` and 24 characters a-z2-7, from the first identifier and how often that one was erased."""
    return "c" + _digest(id_key, ("customer", merchant, identifier.kind), identifier.value, str(erasures))


def identifier_hash(id_key: bytes, merchant: str, kind: Kind, value: str) -> str:
    """What stands for an identifier in keys and on topics: 24 characters a-z2-7."""
    return _digest(id_key, ("identifier", merchant, kind), value)


def phone_hash(id_key: bytes, merchant: str, phone: str) -> str:
    """What stands for a phone (E.164) on `suppressions.v1` and in `{cN}:stop:<merchant>:<phone hash>`."""
    return identifier_hash(id_key, merchant, "phone", phone)


def message_hash(id_key: bytes, merchant: str, message: str) -> str:
    """What stands for a carrier's message on `suppressions.v1`."""
    return _digest(id_key, ("message", merchant), message)


def _digest(id_key: bytes, common: tuple[str, ...], *own: str) -> str:
    """HMAC-SHA-256 over each part behind its length: those that many have in common, then a person's own."""
    begun, outer = _begun(id_key, common)
    inner, outer = begun.copy(), outer.copy()
    for each in own:
        inner.update(_framed(each))
    outer.update(inner.digest())
    number = int.from_bytes(outer.digest()[:_BYTES], "big")
    return "".join([_PAIRS[number >> shift & 1_023] for shift in _SHIFTS])


@lru_cache(maxsize=4096)
def _begun(id_key: bytes, common: tuple[str, ...]) -> tuple[Any, Any]:
    """The two hashes of an HMAC, the inner one after what many have in common: a sale asks for several."""
    key = (hashlib.sha256(id_key).digest() if len(id_key) > _BLOCK else id_key).ljust(_BLOCK, b"\0")
    inner, outer = (hashlib.sha256(key.translate(pad)) for pad in (_INNER, _OUTER))
    for each in common:
        inner.update(_framed(each))
    return inner, outer


def _framed(part: str) -> bytes:
    raw = part.encode()
    return len(raw).to_bytes(4, "big") + raw

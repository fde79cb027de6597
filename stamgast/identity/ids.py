"""Pseudonymous ids by HMAC-SHA-256 under `ID_KEY`, which never rotates: the same person is the same id for ever."""

import hmac
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["phone", "membership", "provider"]

KINDS: Final[tuple[Kind, ...]] = ("phone", "membership", "provider")
"""In the order in which they count where several are given."""

_BYTES: Final = 15
"""120 bits: 24 characters of base32, and no collision to be feared."""
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS: Final = [first + second for first in _LETTERS for second in _LETTERS]
"""Two characters of base32 for ten bits: the library's own goes through every bit by itself."""
_SHIFTS: Final = range(_BYTES * 8 - 10, -1, -10)


@dataclass(frozen=True, slots=True)
class Identifier:
    """What a merchant knows a person by; a phone is in E.164. Holds personal data: never log it."""

    kind: Kind
    value: str

    def __repr__(self) -> str:
        return f"Identifier({self.kind})"


def customer_id(id_key: bytes, merchant: str, identifier: Identifier, erasures: int = 0) -> str:
    """`c` and 24 characters a-z2-7, from the first identifier and how often that one was erased."""
    return "c" + _digest(id_key, "customer", merchant, identifier.kind, identifier.value, str(erasures))


def identifier_hash(id_key: bytes, merchant: str, kind: Kind, value: str) -> str:
    """What stands for an identifier in keys and on topics: 24 characters a-z2-7."""
    return _digest(id_key, "identifier", merchant, kind, value)


def phone_hash(id_key: bytes, merchant: str, phone: str) -> str:
    """What stands for a phone (E.164) on `suppressions.v1` and in `{cN}:stop:<merchant>:<phone hash>`."""
    return identifier_hash(id_key, merchant, "phone", phone)


def message_hash(id_key: bytes, merchant: str, message: str) -> str:
    """What stands for a carrier's message on `suppressions.v1`."""
    return _digest(id_key, "message", merchant, message)


def _digest(id_key: bytes, *parts: str) -> str:
    message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))
    digest = hmac.digest(id_key, message, "sha256")  # at once, in C: a sale asks for several
    number = int.from_bytes(digest[:_BYTES], "big")
    return "".join([_PAIRS[number >> shift & 1_023] for shift in _SHIFTS])

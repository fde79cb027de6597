"""What a partition was leased of budgets, and what it leased to others, as its meta holds it."""

import msgspec

from stamgast.domain.purses import Chest, Name, Purse

_decode_purses = msgspec.json.Decoder(tuple[Purse, ...]).decode
_decode_chests = msgspec.json.Decoder(tuple[Chest, ...]).decode
_encode = msgspec.json.Encoder().encode


def decode_purses(text: str) -> tuple[Purse, ...]:
    """Read a field of meta."""
    return _decode_purses(text)


def decode_chests(text: str) -> tuple[Chest, ...]:
    """Read a field of meta."""
    return _decode_chests(text)


def encode_marks(marks: tuple[Purse, ...] | tuple[Chest, ...]) -> str:
    """Write one."""
    return _encode(marks).decode()


def name_of(name: Name) -> str:
    """How the field of a budget is called, behind its prefix."""
    return ":".join(name)


def key_of(name: str) -> Name:
    """The other way round: a merchant has no colon, a budget may."""
    merchant, _, budget = name.partition(":")
    return merchant, budget

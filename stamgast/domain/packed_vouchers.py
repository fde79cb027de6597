"""Vouchers as a customer's state holds them: in half the bytes, and read only when somebody asks for one.

A purchase that gives none asks for none; each was twelve fields to read and to write. All stand in one piece of bytes,
in the order in which they stand at hand. It begins with two bytes: how many there are, and how many of them are over
(each 255 at most). Words stand in it once, whoever says them; moments are distances; what is usual is left out.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import VoucherState
from stamgast.domain.voucher_codes import CODE_BYTES, code_bits, code_of_bits
from stamgast.domain.voucher_terms import Terms

STATES: Final = (
    VoucherState.OPEN, VoucherState.EXPIRED, VoucherState.REDEEMED, VoucherState.VOIDED, VoucherState.WITHDRAWN,
)  # fmt: skip
"""They stand for themselves by their place: it is for ever, and new ones come last."""
OVER: Final[frozenset[str]] = frozenset({VoucherState.EXPIRED, VoucherState.REDEEMED, VoucherState.VOIDED})
"""States of vouchers that are over; one that was withdrawn may open for another occasion."""
_PLACES: Final = {str(state): place for place, state in enumerate(STATES)}
_MOST: Final = 255
_HEAD: Final = 2
_COLUMNS: Final = 8
_NO_NUMBER: Final = -1
_MOST_DIGITS: Final = 15


class Rest(Struct, array_like=True, gc=False):
    """What most vouchers know nothing of: see `stamgast.domain.customer.Voucher`."""

    redeemed_by: str = ""
    refused: list[str] = []
    void: bool = False
    occasion: str = ""
    terms: Terms | None = None


class Packed(Struct, array_like=True, gc=False):
    """What comes after the two bytes."""

    words: list[str]
    numbers: list[int]
    """Of each: its state's place; the words of its reward, of its rule, of its cause and of its code; the number that
    its cause ends with; how long after the one before it was given; how long it is to be had."""
    codes: bytes
    """Of each code of ours the bits, after a word that is its partition; one of another kind is a word of its own, at a
    place below zero."""
    rest: dict[int, Rest] = {}
    """Place among them -> the rest, where there is any."""


class AtHand(Protocol):
    """A voucher, as far as it is packed."""

    code: str
    reward: str
    state: str
    issued_at: Millis
    expires_at: Millis
    cause: str
    rule: str
    redeemed_by: str
    refused: list[str]
    void: bool
    occasion: str
    terms: Terms | None


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Packed).decode


def count_of(value: bytes) -> int:
    """How many there are, of none to 255."""
    return value[0] if value else 0


def over_of(value: bytes) -> int:
    """How many of them are over, of none to 255."""
    return value[1] if value else 0


def packed(vouchers: Sequence[AtHand]) -> bytes:
    """Write them. The same vouchers are the same bytes, whatever they were before."""
    words: dict[str, int] = {}
    numbers: list[int] = []
    codes: list[bytes] = []
    rest: dict[int, list[Any]] = {}
    before = over = 0
    place_of = words.setdefault
    for place, each in enumerate(vouchers):
        state, issued_at = each.state, each.issued_at
        partition, bits = code_bits(each.code)
        cause, number = _cause(each.cause)
        reward, rule = place_of(each.reward, len(words)), place_of(each.rule, len(words))
        caused = place_of(cause, len(words))
        known_by = place_of(partition, len(words)) if bits else ~place_of(each.code, len(words))
        numbers += (
            _PLACES[state], reward, rule, caused, known_by, number, issued_at - before, each.expires_at - issued_at
        )  # fmt: skip
        codes.append(bits)
        if each.redeemed_by or each.refused or each.void or each.occasion or each.terms is not None:
            rest[place] = _without_last([each.redeemed_by, each.refused, each.void, each.occasion, each.terms])
        before = issued_at
        over += state in OVER
    fields: list[Any] = [[*words], numbers, b"".join(codes)]
    if rest:
        fields.append(rest)
    return bytes((min(len(vouchers), _MOST), min(over, _MOST))) + _encode(fields)


def unpacked(value: bytes) -> Iterable[tuple[Any, ...]]:
    """Read them again: of each what makes a `Voucher`, by its places. Raises `msgspec.DecodeError`."""
    read = _decode(value[_HEAD:])
    words, numbers, codes = read.words, iter(read.numbers), read.codes
    issued_at = at = 0
    for place, row in enumerate(zip(*[numbers] * _COLUMNS, strict=True)):
        state, reward, rule, cause, known_by, number, later, lasts = row
        if known_by < 0:
            code = words[~known_by]
        else:
            code = code_of_bits(words[known_by], codes[at : at + CODE_BYTES])
            at += CODE_BYTES
        issued_at += later
        caused = words[cause] if number == _NO_NUMBER else f"{words[cause]}{number}"
        usual = (
            code, words[reward], STATES[state].value, issued_at, issued_at + lasts, caused, words[rule]
        )  # fmt: skip
        rest = read.rest.get(place) if read.rest else None
        if rest is None:
            yield usual
        else:
            yield (*usual, rest.redeemed_by, rest.refused, rest.void, rest.occasion, rest.terms)


def _cause(cause: str) -> tuple[str, int]:
    """Its words, and the number that it ends with: `card:bread:` and 3; `_NO_NUMBER` where it is written otherwise."""
    of, colon, digits = cause.rpartition(":")
    if not (digits.isascii() and digits.isdecimal()) or (digits[0] == "0" < digits) or len(digits) > _MOST_DIGITS:
        return cause, _NO_NUMBER
    return of + colon, int(digits)


def _without_last(fields: list[Any]) -> list[Any]:
    length = len(fields)
    while not fields[length - 1]:
        length -= 1
    return fields[:length]

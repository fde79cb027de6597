"""Amounts of a column: what one of them leaves in doubt the others may settle, and where they do not nobody guesses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from stamgast.domain.currencies import exponent_of
from stamgast.domain.units import Minor
from stamgast.domain.written_money import beyond_doubt, plain_spaces, read_number
from stamgast.sheets.cells import signed

LARGEST: Final = 10**12
"""In minor units, as everywhere."""
_BESIDE: Final = re.compile(r"^(?:[A-Z]{3}|[€$£¥])\s*(?=[\d+(\u2212-])|(?<=[\d)\u2212-])\s*(?:[A-Z]{3}|[€$£¥])$")
_SIGNS: Final = {
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP", "GIP", "FKP", "SHP"}),
    "$": frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD", "SRD", "XCD", "BBD", "BSD", "TTD", "JMD"}),
    "¥": frozenset({"JPY", "CNY"}),
}
_NO_CENTS: Final = re.compile(r"(?<=\d)([.,])(?:-{1,2}|\u2013|\u2014)$")
"""`12,-` and `12,--`: nothing behind the mark."""
_NO_WHOLE: Final = re.compile(r"^(?=[.,]\d{1,2}$)")
"""`,50`"""
_LAST: Final = re.compile(r"([.,])(\d+)$")
_MARKS: Final = ".,"


def decimal_marks(texts: Iterable[str]) -> set[str]:
    """The decimal marks of which some amount leaves no doubt: none, one, or both."""
    told: set[str] = set()
    for text in texts:
        bare = signed(_BESIDE.sub("", plain_spaces(text)))[1]
        match = _LAST.search(bare)
        if match is None:
            continue
        mark, other = match[1], _MARKS.replace(match[1], "")
        if other in bare or (len(match[2]) != 3 and bare.count(mark) == 1):
            told.add(mark)
        elif bare.count(mark) > 1:
            told.add(other)
    return told


def read_money(text: str, currency: str, mark: str = "") -> Minor:
    """Minor units of an amount; `mark` is the decimal mark of its column, as far as that is known.

    Raises:
        ValueError: it is none, it is in another currency, or can be read two ways; the text says what to write.
    """
    plain = plain_spaces(text)
    beside = _BESIDE.search(plain)
    below, bare = signed(_no_cents(_BESIDE.sub("", _no_cents(plain)).strip()))
    if (inner := _BESIDE.search(bare)) is not None:
        beside, bare = inner, _BESIDE.sub("", bare).strip()
    again, bare = signed(bare)
    if below and again:  # --2,50, or (2,50-): nobody knows which was meant
        raise ValueError("has two signs; write it as -12.50 or as 12.50")
    if beside is not None:
        named = beside[0].strip()
        if currency not in _SIGNS.get(named, {named}):
            raise ValueError(f"is in {named}, and the others are in {currency}: give it a column `currency`")
    decimals = exponent_of(currency)
    values = read_number(_NO_WHOLE.sub("0", bare), decimals).values
    if not values:
        raise ValueError("is not an amount; write it as 12.50")
    if len(values) > 1 and not mark:
        raise ValueError(f"can be read two ways; write {values[0]} or {beyond_doubt(values[1])}, whichever is meant")
    value = values[0] if len(values) == 1 else values[mark in bare]
    minor = value * 10**decimals
    if minor != int(minor):
        raise ValueError(f"is finer than {currency} is; round it first")
    if minor > LARGEST:
        raise ValueError("is more than any receipt comes to")
    return -int(minor) if below or again else int(minor)


def _no_cents(text: str) -> str:
    return _NO_CENTS.sub(r"\g<1>00", text)


def read_quantity(text: str, mark: str = "") -> str:
    """A quantity as the contract has it (`-1`, `0.348`).

    Raises:
        ValueError: it is none, or can be read two ways.
    """
    below, bare = signed(plain_spaces(text))
    values = read_number(bare, 3).values
    if not values:
        raise ValueError("is not a quantity; write it as 1 or 0.348")
    if len(values) > 1 and not mark:
        raise ValueError(f"can be read two ways; write {values[0]} or {beyond_doubt(values[1])}, whichever is meant")
    value: Decimal = values[0] if len(values) == 1 else values[mark in bare]
    return f"{'-' if below else ''}{value:f}"

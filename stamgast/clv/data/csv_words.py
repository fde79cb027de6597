"""What CSVs of purchases and of costs have in common: amounts, and guesses at what was meant by what is none."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from stamgast.domain.currencies import exponent_of
from stamgast.domain.units import Day
from stamgast.domain.written_money import beyond_doubt, plain_spaces, read_number

MICRO: Final = 1_000_000
"""Amounts are summed as integers of so many parts of a major unit, so that no order of lines matters."""
_AMOUNT: Final = re.compile(r"([+-]?)(?=\.?\d)(\d*)(?:\.(\d{0,6}))?", re.ASCII)
_FLOAT: Final = re.compile(r"[+-]?\d+(?:\.\d+(?:e-\d\d)?|e-\d\d)", re.ASCII)
_NOISE: Final = Decimal("1e-8")
"""Within so much of a millionth, digits beyond it are what a sum of binary fractions leaves (1.7999999999999998)."""

_CURRENCY_BESIDE: Final = re.compile(r"^([A-Z]{3}|[€$£¥])\s*(?=[\d+-])|(?<=[\d-])\s*([A-Z]{3}|[€$£¥])$", re.ASCII)

_DATE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ][\d:.+Z-]*)?", re.ASCII)
EPOCH: Final = date(1970, 1, 1).toordinal()
_OTHER_COMMAS: Final = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


class HeadingError(Exception):
    """The first line of a file is no heading; `place` is `line:column: `, or nothing for the file as a whole."""

    def __init__(self, place: str, text: str) -> None:
        super().__init__(text)
        self.place = place


def read_amount(text: str) -> int | None:
    """Return a decimal number in millionths, exactly; None if it is none.

    Of what floating point makes of such a number by adding, such as 1.7999999999999998, the number is returned.
    """
    if match := _AMOUNT.fullmatch(text):
        value = int(match[2] or "0") * MICRO + int((match[3] or "").ljust(6, "0"))
        return -value if match[1] == "-" else value
    if _FLOAT.fullmatch(text):
        told = Decimal(text)
        meant = round(told * MICRO)
        return meant if abs(told - Decimal(meant) / MICRO) <= _NOISE else None
    return None


def two_readings(text: str, currency: str = "") -> str:
    """What to write for an amount that could be meant in two ways, such as 1.250; nothing for all others."""
    bare = text.lstrip("+-")
    readings = read_number(bare, exponent_of(currency)).values if "." in bare else ()
    if len(readings) <= 1:
        return ""
    whole, decimal = readings
    sign = "-" if text.startswith("-") else ""
    return f"; write {sign}{whole} or {sign}{beyond_doubt(decimal)}, whichever is meant"


def read_date(text: str) -> Day | None:
    """Return the day that `2026-03-31`, perhaps with a time of day, says; None if it says none."""
    if match := _DATE.fullmatch(text):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(match[1]).toordinal() - EPOCH
    return None


def names_in(heading: Sequence[str] | None) -> list[str]:
    """Return the names of the columns in lower case.

    Raises:
        HeadingError: there are none, or they are not set apart by commas.
    """
    if heading is None:
        raise HeadingError("", "the file is empty")
    names = [name.strip().lower() for name in heading]
    if not any(names):
        raise HeadingError("1:1: ", "the first line is empty; it has the names of the columns, separated by commas")
    if len(names) == 1 and (other := next((each for each in _OTHER_COMMAS if each in names[0]), "")):
        raise HeadingError("1:1: ", f"columns are separated by {_OTHER_COMMAS[other]}; separate them by commas")
    return names


def wrong_cells(line: int, row: Sequence[str], heading: int) -> str:
    """Say what is wrong with a line that has not as many cells as the heading; nothing if only empty ones follow."""
    if len(row) == heading or (len(row) > heading and not any(cell.strip() for cell in row[heading:])):
        return ""
    cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
    if len(row) > heading:
        hint = "if that is a decimal comma, write a point (12.50); put text with a comma in quotes"
    else:
        hint = "write a comma for an empty cell too, and a decimal comma as a point (12.50)"
    return f"line {line} has {cells}, the heading {heading}; {hint}"


def meant_date(text: str) -> str:
    """Guess what was meant; day and month cannot be told apart, so both are shown."""
    if match := re.fullmatch(r"(\d{4})[/.]?(\d{2})[/.]?(\d{2})", text, re.ASCII):
        return f"; write {match[1]}-{match[2]}-{match[3]}"
    if match := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", text, re.ASCII):
        year, one, other = match[3], match[1].zfill(2), match[2].zfill(2)
        return f"; write {year}-{other}-{one}, or {year}-{one}-{other} if the month stands first"
    return "; write it as 2026-03-31"


def meant_amount(text: str) -> str:
    """Guess what was meant by an amount: with a currency, a decimal comma, thousands apart or too many decimals."""
    signed = re.sub(r"\s*_\s*", "", _CURRENCY_BESIDE.sub("", plain_spaces(text)).strip())
    sign, bare = ("-", signed[1:]) if signed.startswith("-") else ("", signed.removeprefix("+"))
    if re.fullmatch(r"\d+\.\d{7,}", bare, re.ASCII):
        return f"; write {sign}{Decimal(bare):.6f}"
    readings = read_number(bare, 0).values
    if len(readings) > 1:
        return f"; write {sign}{readings[0]} or {sign}{beyond_doubt(readings[1])}, whichever is meant"
    return f"; write {sign}{readings[0]}" if readings else "; write it as 12.50"

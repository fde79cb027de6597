"""What CSVs of purchases and of costs have in common: amounts, and guesses at what was meant by what is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import chain
from typing import IO, Final, Protocol

from stamgast.domain.currencies import exponent_of
from stamgast.domain.written_money import beyond_doubt, plain_spaces, read_number

MICRO: Final = 1_000_000
"""Amounts are summed as integers of so many parts of a major unit, so that no order of lines matters."""
LARGEST: Final = 1_000_000_000_000
"""In major units: more than any shop takes in, and little enough for sums to be right to the cent."""
_AMOUNT: Final = re.compile(r"(?=\.?\d)(\d{0,13})(?:\.(\d{0,6}))?", re.ASCII)
_FINER: Final = re.compile(r"\d{0,13}\.\d{7,}|\d(?:\.\d+)?e-\d{2,3}", re.ASCII)
"""More digits than are kept, as spreadsheets and sums of binary fractions leave them (1.7999999999999998)."""
_BELOW_ZERO: Final = re.compile(r"[-\u2212] ?(?P<before>.*)|\((?P<inside>.*)\)|(?P<behind>.*\d) ?[-\u2212]")
"""What is given back: -12.50, as bookkeepers write it (12.50), as some tills do 12.50-."""

_CURRENCY_BESIDE: Final = re.compile(
    r"^([A-Z]{3}|[€$£¥])\s*(?=[\d+(\u2212-])|(?<=[\d)\u2212-])\s*([A-Z]{3}|[€$£¥])$", re.ASCII
)

_FIGURE: Final = frozenset("0123456789+-(")
_TOTAL: Final = re.compile(
    r"\s*[\"']?(?:(?:grand|sub|eind|gesamt|end)?[ -]?(?:totaa?l|totaux|summe)|gesamt(?:betrag)?|som(?:me)?|"
    r"aantal|anzahl|nombre|number of|count|rows|rijen|zeilen|lignes)\b",
    re.IGNORECASE,
)
_LONGEST_WORDS: Final = 400
SEMICOLON: Final = ";"
_OTHER_COMMAS: Final = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


class Rows(Iterator[list[str]], Protocol):
    """What `csv.reader` makes."""

    @property
    def line_num(self) -> int:
        """How many lines were read so far."""


class HeadingError(Exception):
    """The first line of a file is no heading; `place` is `line:column: `, or nothing for the file as a whole."""

    def __init__(self, place: str, text: str) -> None:
        super().__init__(text)
        self.place = place


def read_amount(text: str) -> int | None:
    """Return a decimal number in millionths; None if it is none, or more than `LARGEST`.

    It is exact to six decimals. What has more of them is rounded, whatever they are.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        below, bare = signed(text)
        match = _AMOUNT.fullmatch(bare)
    else:
        below, bare = False, text
    if match:
        value = int(match[1] or "0") * MICRO + int((match[2] or "").ljust(6, "0"))
    elif _FINER.fullmatch(bare):
        value = round(Decimal(bare) * MICRO)
    else:
        return None
    if value > LARGEST * MICRO:
        return None
    return -value if below else value


def signed(text: str) -> tuple[bool, str]:
    """Return whether a number is written as below zero, and the number without its sign."""
    if (match := _BELOW_ZERO.fullmatch(text)) is None:
        return False, text.removeprefix("+")
    return True, next(each for each in match.groups() if each is not None).strip()


def bare_cell(text: str) -> str:
    """What stands in a cell, without what makes spreadsheets take it for text: `="0612345678"`, `'0612345678`."""
    plain = text.strip()
    if plain.startswith('="') and plain.endswith('"') and len(plain) > len('="'):
        return plain[2:-1].strip()
    return plain[1:] if plain.startswith("'") and plain[1:2] in _FIGURE else plain


def is_of_totals(cells: Sequence[str]) -> bool:
    """Whether a row sums up those above it: some cell begins with a word for that."""
    return any(_TOTAL.match(cell) for cell in cells)


def lines_of(file: IO[str]) -> tuple[Iterator[str], str]:
    """The lines, and what parts their cells: Excel writes semicolons where commas are decimal."""
    heading = file.readline()
    parted_by = SEMICOLON if SEMICOLON in heading and "," not in heading else ","
    return chain([heading] if heading else [], file), parted_by


def with_point(text: str, currency: str = "") -> str:
    """An amount with a decimal comma, with a point instead; any other, and one of two readings, as it stands."""
    if "," not in text:
        return text
    below, bare = signed(text)
    meant = read_number(bare, exponent_of(currency)).values
    return f"{'-' if below else ''}{meant[0]}" if len(meant) == 1 else text


def two_readings(text: str, currency: str = "") -> str:
    """What to write for an amount that could be meant in two ways, such as 1.250; nothing for all others."""
    if "." not in text:
        return ""
    below, bare = signed(text)
    if bare[-4:-3] != ".":  # no thousands can be meant; nearly all amounts of a file end here
        return ""
    readings = read_number(bare, exponent_of(currency)).values
    if len(readings) <= 1:
        return ""
    whole, decimal = readings
    sign = "-" if below else ""
    return f"; write {sign}{whole} or {sign}{beyond_doubt(decimal)}, whichever is meant"


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
    if names[0].startswith("sep="):
        raise HeadingError("1:1: ", "the first line has the names of the columns; leave the line with sep= out")
    if len(names) == 1 and (other := next((each for each in _OTHER_COMMAS if each in names[0]), "")):
        raise HeadingError("1:1: ", f"columns are separated by {_OTHER_COMMAS[other]}; separate them by commas")
    if len(names) == 1 and "," in names[0]:
        raise HeadingError("1:1: ", "the whole line stands in one pair of quotes; leave these out, of every line")
    return names


def cut_short(text: str) -> str:
    """What is said of a cell of megabytes, without its middle."""
    return text if len(text) <= _LONGEST_WORDS else f"{text[: _LONGEST_WORDS // 2]} … {text[-_LONGEST_WORDS // 2 :]}"


def wrong_cells(line: int, row: Sequence[str], heading: int, *, by_semicolons: bool = False) -> str:
    """Say what is wrong with a line that has not as many cells as the heading; nothing if only empty ones follow."""
    if len(row) == heading or (len(row) > heading and not any(cell.strip() for cell in row[heading:])):
        return ""
    cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
    if by_semicolons:
        hint = "write a semicolon for an empty cell too"
        if len(row) > heading:
            hint = "put text with a semicolon in quotes"
    elif len(row) > heading:
        hint = "if that is a decimal comma, write a point (12.50); put text with a comma in quotes"
    else:
        hint = "write a comma for an empty cell too, and a decimal comma as a point (12.50)"
    return f"line {line} has {cells}, the heading {heading}; {hint}"


def meant_amount(text: str) -> str:
    """Guess what was meant by an amount: with a currency, a decimal comma, thousands apart, or say it is too much."""
    below, bare = signed(_bare(text))
    # A currency may stand before the sign, behind it, or inside the brackets.
    inner, bare = signed(_bare(bare))
    sign = "-" if below != inner else ""
    if re.fullmatch(r"\d{13,}(?:\.\d*)?", bare, re.ASCII):
        return f"; the largest amount that is taken is {LARGEST}"
    readings = read_number(bare, 0).values
    if len(readings) > 1:
        return f"; write {sign}{readings[0]} or {sign}{beyond_doubt(readings[1])}, whichever is meant"
    return f"; write {sign}{readings[0]}" if readings else "; write it as 12.50"


def _bare(text: str) -> str:
    return re.sub(r"\s*_\s*", "", _CURRENCY_BESIDE.sub("", plain_spaces(text)).strip())

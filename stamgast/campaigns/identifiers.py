"""Files that list people by whatever a shop knows them by: one a line, or a column of a CSV. Personal data: never log.

Lines are read one at a time and never longer than a bound, whatever the file holds.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from rules.yaml.encoding import NotUtf8, decode_utf8
from rules.yaml.problems import nearest

MOST_LINES: Final = 2_000_000
LONGEST_LINE: Final = 1_000
"""Bytes; a longer one is no line of identifiers."""
LONGEST: Final = 100
"""Letters of an identifier."""
_COLUMNS: Final[Mapping[str, str]] = {
    head: kind
    for kind, heads in (
        ("phone", "phone mobile telefoon mobiel telephone téléphone telefon handy"),
        ("membership", "membership_number membership card_number card kaartnummer klantnummer"),
        ("membership", "numéro_de_carte numero_de_carte kartennummer kundennummer"),
        ("provider", "provider_customer_id provider"),
        ("customer", "customer customer_id"),
    )
    for head in heads.split()
}
"""Heads of columns, and what stands below them."""
_SEPARATORS: Final = (";", "\t", ",")


class BadFileError(ValueError):
    """The file lists nobody that could be told apart; the text says why, without repeating what stands there."""


class Named(NamedTuple):
    """What a line says; `kind` is empty where anything may be meant. `text` is empty for a line that is none."""

    line: int
    text: str
    kind: str = ""


def read_identifiers(path: Path) -> Iterator[Named]:
    """Go through a file. Raises `BadFileError` or `OSError`."""
    with path.open("rb") as file:
        lines = _lines(file)
        first = next(lines, None)
        if first is None:
            raise BadFileError("the file is empty")
        separator = next((each for each in _SEPARATORS if first[1] and each in first[1]), "")
        column, kind = _column(first[1] or "", separator)
        if kind is None:
            yield _named(first, separator, 0, "")
        for line in lines:
            yield _named(line, separator, column, kind or "")


def _lines(file: BinaryIO) -> Iterator[tuple[int, str | None]]:
    """Number and text of each line that is not empty; None for one that is too long, or no text."""
    number = 0
    while raw := file.readline(LONGEST_LINE + 1):
        number += 1
        if number > MOST_LINES:
            raise BadFileError(f"the file has more than {MOST_LINES:,} lines")
        whole = raw
        while len(whole) > LONGEST_LINE and not whole.endswith(b"\n"):
            whole = file.readline(1 << 20)
            if not whole:
                break
        if len(raw) > LONGEST_LINE:
            yield number, None
            continue
        try:
            text = (decode_utf8(raw) if number == 1 else raw.decode()).strip()
        except NotUtf8 as error:
            # What stands there may be a person: of the line itself nothing is said.
            what = "its first line is not in UTF-8" if error.quoted else error.message
            raise BadFileError(f"{what}; save the list as CSV UTF-8") from None
        except UnicodeDecodeError:
            yield number, None
            continue
        if text:
            yield number, text


def _column(head: str, separator: str) -> tuple[int, str | None]:
    """Which column says who it is, and as what; None where the first line is no head."""
    cells = [_tidy(cell) for cell in _cells(head, separator)]
    for number, cell in enumerate(cells):
        if cell in _COLUMNS:
            return number, _COLUMNS[cell]
    if len(cells) == 1:
        return 0, None
    near = next((match for cell in cells if (match := nearest(cell, _COLUMNS))), None)
    hint = f"did you mean {near!r}?" if near else "such as phone, membership_number or customer_id"
    raise BadFileError(f"the file has {len(cells)} columns, and its first line does not name the one to read: {hint}")


def _named(line: tuple[int, str | None], separator: str, column: int, kind: str) -> Named:
    number, text = line
    cells = [] if text is None else _cells(text, separator)
    said = cells[column].strip() if column < len(cells) else ""
    return Named(number, said if len(said) <= LONGEST else "", kind)


def _cells(text: str, separator: str) -> list[str]:
    if not separator:
        return [text.strip('"')]
    return next(csv.reader([text], delimiter=separator), [""])


def _tidy(cell: str) -> str:
    return cell.strip().strip('"').lower().replace(" ", "_")

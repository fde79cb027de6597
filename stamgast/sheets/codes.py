"""A list of codes of a shop's own: one column of a CSV, or a code a line. What is wrong is told with its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from stamgast.domain.shop_codes import LONGEST, SHORTEST, bare, plain
from stamgast.domain.spelling import nearest
from stamgast.sheets.lines import BadRow, Row, SheetError, open_sheet, parting_mark, rows_of

HEADINGS: Final = frozenset(
    {
        *("code", "codes", "vouchercode", "coupon", "couponcode", "couponcodes", "discountcode", "discountcodes"),
        *("promocode", "giftcode", "kortingscode", "kortingscodes", "tegoedcode", "bon", "boncode", "codepromo"),
        *("codepromotionnel", "codedereduction", "gutscheincode", "gutscheincodes", "rabattcode", "aktionscode"),
    }
)
"""What a column of codes is called, without blanks and dashes."""
_MARKS: Final = "._-"


class Wrong(NamedTuple):
    """A line that brings in nothing, and why. It holds nothing of the code."""

    line: int
    why: str


class CodeList(NamedTuple):
    """The codes of a file, in its order, each with its line."""

    codes: Sequence[tuple[int, str]]
    wrong: Sequence[Wrong]


def read_codes(path: Path, column: str = "") -> CodeList:
    """Read a file.

    Raises:
        SheetError: it cannot be read as a list, or nothing says in which of its columns the codes are.
    """
    with open_sheet(path) as file:
        heading = file.readline(4_096)
        parted_by = parting_mark(heading)
        cells = [cell.strip().strip('"').strip() for cell in heading.rstrip("\r\n").split(parted_by)]
        place, is_heading = _place(path, cells, column)
        codes, wrong, lines = list[tuple[int, str]](), list[Wrong](), dict[str, int]()
        file.seek(0)
        for number, cell in _cells(rows_of(file, 1, parted_by), place, wrong):
            if number == 1 and is_heading:
                continue
            code = plain(cell)
            why = "" if code else _why_none(cell)
            if code and (before := lines.setdefault(bare(code), number)) != number:
                why = f"the same code as on line {before:,}"
            if why:
                wrong.append(Wrong(number, why))
            else:
                codes.append((number, code))
    return CodeList(codes, sorted(wrong))


def _cells(rows: Iterator[Row | BadRow], place: int, wrong: list[Wrong]) -> Iterator[tuple[int, str]]:
    for row in rows:
        if isinstance(row, BadRow):
            wrong.append(Wrong(row.line, row.why))
        elif len(row.cells) <= place:
            wrong.append(Wrong(row.line, f"has no column {place + 1}"))
        else:
            yield row.line, row.cells[place]


def _place(path: Path, cells: Sequence[str], column: str) -> tuple[int, bool]:
    """In which column the codes are, and whether the first line is a heading."""
    names = [_word(cell) for cell in cells]
    if column:
        if _word(column) in names:
            return names.index(_word(column)), True
        near = nearest(column, cells)
        hint = f"did you mean {near!r}?" if near else f"it has {', '.join(cells)[:200]}"
        raise SheetError(f"{path}: there is no column {column[:40]!r}; {hint}")
    known = [place for place, name in enumerate(names) if name in HEADINGS]
    if known:
        return known[0], True
    if len(cells) == 1:
        return 0, False
    raise SheetError(f"{path}: it has {len(cells)} columns; say by `--column NAME` which of them has the codes")


def _word(text: str) -> str:
    return "".join(letter for letter in text.lower().replace("é", "e") if letter.isalnum())


def _why_none(cell: str) -> str:
    text = "".join(cell.split()).upper()
    if not text:
        return "is empty"
    for letter in text:
        if not (letter.isascii() and letter.isalnum()) and letter not in _MARKS:
            return f"holds {letter!r}: a code has the letters A to Z, figures, dashes, dots and underscores"
    if not SHORTEST <= len(text) <= LONGEST:
        return f"has {len(text):,} characters: a code has {SHORTEST} to {LONGEST}"
    return "begins or ends with a dash, a dot or an underscore"

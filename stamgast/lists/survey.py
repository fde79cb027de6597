"""A first reading of a list, whole: how many rows there are, and what its cells say together of dates and amounts.

Which of 03/04/2026 is the day, and whether 1.250 is twelve hundred and fifty, other rows may tell. Which receipts stand
in more than one place is noted too: these wait for all of their rows.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from stamgast.lists.columns import Columns, ColumnsError, Kind, understand
from stamgast.lists.mapping import Mapping
from stamgast.lists.runs import Runs
from stamgast.sheets.cells import bare_cell
from stamgast.sheets.dates import DateOrder, orders_told
from stamgast.sheets.lines import MOST_COLUMNS, UTF_16, BadRow, Row, SheetError, open_sheet, parting_mark, rows_of
from stamgast.sheets.money import decimal_marks

_PIECE: Final = 1 << 20
_MONEY: Final = ("amount", "cost")
_MOST_TITLES: Final = 20
"""Lines with something in them above the heading."""
_SURE: Final = 2
_FIGURES: Final = re.compile(r"[\d\s.,:/€$£%()+-]*\d[\d\s.,:/€$£%()+-]*")
_DATES: Final = ("date", "birthday", "joined", "consent_at")


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of a list before its rows are taken in."""

    path: Path
    digest: str
    """SHA-256 of its bytes and of the mapping."""
    columns: Columns
    constants: dict[str, str]
    parted_by: str
    width: int
    skipped: int
    """Lines up to the heading's."""
    rows: int
    order: DateOrder | None
    mark: str
    """The decimal mark; empty where no amount tells it."""
    scattered: dict[str, int]
    """Receipts whose rows do not stand together -> how many rows they have."""
    windows: bool
    """It has bytes that are no UTF-8 and were read as Windows-1252."""

    def all_rows(self) -> Iterator[Row | BadRow]:
        """Read the rows again."""
        with open_sheet(self.path) as file:
            for _ in range(self.skipped):
                file.readline()
            yield from rows_of(file, self.skipped + 1, self.parted_by)

    def cell(self, row: Row, column: str) -> str:
        """What a row says of a column; what the mapping says of all of them where there is none."""
        place = self.columns.places.get(column)
        if place is None:
            return self.constants.get(column, "")
        return bare_cell(row.cells[place]) if place < len(row.cells) else ""


def survey(path: Path, mapping: Mapping, kind: Kind | None = None) -> Survey:
    """Read a list through.

    Raises:
        SheetError: it is no CSV, or its heading cannot be understood.
    """
    digest, windows = _digest_of(path, mapping)
    skipped, heading, parted_by, columns = _heading_of(path, mapping, kind)
    found = Survey(
        path=path,
        digest=digest,
        columns=columns,
        constants=dict(mapping.constants),
        parted_by=parted_by,
        width=len(heading),
        skipped=skipped,
        rows=0,
        order=mapping.date_order,
        mark=mapping.decimal_mark,
        scattered={},
        windows=windows,
    )
    return _surveyed(found)


def _surveyed(found: Survey) -> Survey:
    marks: set[str] = set()
    orders: set[DateOrder] = set()
    money = [column for column in _MONEY if column in found.columns.places]
    dates = [column for column in _DATES if column in found.columns.places]
    rows, runs = 0, Runs()
    by_receipt = found.columns.kind is Kind.PURCHASES and "transaction" in found.columns.places
    for row in found.all_rows():
        rows += 1
        if isinstance(row, BadRow):
            continue
        if len(marks) < 2:
            marks |= decimal_marks(found.cell(row, column) for column in money)
        if len(orders) < 2:
            orders |= orders_told(found.cell(row, column) for column in dates)
        if by_receipt and (name := found.cell(row, "transaction")):
            runs.add(name)
    mark = found.mark or (marks.pop() if len(marks) == 1 else "")
    return replace(
        found,
        rows=rows,
        order=found.order or _order_of(orders, mark, found.parted_by),
        mark=mark,
        scattered=_scattered(found, runs.broken()),
    )


def _scattered(found: Survey, hashes: set[int]) -> dict[str, int]:
    """Receipts of these hashes, and how many rows they have; the list is read once more only if there are any."""
    if not hashes:
        return {}
    readable = (row for row in found.all_rows() if isinstance(row, Row))
    return dict(Counter(name for row in readable if hash(name := found.cell(row, "transaction")) in hashes))


def _order_of(told: set[DateOrder], mark: str, parted_by: str) -> DateOrder | None:
    """What the dates tell; where none does, whoever writes `12,40` or parts columns by semicolons has the day first."""
    if told:
        return told.pop() if len(told) == 1 else None
    return DateOrder.DAY_FIRST if mark == "," or (parted_by == ";" and mark != ".") else None


def _digest_of(path: Path, mapping: Mapping) -> tuple[str, bool]:
    """The digest, and whether there are bytes that are no UTF-8."""
    made = hashlib.sha256(repr(mapping).encode())
    is_utf8, is_utf16, rest = True, False, b""
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                is_utf16 = is_utf16 or (file.tell() == len(piece) and piece.startswith(UTF_16))
                made.update(piece)
                if is_utf8:
                    whole = rest + piece
                    try:
                        whole.decode()
                        rest = b""
                    except UnicodeDecodeError as error:
                        rest = whole[error.start :]
                        is_utf8 = len(rest) < 4 and error.reason == "unexpected end of data"
    except OSError as error:
        raise SheetError(f"{path}: {error.strerror}") from None
    return made.hexdigest(), not is_utf16 and (not is_utf8 or bool(rest))


def _heading_of(path: Path, mapping: Mapping, kind: Kind | None) -> tuple[int, list[str], str, Columns]:
    """The number of the heading's line, its cells, what parts them, and what they mean.

    Reports have a title, a period and empty lines first: the first line that can be a heading is it.
    """
    told: list[tuple[int, SheetError]] = []
    with open_sheet(path) as file:
        number, parted_by = 0, ""
        for number, text in enumerate(iter(lambda: file.readline(_PIECE), ""), 1):
            if text.lower().startswith("sep=") and len(text.strip()) == 5:
                parted_by = text.strip()[4]
                continue
            mark = parted_by or parting_mark(text)
            row = next(rows_of(io.StringIO(text), number, mark), None)
            if row is None:
                continue
            try:
                heading = _cells_of(row, mark, is_first=not told)
                columns = understand(heading, kind or mapping.kind, mapping.columns, tuple(mapping.constants))
                _check_later(columns, is_first=not told)
            except (ColumnsError, _HeadingError) as error:
                cells = len(row.cells) if isinstance(row, Row) else 0
                told.append((min(cells, 2), SheetError(f"{path}:{number}: {error}")))
                if len(told) >= _MOST_TITLES:
                    break
            else:
                return number, heading, mark, columns
    if told:
        raise max(told, key=lambda each: each[0])[1]  # the first of those that have several cells
    raise SheetError(f"{path}: there is no heading in its {number:,} lines: nothing stands in it")


class _HeadingError(ValueError):
    """A line that is no heading; the text says why."""


def _cells_of(row: Row | BadRow, mark: str, *, is_first: bool) -> list[str]:
    if isinstance(row, BadRow):
        raise _HeadingError(f"the heading {row.why}")
    if len(row.cells) > MOST_COLUMNS:
        raise _HeadingError(f"the heading has {len(row.cells):,} columns; at most {MOST_COLUMNS:,}")
    if len(row.cells) == 1 and mark in row.cells[0]:
        raise _HeadingError("the whole line stands in one pair of quotes: leave these out, of every line")
    if not is_first and any(map(_FIGURES.fullmatch, row.cells)):
        raise _HeadingError("the heading holds figures: it says what the columns are")
    return row.cells


def _check_later(columns: Columns, *, is_first: bool) -> None:
    """What stands below another line is a heading only if it is beyond doubt."""
    if not is_first and len(columns.places) + len(columns.consents) < _SURE:
        raise _HeadingError("the heading says of too few columns what they are")

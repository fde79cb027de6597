"""The rows of a CSV of any make, one at a time: whatever is wrong with one says so of that one, and the next is read.

UTF-8 with or without its mark, UTF-16 with it; bytes that are no UTF-8 are read as Windows-1252. Cells are parted by
whatever parts the heading. What one row may take is bounded, so that a file of one endless line takes no memory.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple

from stamgast.domain.errors import in_plain_words

LONGEST_ROW: Final = 65_536
"""Characters, all of its lines together."""
MOST_COLUMNS: Final = 1_000
_MOST_LINES: Final = 200
"""Of one row: text in quotes may go on over lines."""
UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MARKS: Final = ";,\t|"
_WINDOWS: Final = "stamgast.windows-1252"
_UNKNOWN: Final = "\ufffd"
_BINARY: Final = {
    b"PK\x03\x04": "an Excel workbook (.xlsx) or another archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a packed file (.gz)",
}

_OTHER_TEXT: Final = {
    b"<?xml": "XML, as some tills call .xls",
    b"<": "a web page (HTML), as some tills call .xls",
    b"[{": "JSON: `POST /v1/merchants/{merchant}/purchases` takes that",
    b'{"': "JSON: `POST /v1/merchants/{merchant}/purchases` takes that",
}


class SheetError(Exception):
    """A file that is no CSV, or whose heading is none; the text says where and why."""


class Row(NamedTuple):
    """What stands in one row, and on which line it begins."""

    line: int
    cells: list[str]


class BadRow(NamedTuple):
    """A row that cannot be read, and why."""

    line: int
    why: str


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_WINDOWS, _as_windows)


@contextmanager
def open_sheet(path: Path) -> Iterator[IO[str]]:
    """Open a file as text.

    Raises:
        SheetError: there is none, it is empty, or it is no text.
    """
    try:
        with path.open("rb") as raw:
            encoding = _encoding_of(raw.read(4_096), path)
            raw.seek(0)
            with io.TextIOWrapper(raw, encoding, errors=_WINDOWS if encoding == "utf-8-sig" else "replace") as file:
                yield file
    except OSError as error:
        raise SheetError(f"{path}: {error.strerror}") from None


def parting_mark(heading: str) -> str:
    """What parts the cells of a heading: the one of comma, semicolon, tab and bar that stands in it most often."""
    return max(_MARKS, key=heading.count) if any(each in heading for each in _MARKS) else ","


def rows_of(file: IO[str], first: int, parted_by: str) -> Iterator[Row | BadRow]:
    """The rows that hold anything, from line `first` on."""
    lines = _Lines(file, first)
    while (found := lines.take()) is not None:
        number, text = found
        if text is None:
            yield BadRow(number, f"is longer than {LONGEST_ROW:,} characters")
        elif '"' not in text:
            if cells := _filled(text.rstrip("\r\n").split(parted_by)):
                yield _checked(number, cells)
        else:
            yield from _quoted(lines, number, text, parted_by)


def _encoding_of(head: bytes, path: Path) -> str:
    if not head:
        raise SheetError(f"{path}: the file is empty")
    for mark, what in _BINARY.items():
        if head.startswith(mark):
            raise SheetError(f"{path}: this is {what}; save it as CSV UTF-8")
    if head.startswith(UTF_16):
        return "utf-16"
    text = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for begin, what in _OTHER_TEXT.items():
        if text.startswith(begin):
            raise SheetError(f"{path}: this is {what}; save it as CSV UTF-8")
    if head.count(b"\0") > len(head) // 4:
        raise SheetError(f"{path}: this is UTF-16 without its mark, or no text at all; save it as CSV UTF-8")
    return "utf-8-sig"


class _Lines:
    """Lines of a file with their numbers; some may be put back."""

    def __init__(self, file: IO[str], first: int) -> None:
        self._file, self._next = file, first
        self._back: deque[tuple[int, str | None]] = deque()

    def take(self) -> tuple[int, str | None] | None:
        """The next line, without text where it is too long; None at the end."""
        if self._back:
            return self._back.popleft()
        text = self._file.readline(LONGEST_ROW + 1)
        if not text:
            return None
        number, self._next = self._next, self._next + 1
        if len(text) <= LONGEST_ROW:
            return number, text
        while text and not text.endswith("\n"):
            text = self._file.readline(LONGEST_ROW)
        return number, None

    def put_back(self, lines: Sequence[tuple[int, str | None]]) -> None:
        """Let these be taken again."""
        self._back.extendleft(reversed(lines))


def _quoted(lines: _Lines, number: int, text: str, parted_by: str) -> Iterator[Row | BadRow]:
    """A row with quotes, which may go on over lines. One that never ends is told, and what follows is read anew."""
    more: list[tuple[int, str | None]] = []
    while True:
        try:
            cells = _filled(next(csv.reader([text], delimiter=parted_by, strict=True)))
        except csv.Error as error:
            if "unexpected end" not in str(error):
                yield BadRow(number, f"is no line of CSV: {in_plain_words(error)}")
                lines.put_back(more)
                return
        else:
            if cells:
                yield _checked(number, cells)
            return
        while True:
            found = lines.take()
            if found is not None:
                more.append(found)
            if found is None or found[1] is None or len(more) >= _MOST_LINES or len(text) > LONGEST_ROW:
                lines.put_back(more)
                yield BadRow(number, "has a quote that is opened and not closed")
                return
            text += found[1]
            if '"' in found[1]:
                break


def _filled(cells: list[str]) -> list[str]:
    """Nothing for a row in which nothing stands."""
    return cells if any(cell.strip() for cell in cells) else []


def _checked(number: int, cells: list[str]) -> Row | BadRow:
    for place, cell in enumerate(cells, 1):
        if "\0" in cell or _UNKNOWN in cell:
            return BadRow(number, f"column {place} holds what is no letter in UTF-8 or Windows-1252")
    return Row(number, cells)

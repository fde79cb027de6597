"""A past from a file of purchases: a line a purchase, or several lines a receipt where `transaction` tells them apart.

Columns are parted by commas, or by semicolons, and then amounts may have a decimal comma.
Needed are the columns customer, date and amount; store, category, product, transaction, language and source may be
there. A date may have a time of day, with an offset or on the shop's own clock. A negative amount gives back what the
same customer bought before: of the transaction that it names, else of their newest purchase that is large enough.
Nothing is known of consents: everybody counts as having agreed to everything, and the answer says so.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, TypeVar

from stamgast.backtest.plan import Share
from stamgast.backtest.sales import Sale
from stamgast.clv.data.column_names import meant_column, missing_columns
from stamgast.domain.calendar import at_local
from stamgast.domain.currencies import exponent_of
from stamgast.domain.errors import in_plain_words
from stamgast.domain.program import Program
from stamgast.domain.units import DAY, MINUTE, Day, Millis, Minor
from stamgast.sheets.cells import (
    MICRO,
    SEMICOLON,
    HeadingError,
    cut_short,
    lines_of,
    meant_amount,
    names_in,
    read_amount,
    two_readings,
    with_point,
    wrong_cells,
)
from stamgast.sheets.dates import DateOrder, meant_date, order_in, order_needed, read_date, read_moment

_T = TypeVar("_T")

NEEDED: Final = ("customer", "date", "amount")
OPTIONAL: Final = ("store", "category", "product", "transaction", "language", "source")
_HOURS, _MINUTES = 24, 60
_OF_A_DAY: Final = {
    f"{hour:02}:{minute:02}": (hour * _MINUTES + minute) * MINUTE
    for hour in range(_HOURS)
    for minute in range(_MINUTES)
}
"""A clock's reading -> milliseconds since midnight, on a day of 24 hours."""
_NOON: Final = 12 * _MINUTES
_ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_BETWEEN: Final = "T "
"""What stands between the day and the hour of most moments."""
_MOST_REMEMBERED: Final = 100_000
"""Where every line has its own second, remembering them helps nobody."""
_MOST_PROBLEMS: Final = 20


class PastError(Exception):
    """A past that cannot be read. `problems` are lines that say where, what, and what was meant."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)

    def __reduce__(self) -> tuple[type[PastError], tuple[list[str]]]:
        """It comes out of other processes."""
        return PastError, (self.problems,)


def span_of(path: Path) -> tuple[Day, Day]:
    """The days of the oldest and of the newest line.

    Raises:
        PastError: there is no such file, no such column, or no date in it.
    """
    first, last = "9", ""
    days: set[Day] = set()
    with _opened(path) as file:
        lines, parted_by = lines_of(file)
        rows = csv.reader(lines, strict=True, delimiter=parted_by)
        place = _heading(str(path), rows)["date"]
        dates = _Dates(path, place)
        for row in rows:
            if len(row) > place:
                text = row[place].lstrip()[:10]
                if text[4:5] != "-":
                    day = dates.day(row[place].strip())
                    days |= set() if day is None else {day}
                    continue
                if text < first and read_date(text) is not None:
                    first = text
                if text > last and read_date(text) is not None:
                    last = text
    days |= {day for day in (read_date(first), read_date(last)) if day is not None}
    if not days:
        raise PastError([f"{path}: there is no purchase in it"])
    return min(days), max(days)


class _Dates:
    """Reads the dates of a file, whose order of day and month the file is asked for when one first needs it."""

    def __init__(self, path: Path, column: int) -> None:
        self._path, self._column = path, column
        self._order: DateOrder | None = None
        self._asked = False

    def day(self, text: str) -> Day | None:
        """Return the day that a text says."""
        return read_date(text, self.order_for(text))

    def order_for(self, text: str) -> DateOrder | None:
        """Return the order of day and month, as far as it is known or this text asks for it."""
        if not self._asked and order_needed(text):
            self._asked = True
            with _opened(self._path) as file:
                lines, parted_by = lines_of(file)
                self._order = order_in(lines, self._column, parted_by)
        return self._order


def unread_columns(path: Path) -> list[str]:
    """What to say of columns that are not read: where each stands, and what may be meant by it."""
    with _opened(path) as file:
        lines, parted_by = lines_of(file)
        columns = _heading(str(path), csv.reader(lines, strict=True, delimiter=parted_by))
    absent = [name for name in OPTIONAL if name not in columns]
    told = []
    for name, place in columns.items():
        if name and name not in (*NEEDED, *OPTIONAL):
            meant = meant_column(name, absent)
            hint = f"; is that {meant!r}? call it so" if meant else ""
            told.append(f"{path}:1:{place + 1}: the column {name!r} is not read{hint}")
    return told


def columns_of(path: Path) -> frozenset[str]:
    """The columns that a file has.

    Raises:
        PastError: there is no such file, or it lacks what is needed.
    """
    with _opened(path) as file:
        lines, parted_by = lines_of(file)
        return frozenset(_heading(str(path), csv.reader(lines, strict=True, delimiter=parted_by)))


def read_csv(path: Path, program: Program, share: Share, end: Millis) -> dict[str, list[Sale]]:
    """Read the lines of a share's customers before `end`, in the order of the file.

    Raises:
        PastError: lines or columns are not what they should be.
    """
    with _opened(path) as file:
        return _Reading(path, program, share, end).read(file)


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except OSError as error:
        raise PastError([f"{path}: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise PastError([f"{path}: byte {error.start} is not UTF-8; save the file as CSV UTF-8"]) from None
    except csv.Error as error:
        raise PastError([f"{path}: this is not a CSV: {in_plain_words(error)}"]) from None


def _heading(name: str, rows: Iterator[list[str]]) -> dict[str, int]:
    try:
        names = names_in(next(rows, None))
    except HeadingError as error:
        raise PastError([f"{name}:{error.place or ' '}{error}"]) from None
    problems = [f"{name}:1:{place}: {text}" for place, text in missing_columns(names)]
    columns: dict[str, int] = {}
    for place, column in enumerate(names):
        if column and column in columns:
            problems.append(f"{name}:1:{place + 1}: there are two columns {column!r}")
        columns.setdefault(column, place)
    if problems:
        raise PastError(problems)
    return columns


class _Reading:
    """One pass over the lines of a file."""

    def __init__(self, path: Path, program: Program, share: Share, end: Millis) -> None:
        self._path, self._name = path, str(path)
        self._program, self._share, self._end = program, share, end
        self._factor: int = MICRO // 10 ** exponent_of(program.currency)
        self._moments: dict[str, Millis | None] = {}
        self._amounts: dict[str, Minor] = {}
        """What was read, as it is written: prices are few."""
        self._midnights: dict[str, Millis | None] = {}
        """A day as it is written -> when it begins; None for what is no day, or one of not quite 24 hours."""
        self._problems: list[str] = []
        self._columns: dict[str, int] = {}
        self._by_semicolons = False
        self._needed: tuple[int, int, int] = 0, 0, 0
        """Where customer, date and amount stand."""
        self._optional: list[int | None] = []
        """Where each of the columns stands that may be there."""

    def read(self, file: IO[str]) -> dict[str, list[Sale]]:
        lines, parted_by = lines_of(file)
        self._by_semicolons = parted_by == SEMICOLON
        rows = csv.reader(lines, strict=True, delimiter=parted_by)
        self._columns = columns = _heading(self._name, rows)
        self._dates = _Dates(self._path, columns["date"])
        self._needed = columns["customer"], columns["date"], columns["amount"]
        self._optional = [columns.get(name) for name in OPTIONAL]
        width, who = max(columns.values()) + 1, columns["customer"]
        found: dict[str, list[Sale]] = {}
        for row in rows:
            customer = row[who].strip() if len(row) > who else ""
            if customer and not self._share.holds(customer):
                continue
            if not row:
                continue
            if len(row) != width and (
                wrong := wrong_cells(rows.line_num, row, width, by_semicolons=self._by_semicolons)
            ):
                self._note(rows.line_num, min(len(row), width + 1), wrong)
                continue
            sale = self._sale(rows.line_num, row, customer)
            if sale is not None and sale.at < self._end:
                found.setdefault(customer, []).append(sale)
        if self._problems:
            raise PastError(self._problems)
        return found

    def _sale(self, line: int, row: list[str], customer: str) -> Sale | None:
        who, date, paid = self._needed
        if not customer:
            self._note(line, who + 1, "there is no customer; leave purchases of nobody known out")
            return None
        when = row[date].strip()
        at = self._by_the_minute(when) or self._moment(when)
        if at is None:
            self._note(line, date + 1, f"{when!r} is not a date{meant_date(when)}")
        text = row[paid].strip()
        amount = self._amounts.get(text)
        if amount is None:
            amount = self._amount(line, text)
        if at is None or amount is None:
            return None
        return Sale(at, amount, *["" if place is None else row[place].strip() for place in self._optional])

    def _amount(self, line: int, written: str) -> Minor | None:
        text = with_point(written, self._program.currency) if self._by_semicolons else written
        millionths = read_amount(text)
        place = self._columns["amount"] + 1
        if millionths is None:
            self._note(line, place, f"{text!r} is not an amount{meant_amount(text)}")
            return None
        if readings := two_readings(text, self._program.currency):
            self._note(line, place, f"{text!r} can be read two ways{readings}")
            return None
        minor, rest = divmod(millionths, self._factor)
        if rest:
            self._note(line, place, f"{text!r} is finer than {self._program.currency} is; round it first")
            return None
        _remember(self._amounts, written, minor)
        return minor

    def _moment(self, text: str) -> Millis | None:
        if text not in self._moments:
            _remember(self._moments, text, self._read_moment(text))
        return self._moments[text]

    def _by_the_minute(self, text: str) -> Millis | None:
        """A moment written as most are; None for any other, and on days on which clocks are changed."""
        since = _OF_A_DAY.get(text[11:])
        if since is None or text[10] not in _BETWEEN:
            return None
        written = text[:10]
        if written not in self._midnights:
            _remember(self._midnights, written, self._midnight(written) if _ISO_DAY.fullmatch(written) else None)
        midnight = self._midnights[written]
        return None if midnight is None else midnight + since

    def _midnight(self, written: str) -> Millis | None:
        """When a day begins; None where it is none, or has not 24 hours by the clock."""
        day, zone = read_date(written), self._program.time_zone
        if day is None:
            return None
        begin = at_local(day, 0, zone)
        noon = at_local(day, _NOON, zone)
        return begin if noon - begin == DAY // 2 and at_local(day + 1, 0, zone) - begin == DAY else None

    def _read_moment(self, text: str) -> Millis | None:
        moment, zone = read_moment(text, self._dates.order_for(text)), self._program.time_zone
        if moment is None:
            return None
        if moment.ms is None:
            return at_local(moment.day, _NOON, zone)
        if moment.ahead is not None:
            return moment.day * DAY + moment.ms - moment.ahead * MINUTE
        minutes, rest = divmod(moment.ms, MINUTE)
        return at_local(moment.day, minutes, zone) + rest

    def _note(self, line: int, column: int, text: str) -> None:
        self._problems.append(f"{self._name}:{line}:{column}: {cut_short(text)}")
        if len(self._problems) >= _MOST_PROBLEMS:
            raise PastError([*self._problems, f"{self._name}: and perhaps more"])


def _remember(known: dict[str, _T], text: str, meant: _T) -> None:
    """Keep what a text means, in bounds."""
    if len(known) > _MOST_REMEMBERED:
        known.clear()
    known[text] = meant

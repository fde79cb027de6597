"""A CSV of purchases, checked line by line.

Columns: customer, date, amount, and if there is one profit, currency, segment, acquisition_source,
category, score. Dates are as `written_dates` has them (a time of day is left out), amounts decimals in major units,
negative for a refund. A line with a score and no amount is no purchase: it says when somebody gave it. Only lines up to
`as_of` are looked at: later ones may say anything.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import IO, Final

from stamgast.clv.data.buyers import MOST_TOTAL, Buyer, Purchases
from stamgast.clv.data.byte_cells import NotPlainError, lines_in
from stamgast.clv.data.column_names import missing_columns, unread_columns
from stamgast.clv.data.plain_file import OTHER, PlainReading
from stamgast.clv.data.told_scores import ToldScores, doubt_about_scores, meant_score, read_score
from stamgast.domain.counting import so_many
from stamgast.domain.errors import in_plain_words
from stamgast.domain.feedback import Said
from stamgast.domain.spelling import nearest
from stamgast.domain.units import Day
from stamgast.identity.spreadsheets import is_rounded
from stamgast.sheets.cells import (
    MICRO,
    SEMICOLON,
    HeadingError,
    Rows,
    cut_short,
    lines_of,
    meant_amount,
    names_in,
    read_amount,
    two_readings,
    with_point,
    wrong_cells,
)
from stamgast.sheets.dates import (
    EPOCH,
    DateOrder,
    is_universal,
    meant_date,
    order_in,
    order_needed,
    read_date,
)

__all__ = ["Buyer", "PurchaseFileError", "Purchases", "read_purchases"]

_MOST_PROBLEMS: Final = 20
_LONGEST_HEADING: Final = 65_536
_UNIVERSAL: Final = (
    "it has moments of universal time (Z, UTC), and a purchase is counted on the day that is written there; of a shop "
    "elsewhere those around midnight are of the day before or after"
)


class PurchaseFileError(Exception):
    """A file that is not what it should be. `problems` are lines `FILE:line:column: what, and what was meant`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_purchases(path: Path, as_of: Day | None = None, margins: Mapping[str, float] | None = None) -> Purchases:
    """Read a file; without `as_of` up to its newest purchase.

    With `margins`, shares of what is paid by category, profit is reckoned by its column `category`; `OTHER` is for the
    categories that they do not name, and for lines without one.

    Raises:
        PurchaseFileError: no such file, columns or values that are not what they should be.
    """
    try:
        with path.open("rb") as whole:
            found = _Reading(path, as_of, margins).read_plain(whole)
        if found is None:
            with _opened(path) as file:
                found = _Reading(path, as_of, margins).read(file)
        return found
    except OSError as error:
        raise PurchaseFileError([f"{path}: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise PurchaseFileError([f"{path}: byte {error.start} is not UTF-8; save the file as CSV UTF-8"]) from None


def _opened(path: Path) -> IO[str]:
    return path.open(encoding="utf-8-sig", newline="")


class _Reading:
    """One pass over the lines."""

    def __init__(self, path: Path, as_of: Day | None, margins: Mapping[str, float] | None = None) -> None:
        self._margins = margins
        self._path = path
        self._name = str(path)
        self._as_of = as_of
        self._problems: list[str] = []
        self._buyers: dict[str, Buyer] = {}
        self._columns: dict[str, int] = {}
        self._width = 0
        self._notes: tuple[str, ...] = ()
        self._has_profit = False
        self._days: dict[str, Day] = {}
        self._order: DateOrder | None = None
        self._asked_for_order = False
        self._has_commas = False
        self._universal = 0
        self._labels: dict[str, dict[str, dict[Day, str]]] = {"segment": {}, "acquisition_source": {}}
        self._scores = ToldScores()
        self._currency = ""
        self._newest: Day | None = None

    def read_plain(self, file: IO[bytes]) -> Purchases | None:
        """Read it column by column; None if something in it has to be looked at line by line."""
        try:
            heading = file.readline(_LONGEST_HEADING)
            rows = self._rows(io.StringIO(heading.decode("utf-8-sig"), newline=""))
            self._read_heading(next(rows, None))
            if not heading.endswith(b"\n") or next(rows, None) is not None:
                return None
            reading = PlainReading(
                self._columns, self._read_day, self._as_of, has_commas=self._has_commas, margins=self._margins
            )
            plain = reading.read(lines_in(file, self._width, SEMICOLON if self._has_commas else ","))
        except (csv.Error, UnicodeDecodeError, PurchaseFileError, NotPlainError):
            return None
        self._newest, self._currency, self._has_profit = plain.newest, plain.currency, plain.has_profit
        return self._told(plain.ledger, plain.left_out, plain.said)

    def read(self, file: IO[str]) -> Purchases:
        """Read it line by line.

        Raises:
            PurchaseFileError: something in it is wrong.
        """
        rows = self._rows(file)
        try:
            self._read_heading(next(rows, None))
            for row in rows:
                if row:
                    self._read_row(rows.line_num, row)
        except csv.Error as error:
            self._note(rows.line_num, 1, f"not a line of CSV: {in_plain_words(error)}")
        if self._problems:
            raise PurchaseFileError(self._problems)
        if self._newest is None:
            until = "" if self._as_of is None else f" up to {_written(self._as_of)}"
            raise PurchaseFileError([f"{self._name}: there is no purchase{until}"])
        known = {name: self._buyers[name] for name in sorted(self._buyers) if self._buyers[name].days()}
        for name, buyer in known.items():
            buyer.segment, buyer.source = (
                _earliest(told.get(name, {}), buyer.days()) for told in self._labels.values()
            )
        if sum(sum(map(abs, buyer.amounts.values())) for buyer in known.values()) > MOST_TOTAL:
            raise PurchaseFileError([f"{self._name}: its amounts add up to more than {MOST_TOTAL // MICRO:,}"])
        if strangers := self._scores.unknown(self._buyers):
            self._notes += (
                f"{self._name}: {so_many(strangers, 'customer')} gave a score and bought nothing: left out",
            )
        return self._told(known, len(self._buyers) - len(known), self._scores.of(known))

    def _rows(self, file: IO[str]) -> Rows:
        lines, parted_by = lines_of(file)
        self._has_commas = parted_by == SEMICOLON
        return csv.reader(lines, strict=True, delimiter=parted_by)

    def _told(self, known: Mapping[str, Buyer], left_out: int, said: Mapping[str, Said]) -> Purchases:
        """Return what was read, with what is to be said of it."""
        if left_out:
            who = "1 customer has" if left_out == 1 else f"{left_out:,} customers have"
            self._notes += (
                f"{self._name}: {who} only refunds, or purchases that were taken back the same day: left out",
            )
        if doubt := doubt_about_scores(said):
            self._notes += (f"{self._name}: {doubt}",)
        if self._universal:
            self._notes += (f"{self._name}: {_UNIVERSAL}",)
        newest = 0 if self._newest is None else self._newest
        as_of = newest if self._as_of is None else self._as_of
        columns = frozenset(self._columns)
        return Purchases(known, as_of, self._currency, self._has_profit, columns, self._notes, newest, said)

    def _read_heading(self, heading: list[str] | None) -> None:
        try:
            names = names_in(heading)
        except HeadingError as error:
            raise PurchaseFileError([f"{self._name}:{error.place or ' '}{error}"]) from None
        self._width = len(names)
        for place, name in enumerate(names, 1):
            if name in self._columns:
                self._note(1, place, f"there are two columns {name!r}")
            self._columns.setdefault(name, place - 1)
        for place, text in [*missing_columns(names), *self._wrong_margins(names)]:
            self._note(1, place, text)
        if self._problems:
            raise PurchaseFileError(self._problems)
        told = unread_columns(names)
        if "category" in names and self._margins is None:
            told.append(
                f"1:{names.index('category') + 1}: the column 'category' is not read without margins by category"
            )
        self._notes = tuple(f"{self._name}:{text}" for text in told)

    def _wrong_margins(self, names: Sequence[str]) -> list[tuple[int, str]]:
        """Return what speaks against margins by category, with the place in the heading that it concerns."""
        if self._margins is None:
            return []
        if "profit" in names:
            return [(names.index("profit") + 1, "profit stands here already; margins by category would say it again")]
        told = "there is no column 'category', which margins by category go by"
        return [] if "category" in names else [(1, f"{told}; there are {', '.join(names)}")]

    def _read_row(self, line: int, row: list[str]) -> None:
        when = self._day(self._cell(row, "date"))
        if when is not None and self._as_of is not None and when > self._as_of:
            return
        if wrong := wrong_cells(line, row, self._width, by_semicolons=self._has_commas):
            self._note(line, min(len(row), self._width + 1), wrong)
            return
        if when is None:
            text = self._cell(row, "date")
            self._note(line, self._place("date"), f"{text!r} is not a date{meant_date(text)}")
            return
        customer = self._cell(row, "customer")
        if not customer:
            self._note(line, self._place("customer"), "there is no customer; leave purchases of nobody known out")
        elif is_rounded(customer):
            self._note(
                line,
                self._place("customer"),
                f"{customer!r} is a number that a spreadsheet has rounded; format the column as text",
            )
            return
        score = self._score(line, row)
        if customer and score is not None:
            self._scores.note(customer, when, score)
        if score is not None and not self._cell(row, "amount") and not self._cell(row, "profit"):
            return
        amount = self._amount(line, row, "amount")
        profit = self._profit(line, row, amount)
        self._see_currency(line, self._cell(row, "currency"))
        if amount is not None and customer:
            self._add(customer, when, amount, profit, row)

    def _add(self, customer: str, when: Day, amount: int, profit: int | None, row: list[str]) -> None:
        buyer = self._buyers.setdefault(customer, Buyer())
        buyer.amounts[when] = buyer.amounts.get(when, 0) + amount
        if amount < 0:
            buyer.refunded[when] = buyer.refunded.get(when, 0) - amount
        if profit is not None:
            buyer.profit += profit
            buyer.with_profit += amount
            self._has_profit = True
        for column, told in self._labels.items():
            if amount >= 0 and (text := self._cell(row, column)):
                days = told.setdefault(customer, {})
                # Of several on a day the alphabetically first, so that the order of lines does not matter.
                days[when] = min(days.get(when, text), text)
        self._newest = when if self._newest is None else max(self._newest, when)

    def _score(self, line: int, row: list[str]) -> int | None:
        """Return the score that the line tells, None if it tells none; what is wrong with it is noted."""
        text = self._cell(row, "score")
        score = read_score(text)
        if text and score is None:
            self._note(line, self._place("score"), f"{text!r} is not a score{meant_score(text)}")
        return score

    def _profit(self, line: int, row: list[str], amount: int | None) -> int | None:
        """Return what the line's profit is, None if it tells none; what is wrong with it is noted."""
        if self._margins is None:
            return self._amount(line, row, "profit") if self._cell(row, "profit") else None
        category = self._cell(row, "category")
        margin = self._margins.get(category, self._margins.get(OTHER))
        if margin is None and category:
            near = nearest(category, list(self._margins))
            meant = f"is that {near!r}? " if near else ""
            text = f"{category!r} has no margin; {meant}{OTHER!r} is for all that have none of their own"
            self._note(line, self._place("category"), text)
        return None if margin is None or amount is None else round(amount * margin)

    def _cell(self, row: list[str], column: str) -> str:
        place = self._columns.get(column)
        return row[place].strip() if place is not None and place < len(row) else ""

    def _place(self, column: str) -> int:
        return self._columns[column] + 1

    def _day(self, text: str) -> Day | None:
        """Return the day that a text says, None if it says none."""
        known = self._days.get(text)
        if known is None and (known := self._read_day(text)) is not None:
            self._days[text] = known
        return known

    def _read_day(self, text: str) -> Day | None:
        day = read_date(text, self._order)
        if day is None and not self._asked_for_order and order_needed(text):
            self._asked_for_order = True
            with _opened(self._path) as file:
                lines, parted_by = lines_of(file)
                self._order = order_in(lines, self._columns["date"], parted_by)
            day = read_date(text, self._order)
        self._universal += day is not None and is_universal(text)
        return day

    def _amount(self, line: int, row: list[str], column: str) -> int | None:
        text = self._cell(row, column)
        if self._has_commas:
            text = with_point(text, self._currency_of(row))
        value = read_amount(text)
        if value is not None and (readings := two_readings(text, self._currency_of(row))):
            self._note(line, self._place(column), f"{text!r} can be read two ways{readings}")
            return None
        if value is None:
            what = "an amount" if column == "amount" else f"a {column}"
            self._note(line, self._place(column), f"{text!r} is not {what}{meant_amount(text)}")
        return value

    def _currency_of(self, row: list[str]) -> str:
        return self._cell(row, "currency").upper() or self._currency

    def _see_currency(self, line: int, currency: str) -> None:
        currency = currency.upper()
        if not currency or currency == self._currency:
            return
        if self._currency:
            text = f"{currency} after {self._currency}; convert all amounts to one currency first"
            self._note(line, self._place("currency"), text)
        else:
            self._currency = currency

    def _note(self, line: int, column: int, text: str) -> None:
        self._problems.append(f"{self._name}:{line}:{column}: {cut_short(text)}")
        if len(self._problems) >= _MOST_PROBLEMS:
            raise PurchaseFileError([*self._problems, f"{self._name}: and perhaps more"])


def _earliest(told: Mapping[Day, str], days: list[Day]) -> str:
    """Return what was told on the earliest of the purchase days on which anything was."""
    return next((told[day] for day in days if day in told), "")


def _written(day: Day) -> str:
    return date.fromordinal(day + EPOCH).isoformat()

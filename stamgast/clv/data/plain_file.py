"""A CSV of purchases in which nothing is wrong, column by column: a fifth of the work of reading it line by line.

Whatever has to be looked at closely, `purchase_file` reads, who says what is wrong with it; both understand the same.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress, islice
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stamgast.clv.data.buyers import MOST_TOTAL, Columns, Ledger
from stamgast.clv.data.rows import Integers
from stamgast.domain.units import Day
from stamgast.identity.spreadsheets import is_rounded
from stamgast.sheets.cells import read_amount, two_readings, with_point

OTHER: Final = "other"
"""The name of the margin for whatever has none of its own."""
_LINES: Final = 20_000
_MOST_KEPT: Final = 100_000
"""Different amounts that are kept beside what they mean; then they are forgotten."""


class NotPlainError(Exception):
    """There is something in it that wants a closer look."""


class Plain(NamedTuple):
    """What was read."""

    ledger: Ledger
    newest: Day
    currency: str
    has_profit: bool
    left_out: int


class _Known(dict[str, Any]):
    """What texts mean, each found out once."""

    def __init__(self, find: Callable[[str], Any]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, text: str) -> Any:
        if len(self) >= _MOST_KEPT:
            self.clear()
        found = self[text] = self._find(text)
        return found


class _Codes(dict[str, int]):
    """A number for each different text, in the order in which they first come."""

    def __init__(self, check: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self._check = check

    def __missing__(self, text: str) -> int:
        if self._check is not None:
            self._check(text)
        found = self[text] = len(self)
        return found

    def ranks(self) -> tuple[list[str], Integers]:
        """Return the texts in the order of the alphabet, and the place of each number in it."""
        texts = sorted(self)
        ranks = np.empty(len(texts), dtype=np.int64)
        ranks[np.fromiter(map(self.__getitem__, texts), np.int64, len(texts))] = np.arange(len(texts))
        return texts, ranks


_Numbers = NDArray[np.integer[Any]]


class _Lines(NamedTuple):
    """Lines as columns; customers, segments and sources by their numbers."""

    customer: _Numbers
    day: _Numbers
    amount: Integers
    profit: Integers
    tells: NDArray[np.bool_]
    segment: _Numbers
    source: _Numbers


class PlainReading:
    """Reads the rows after a heading that is in order. `day` reads a date; `columns` is the place of each."""

    def __init__(
        self,
        columns: Mapping[str, int],
        day: Callable[[str], Day | None],
        as_of: Day | None,
        *,
        has_commas: bool,
        margins: Mapping[str, float] | None = None,
    ) -> None:
        self._columns, self._width, self._as_of = columns, len(columns), as_of
        self._has_commas = has_commas
        self._days = _Known(lambda text: _sure(day(text.strip())))
        self._customers = _Codes(_check_customer)
        self._currencies: set[str] = set()
        self._amounts = _Known(self._amount)
        self._by_category = margins is not None
        self._margins = _Known(lambda text: _margin(text.strip(), margins or {}))
        self._profits = _Known(lambda text: self._amount(text) if text.strip() else 0)
        self._labels = {"segment": _Codes(), "acquisition_source": _Codes()}
        for codes in self._labels.values():
            codes[""] = 0

    def read(self, rows: Iterator[list[str]]) -> Plain:
        """Read them all.

        Raises:
            NotPlainError: something in them is wrong, or unusual.
        """
        try:
            pieces = [self._piece(lines) for lines in iter(lambda: list(islice(rows, _LINES)), [])]
        except csv.Error:
            raise NotPlainError from None
        lines = _Lines(*(np.concatenate(each) for each in zip(*pieces, strict=True))) if pieces else None
        del pieces
        if lines is None or not len(lines.day) or max(map(_total, (lines.amount, lines.profit))) > MOST_TOTAL:
            raise NotPlainError
        return self._whole(lines)

    def _piece(self, rows: list[list[str]]) -> _Lines:
        if set(map(len, rows)) != {self._width}:
            rows = [row for row in rows if row]
            if rows and set(map(len, rows)) != {self._width}:
                raise NotPlainError
        cells: list[Sequence[str]] = list(zip(*rows, strict=True)) if rows else [()] * self._width
        days = np.fromiter(map(self._days.__getitem__, cells[self._columns["date"]]), np.int32, len(rows))
        if self._as_of is not None and not (kept := days <= self._as_of).all():
            cells, days = [list(compress(each, kept)) for each in cells], days[kept]
        count = len(days)
        if "currency" in self._columns:
            self._currencies.update(map(str.upper, map(str.strip, set(cells[self._columns["currency"]]))))
            if len(self._currencies) > 1:
                raise NotPlainError
        customers = map(str.strip, cells[self._columns["customer"]])
        amounts = np.fromiter(map(self._amounts.__getitem__, cells[self._columns["amount"]]), np.int64, count)
        profits, tells = self._profits_of(cells, amounts)
        return _Lines(
            np.fromiter(map(self._customers.__getitem__, customers), np.int32, count),
            days,
            amounts,
            profits,
            tells,
            self._labelled("segment", cells, count),
            self._labelled("acquisition_source", cells, count),
        )

    def _profits_of(self, cells: Sequence[Sequence[str]], amounts: Integers) -> tuple[Integers, NDArray[np.bool_]]:
        """Return each line's profit and whether it tells one; empty where no line does."""
        if self._by_category:
            texts = cells[self._columns["category"]]
            margins = np.fromiter(map(self._margins.__getitem__, texts), np.float64, len(amounts))
            tells = ~np.isnan(margins)
            return np.rint(amounts * np.where(tells, margins, 0.0)).astype(np.int64), tells
        profits = cells[self._columns["profit"]] if "profit" in self._columns else ()
        tells = np.fromiter((bool(text.strip()) for text in profits), np.bool_, len(amounts) if profits else 0)
        return np.fromiter(map(self._profits.__getitem__, profits), np.int64, len(tells)), tells

    def _labelled(self, column: str, cells: Sequence[Sequence[str]], count: int) -> _Numbers:
        if column not in self._columns:
            return np.zeros(0, dtype=np.int32)
        texts = map(str.strip, cells[self._columns[column]])
        return np.fromiter(map(self._labels[column].__getitem__, texts), np.int32, count)

    def _amount(self, text: str) -> int:
        text = text.strip()
        currency = next(iter(self._currencies), "")
        if self._has_commas:
            text = with_point(text, currency)
        value = read_amount(text)
        if value is None or two_readings(text, currency):
            raise NotPlainError
        return value

    def _whole(self, lines: _Lines) -> Plain:
        names, ranks = self._customers.ranks()
        self._customers.clear()
        owner = ranks[lines.customer]
        # A customer's number and a day in one key: sorted ten times as fast as two.
        first = int(lines.day.min())
        key = owner << 24 | (lines.day - first).astype(np.int64)
        order = np.argsort(key, kind="stable")
        key = key[order]
        begins = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        amount = lines.amount[order]
        owners = key[begins] >> 24
        profit = with_profit = np.zeros(len(names), dtype=np.int64)
        if len(lines.profit):
            profit = _sums(owner, lines.profit, len(names))
            with_profit = _sums(owner, np.where(lines.tells, lines.amount, 0), len(names))
        columns = Columns(
            np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(names)))]),
            (key[begins] & (1 << 24) - 1) + first,
            np.add.reduceat(amount, begins),
            np.add.reduceat(np.where(amount < 0, -amount, 0), begins),
            profit,
            with_profit,
        )
        entry = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, len(order))))
        owned = np.repeat(np.arange(len(names)), np.diff(columns.starts))
        bought_then = (amount >= 0) & columns.stays[entry]
        segments, sources = (
            _earliest(codes, column[order[bought_then]], entry[bought_then], owned)
            if len(column)
            else [""] * len(names)
            for codes, column in zip(self._labels.values(), (lines.segment, lines.source), strict=True)
        )
        bought = columns.visits > 0
        left_out = len(names) - int(bought.sum())
        if left_out:
            columns, kept = _of(columns, bought), bought.tolist()
            names, segments, sources = (list(compress(each, kept)) for each in (names, segments, sources))
        ledger = Ledger(names, columns, segments, sources)
        currency = next(iter(self._currencies), "")
        return Plain(ledger, int(lines.day.max()), currency, bool(lines.tells.any()), left_out)


def _earliest(codes: _Codes, told: _Numbers, entry: Integers, owned: Integers) -> list[str]:
    """Return of each customer what the earliest purchase day that tells it does; of several the first by alphabet.

    `told` are the numbers of what lines of purchases tell, `entry` the customer's day of each, `owned` whose it is.
    """
    texts, ranks = codes.ranks()
    ranked = ranks[told]
    entry, ranked = entry[ranked > 0], ranked[ranked > 0]
    sorting = np.lexsort((ranked, entry))
    who, place = np.unique(owned[entry[sorting]], return_index=True)
    found = np.zeros(int(owned[-1]) + 1, dtype=np.int64)
    found[who] = ranked[sorting][place]
    return list(map(texts.__getitem__, found.tolist()))


def _total(values: Integers) -> float:
    return float(np.abs(values.astype(np.float64)).sum())


def _sums(owner: Integers, values: Integers, count: int) -> Integers:
    """Return exact sums by owner; `bincount` would take them in floating point."""
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, owner, values)
    return sums


def _of(columns: Columns, who: NDArray[np.bool_]) -> Columns:
    """Return the columns of some of the customers."""
    lengths = np.diff(columns.starts)
    entries = np.repeat(who, lengths)
    starts = np.concatenate([[0], np.cumsum(lengths[who])])
    return Columns(
        starts,
        columns.day[entries],
        columns.amount[entries],
        columns.refunded[entries],
        columns.profit[who],
        columns.with_profit[who],
    )


def _check_customer(text: str) -> None:
    if not text or is_rounded(text):
        raise NotPlainError


def _margin(category: str, margins: Mapping[str, float]) -> float:
    """Return the margin of a category; no number where none is told, of a line without one."""
    found = margins.get(category, margins.get(OTHER))
    if found is None and category:
        raise NotPlainError
    return np.nan if found is None else found


def _sure(day: Day | None) -> Day:
    if day is None:
        raise NotPlainError
    return day

"""A CSV of purchases in which nothing is wrong, column by column: a fifteenth of the work of reading it line by line.

Whatever has to be looked at closely, `purchase_file` reads, who says what is wrong with it; both understand the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import compress
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stamgast.clv.data.buyers import MOST_TOTAL, Columns, Ledger
from stamgast.clv.data.byte_cells import Lines, NotPlainError, Texts, joined
from stamgast.clv.data.rows import Integers
from stamgast.clv.data.told_scores import NO_SCORE, read_score, scores_by_customer
from stamgast.domain.feedback import Said
from stamgast.domain.units import Day
from stamgast.identity.spreadsheets import is_rounded
from stamgast.sheets.cells import read_amount, two_readings, with_point

OTHER: Final = "other"
"""The name of the margin for whatever has none of its own."""
_MOST_KEPT: Final = 100_000
"""Different amounts that are kept beside what they mean; then they are forgotten."""


class Plain(NamedTuple):
    """What was read."""

    ledger: Ledger
    newest: Day
    currency: str
    has_profit: bool
    left_out: int
    said: dict[str, Said]


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

    def of(self, cells: Texts, kind: type[Any]) -> NDArray[Any]:
        """Return what each cell means."""
        texts, back = cells.different()
        return np.fromiter(map(self.__getitem__, texts), kind, len(texts))[back]


class _Codes(dict[str, int]):
    """A number for each different text, in the order in which they first come; 0 for none."""

    def __init__(self) -> None:
        super().__init__({"": 0})

    def __missing__(self, text: str) -> int:
        found = self[text] = len(self)
        return found

    def ranks(self) -> tuple[list[str], Integers]:
        """Return the texts in the order of the alphabet, and the place of each number in it."""
        texts = sorted(self)
        ranks = np.empty(len(texts), dtype=np.int64)
        ranks[np.fromiter(map(self.__getitem__, texts), np.int64, len(texts))] = np.arange(len(texts))
        return texts, ranks


_Numbers = NDArray[np.integer[Any]]


class _Read(NamedTuple):
    """Lines as columns; segments and sources by their numbers, scores empty where there is no column of them."""

    customer: Texts
    day: _Numbers
    amount: Integers
    profit: Integers
    tells: NDArray[np.bool_]
    segment: _Numbers
    source: _Numbers
    score: _Numbers


class PlainReading:
    """Reads the lines after a heading that is in order. `day` reads a date; `columns` is the place of each."""

    def __init__(
        self,
        columns: Mapping[str, int],
        day: Callable[[str], Day | None],
        as_of: Day | None,
        *,
        has_commas: bool,
        margins: Mapping[str, float] | None = None,
    ) -> None:
        self._columns, self._as_of = columns, as_of
        self._has_commas = has_commas
        self._days = _Known(lambda text: _sure(day(text.strip())))
        self._currencies: set[str] = set()
        self._amounts = _Known(self._amount)
        self._by_category = margins is not None
        self._margins = _Known(lambda text: _margin(text.strip(), margins or {}))
        self._profits = _Known(lambda text: self._amount(text) if text.strip() else 0)
        self._tells = _Known(lambda text: bool(text.strip()))
        self._scores = _Known(lambda text: _sure(read_score(text.strip())) if text.strip() else NO_SCORE)
        self._labels = {"segment": _Codes(), "acquisition_source": _Codes()}

    def read(self, pieces: Iterable[Lines]) -> Plain:
        """Read them all.

        Raises:
            NotPlainError: something in them is wrong, or unusual.
        """
        if not (read := list(map(self._piece, pieces))):
            raise NotPlainError
        customers, *others = zip(*read, strict=True)
        lines = _Read(joined(customers), *map(np.concatenate, others))
        del read, customers, others
        if not len(lines.day) or max(map(_total, (lines.amount, lines.profit))) > MOST_TOTAL:
            raise NotPlainError
        return self._whole(lines)

    def _piece(self, lines: Lines) -> _Read:
        days = self._days.of(lines.cells(self._columns["date"]), np.int32)
        if self._as_of is not None and not (kept := days <= self._as_of).all():
            lines, days = lines.only(kept), days[kept]
        if "currency" in self._columns:
            texts, _ = lines.cells(self._columns["currency"]).different()
            self._currencies.update(map(str.upper, map(str.strip, texts)))
            if len(self._currencies) > 1:
                raise NotPlainError
        amounts = self._amounts.of(lines.cells(self._columns["amount"]), np.int64)
        return _Read(
            lines.cells(self._columns["customer"]),
            days,
            amounts,
            *self._profits_of(lines, amounts),
            self._labelled("segment", lines),
            self._labelled("acquisition_source", lines),
            self._scored(lines),
        )

    def _profits_of(self, lines: Lines, amounts: Integers) -> tuple[Integers, NDArray[np.bool_]]:
        """Return each line's profit and whether it tells one; empty where no line does."""
        if self._by_category:
            margins = self._margins.of(lines.cells(self._columns["category"]), np.float64)
            tells = ~np.isnan(margins)
            return np.rint(amounts * np.where(tells, margins, 0.0)).astype(np.int64), tells
        if "profit" not in self._columns:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
        profits = lines.cells(self._columns["profit"])
        return self._profits.of(profits, np.int64), self._tells.of(profits, np.bool_)

    def _labelled(self, column: str, lines: Lines) -> _Numbers:
        if column not in self._columns:
            return np.zeros(0, dtype=np.int32)
        texts, back = lines.cells(self._columns[column]).different()
        codes = map(self._labels[column].__getitem__, map(str.strip, texts))
        return np.fromiter(codes, np.int32, len(texts))[back]

    def _scored(self, lines: Lines) -> _Numbers:
        if "score" not in self._columns:
            return np.zeros(0, dtype=np.int8)
        return self._scores.of(lines.cells(self._columns["score"]), np.int8)

    def _amount(self, text: str) -> int:
        text = text.strip()
        currency = next(iter(self._currencies), "")
        if self._has_commas:
            text = with_point(text, currency)
        value = read_amount(text)
        if value is None or two_readings(text, currency):
            raise NotPlainError
        return value

    def _whole(self, lines: _Read) -> Plain:
        names, owner = lines.customer.different()
        _check_customers(names)
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
        said = scores_by_customer(names, owner, lines.day, lines.score) if len(lines.score) else {}
        left_out = len(names) - int(bought.sum())
        if left_out:
            columns, kept = _of(columns, bought), bought.tolist()
            names, segments, sources = (list(compress(each, kept)) for each in (names, segments, sources))
            said = {name: said[name] for name in names if name in said}
        ledger = Ledger(names, columns, segments, sources)
        currency = next(iter(self._currencies), "")
        return Plain(ledger, int(lines.day.max()), currency, bool(lines.tells.any()), left_out, said)


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


def _check_customers(names: list[str]) -> None:
    """Each is one, and white space that is not ASCII's is no part of it."""
    if not names[0] or list(map(str.strip, names)) != names or any(map(is_rounded, filter(_has_plus, names))):
        raise NotPlainError


def _has_plus(text: str) -> bool:
    return "+" in text


def _margin(category: str, margins: Mapping[str, float]) -> float:
    """Return the margin of a category; no number where none is told, of a line without one."""
    found = margins.get(category, margins.get(OTHER))
    if found is None and category:
        raise NotPlainError
    return np.nan if found is None else found


def _sure(number: int | None) -> int:
    if number is None:
        raise NotPlainError
    return number

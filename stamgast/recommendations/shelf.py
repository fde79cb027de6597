"""Purchases of a merchant on disk, to be gone through customer by customer.

A log tells of customers in turn and of a purchase as often as it changed. So what is read goes into a file first, each
purchase as the log has it in the end. Memory holds the products' names alone, however many purchases there are.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from stamgast.domain.events import Purchase
from stamgast.domain.recommendations import tidy_product
from stamgast.domain.units import DAY, Day

MOST_PRODUCTS: Final = 1_000_000
"""Products that are told apart; what comes after them is left out."""
MOST_OF_A_VISIT: Final = 50
"""Products of one visit that are looked at: a hall full of goods is no basket."""
MOST_VISITS: Final = 1_000
"""Visits of one customer that are looked at, the newest ones."""
_AT_ONCE: Final = 5_000
_TABLE: Final = (
    "CREATE TABLE bought (customer BLOB, name BLOB, day INTEGER, goods BLOB, PRIMARY KEY (customer, name)) "
    "WITHOUT ROWID"
)
_KINDS: Final = frozenset({"sale"})


class Visit(NamedTuple):
    """What one customer bought on one day: numbers of products, each once."""

    day: Day
    goods: tuple[int, ...]


class Shelf:
    """See the module. Use it as a context: the file goes with it."""

    def __init__(self) -> None:
        self.skus: dict[str, int] = {}
        self.category: dict[int, str] = {}
        self.names: dict[int, str] = {}
        self.left_out = 0
        """Lines of products beyond `MOST_PRODUCTS`."""
        self._folder = tempfile.TemporaryDirectory(prefix="stamgast-recommend-")
        self._table = sqlite3.connect(Path(self._folder.name) / "purchases", isolation_level=None)
        self._waiting: list[tuple[bytes, bytes, int, bytes]] = []

    def __enter__(self) -> Self:
        """Make the file."""
        for setting in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", "cache_size = -32000"):
            self._table.execute(f"PRAGMA {setting}")
        self._table.execute(_TABLE)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        """Throw it away."""
        self._table.close()
        self._folder.cleanup()

    @property
    def folder(self) -> Path:
        """Where more may be laid down for as long as this is there."""
        return Path(self._folder.name)

    def note(self, customer: str, transaction: str, purchase: Purchase | None) -> None:
        """Take in a purchase as it is now; None or one that does not count: it is not this customer's any more."""
        lines = purchase.lines if purchase is not None and purchase.counts else ()
        sold = ((line.sku, line.category) for line in lines if line.quantity > 0 and line.kind in _KINDS)
        goods = [self._number(sku, category) for sku, category in sold if sku]
        day = 0 if purchase is None else purchase.occurred_at // DAY if purchase.day is None else purchase.day
        kept = array("i", dict.fromkeys(each for each in goods if each >= 0)).tobytes()
        self._waiting.append((_short(customer), _short(transaction), day, kept))
        if len(self._waiting) >= _AT_ONCE:
            self._lay_down()

    def call(self, sku: str, name: str) -> None:
        """Take in what a till calls a product; what it says last counts."""
        number = self.skus.get(sku)
        if number is not None and (tidy := tidy_product(name)):
            self.names[number] = tidy

    def _number(self, sku: str, category: str | None) -> int:
        number = self.skus.get(sku)
        if number is None:
            if len(self.skus) >= MOST_PRODUCTS:
                self.left_out += 1
                return -1
            number = self.skus[sku] = len(self.skus)
        if category and self.category.get(number) != category:
            self.category[number] = category
        return number

    def _lay_down(self) -> None:
        self._table.execute("BEGIN")
        self._table.executemany("INSERT OR REPLACE INTO bought VALUES (?, ?, ?, ?)", self._waiting)
        self._table.execute("COMMIT")
        self._waiting.clear()

    def customers(self) -> Iterator[list[Visit]]:
        """Each customer's visits in the order of time, of those who bought anything."""
        self._lay_down()
        rows = self._table.execute("SELECT customer, day, goods FROM bought WHERE goods != x'' ORDER BY customer")
        for _, mine in groupby(rows, key=lambda row: row[0]):
            yield _visits((day, goods) for _, day, goods in mine)

    def days(self) -> list[tuple[Day, int]]:
        """How many purchases there are of each day."""
        self._lay_down()
        counted = "SELECT day, COUNT(*) FROM bought WHERE goods != x'' GROUP BY day ORDER BY day"
        return list(self._table.execute(counted))


def _visits(bought: Iterable[tuple[Day, bytes]]) -> list[Visit]:
    by_day: dict[Day, dict[int, None]] = {}
    for day, goods in bought:
        by_day.setdefault(day, {}).update(dict.fromkeys(array("i", goods)))
    days = sorted(by_day)[-MOST_VISITS:]
    return [Visit(day, tuple(by_day[day])[:MOST_OF_A_VISIT]) for day in days]


def _short(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=8).digest()

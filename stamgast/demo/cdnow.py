"""The purchase log of a real record shop: CDNOW's customers of early 1997, until the end of June 1998.

It travels in the wheel of `lifetimes` and is read from there as a file; the package itself, and the numeric libraries
it needs, are not imported for it. Each line is one receipt: number in the master set, number in this
sample, day, discs, dollars. Two lines of one customer on one day are two receipts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Final

from stamgast.domain.units import Day, Minor

PACKAGE: Final = "lifetimes"
FILE: Final = "datasets/CDNOW_sample.txt"
LIVE_FROM: Final[date] = date(1998, 4, 1)
"""What is older is history: fifteen months of it."""

_EPOCH: Final = date(1970, 1, 1).toordinal()


class NoPurchaseLogError(Exception):
    """The log is not on this machine; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One line of the log. `number` counts lines from 1, `customer` is the number in the sample (1 to 2,357)."""

    number: int
    customer: int
    day: Day
    discs: int
    amount: Minor


def read_receipts() -> list[Receipt]:
    """Read the whole log, oldest day first; within a day as it stands in the file.

    Raises:
        NoPurchaseLogError: the package that carries it is not installed, or carries it no more.
    """
    with find_log().open(encoding="ascii") as lines:
        return sorted(parse_receipts(lines), key=lambda receipt: (receipt.day, receipt.number))


def find_log() -> Path:
    """Find the file among the installed package's own files."""
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.as_posix().endswith(FILE):
            return Path(str(file.locate()))
    raise NoPurchaseLogError(f'the purchase log is not installed; `make install`, or pip install "{PACKAGE}"')


def parse_receipts(lines: Iterable[str]) -> Iterable[Receipt]:
    """Read lines such as ` 00004 0001 19970101  2   29.33`."""
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words:
            continue
        _master, customer, day, discs, dollars = words
        units, _, cents = dollars.partition(".")
        amount = int(units) * 100 + int((cents + "00")[:2])
        yield Receipt(number, int(customer), date.fromisoformat(day).toordinal() - _EPOCH, int(discs), amount)


def day_of(moment: date) -> Day:
    """Return a calendar date as days since 1970-01-01."""
    return moment.toordinal() - _EPOCH

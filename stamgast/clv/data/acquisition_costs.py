"""What it cost to win a customer, by where they came from and when."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stamgast.clv.data.purchase_file import Purchases
from stamgast.domain.errors import in_plain_words
from stamgast.domain.units import Day
from stamgast.sheets.cells import (
    MICRO,
    HeadingError,
    Rows,
    lines_of,
    meant_amount,
    names_in,
    read_amount,
    two_readings,
    with_point,
    wrong_cells,
)
from stamgast.sheets.dates import meant_date, read_date

COLUMNS: Final = ("source", "from", "cost")


class CostFileError(Exception):
    """A file of costs that is not what it should be. `problems` are lines `FILE:line:column: what, what was meant`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class AcquisitionCosts:
    """Costs per customer in major units: source -> (from which day, cost), ascending. `usual` is for everybody else."""

    usual: float | None = None
    by_source: Mapping[str, list[tuple[Day, float]]] = field(default_factory=dict)

    def cost_of(self, source: str, first_day: Day) -> float | None:
        """Return what a customer of a source who first bought on a day cost; None if nothing was said of them."""
        costs = self.by_source.get(source, [])
        place = bisect_right(costs, first_day, key=lambda each: each[0])
        return costs[place - 1][1] if place else self.usual

    def of_buyers(self, purchases: Purchases) -> dict[str, float | None]:
        """Return what each customer with a purchase day cost."""
        days = {name: buyer.days() for name, buyer in purchases.buyers.items()}
        return {name: self.cost_of(purchases.buyers[name].source, known[0]) for name, known in days.items() if known}


def read_costs(path: Path, usual: float | None = None) -> AcquisitionCosts:
    """Read a CSV with the columns source, from (the first day on which the cost counts) and cost.

    Raises:
        CostFileError: no such file, columns or values that are not what they should be.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines, parted_by = lines_of(file)
            return _read(str(path), csv.reader(lines, strict=True, delimiter=parted_by), usual)
    except OSError as error:
        raise CostFileError([f"{path}: {error.strerror}"]) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise CostFileError([f"{path}: this is not a CSV in UTF-8: {in_plain_words(error)}"]) from None


def _read(name: str, rows: Rows, usual: float | None) -> AcquisitionCosts:
    try:
        heading = names_in(next(rows, None))
    except HeadingError as error:
        raise CostFileError([f"{name}:{error.place or ' '}{error}"]) from None
    if missing := [column for column in COLUMNS if column not in heading]:
        raise CostFileError([f"{name}:1:1: there is no column {missing[0]!r}; the columns are source,from,cost"])
    found: dict[str, dict[Day, float]] = {}
    problems: list[str] = []
    for row in rows:
        if not row:
            continue
        line = rows.line_num
        if wrong := wrong_cells(line, row, len(heading)):
            problems.append(f"{name}:{line}:{min(len(row), len(heading) + 1)}: {wrong}")
            continue
        source, begins, cost = (row[heading.index(column)].strip() for column in COLUMNS)
        cost = with_point(cost)
        day = read_date(begins)
        told = [f"{name}:{line}:{heading.index(column) + 1}: {text}" for column, text in _problems(begins, cost)]
        problems += told
        if told or day is None:
            continue
        if day in found.setdefault(source, {}):
            place = heading.index("from") + 1
            problems.append(f"{name}:{line}:{place}: {source!r} has two costs from {begins} on; leave one of them")
        found[source][day] = (read_amount(cost) or 0) / MICRO
    if problems:
        raise CostFileError(problems)
    return AcquisitionCosts(usual, {source: sorted(costs.items()) for source, costs in found.items()})


def _problems(begins: str, cost: str) -> Iterator[tuple[str, str]]:
    """Say what is wrong with a line, each with the column it is in."""
    if read_date(begins) is None:
        yield "from", f"{begins!r} is not a date{meant_date(begins)}"
    value = read_amount(cost)
    if value is None:
        yield "cost", f"{cost!r} is not a cost{meant_amount(cost)}"
    elif readings := two_readings(cost):
        yield "cost", f"{cost!r} can be read two ways{readings}"
    elif value < 0:
        yield "cost", f"{cost!r} is not a cost; it is a number from 0"

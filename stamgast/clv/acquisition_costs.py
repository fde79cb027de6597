"""What it cost to win a customer, by where they came from and when."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from stamgast.domain.units import Day

COLUMNS: Final = ("source", "from", "cost")
_EPOCH: Final = date(1970, 1, 1).toordinal()


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


def read_costs(path: Path, usual: float | None = None) -> AcquisitionCosts:
    """Read a CSV with the columns source, from (the first day on which the cost counts) and cost.

    Raises:
        CostFileError: no such file, columns or values that are not what they should be.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(str(path), csv.DictReader(file), usual)
    except OSError as error:
        raise CostFileError([f"{path}: {error.strerror}"]) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise CostFileError([f"{path}: this is no CSV in UTF-8: {error}"]) from None


def _read(name: str, rows: csv.DictReader[str], usual: float | None) -> AcquisitionCosts:
    if missing := [column for column in COLUMNS if column not in (rows.fieldnames or ())]:
        raise CostFileError([f"{name}:1:1: there is no column {missing[0]!r}; the columns are source,from,cost"])
    found: dict[str, dict[Day, float]] = {}
    problems = []
    for row in rows:
        source, line = (row["source"] or "").strip(), rows.line_num
        problems += [f"{name}:{line}:{problem}" for problem in _problems(row)]
        if problems:
            continue
        day = date.fromisoformat(row["from"].strip()).toordinal() - _EPOCH
        if day in found.setdefault(source, {}):
            problems.append(f"{name}:{line}:2: {source!r} has two costs from {row['from']} on; leave one of them")
        found[source][day] = float(row["cost"])
    if problems:
        raise CostFileError(problems)
    return AcquisitionCosts(usual, {source: sorted(costs.items()) for source, costs in found.items()})


def _problems(row: Mapping[str, str | None]) -> Iterator[str]:
    begins, cost = (row["from"] or "").strip(), (row["cost"] or "").strip()
    try:
        date.fromisoformat(begins)
    except ValueError:
        yield f"2: {begins!r} is no date; write it as 2026-03-31"
    try:
        if not 0 <= float(cost) < float("inf"):
            yield f"3: {cost!r} is no cost; it is a number from 0"
    except ValueError:
        yield f"3: {cost!r} is no cost; write it as 12.50"

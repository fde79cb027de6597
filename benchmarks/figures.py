"""How a benchmark tells its results: a table for people, and a line `BENCH {json}` a figure for machines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

PROMISED: Final = {
    "http": ("http_rate_c16", "http_rate_c64", "http_p99_c16", "http_keepalive_p50", "http_enrol_rate"),
    "stops": ("http_stops_lost",),
    "waiting": ("waiting_takeover", "waiting_peak"),
    "forgetting": ("erase_growth",),
    "growth": ("growth_state_1000", "growth_purchase_1000", "growth_late_1000", "growth_cards_50"),
    "listening_rules": ("growth_rules_1000",),
    "memory": ("bytes_per_remembered_purchase",),
    "live_fit": ("fit_live_peak",),
    "full_logic": ("full_logic",),
    "night": ("idle_worker_cpu", "idle_web_cpu"),
}
"""By benchmark: names that machines go by. Each is told beside its peer, or beside its goal where it has no other."""


@dataclass(frozen=True)
class Figure:
    """One measured figure. `peer` is what it is compared with; `ratio` is value / peer_value.

    Where a figure has a target, the target is the peer, and `least` says whether it must be reached or not exceeded.
    """

    name: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float | None = None
    span: tuple[float, float] | None = None
    """Between what the middle half of several measurements lies, where that is told."""

    @property
    def ratio(self) -> float | None:
        """How many times the peer's value this is."""
        return round(self.value / self.peer_value, 3) if self.peer_value else None

    def at_most(self, goal: float) -> Figure:
        """The same beside a goal that it must not exceed."""
        return replace(self, peer="goal, at most", peer_value=goal)

    def at_least(self, goal: float) -> Figure:
        """The same beside a goal that it must reach."""
        return replace(self, peer="goal, at least", peer_value=goal)

    def line(self) -> str:
        """What machines read."""
        fields = {
            "name": self.name,
            "value": tidy(self.value),
            "unit": self.unit,
            "peer": self.peer or None,
            "peer_value": None if self.peer_value is None else tidy(self.peer_value),
            "ratio": self.ratio,
        }
        if self.span is not None:
            fields |= {"low": tidy(self.span[0]), "high": tidy(self.span[1])}
        return "BENCH " + json.dumps(fields, ensure_ascii=False)


def tell(figures: Iterable[Figure]) -> None:
    """Print each figure's line.

    Raises:
        ValueError: one that is promised has nothing beside it.
    """
    promised = {name for names in PROMISED.values() for name in names}
    for figure in figures:
        if figure.name in promised and figure.peer_value is None:
            raise ValueError(f"{figure.name}: has neither a peer nor a goal beside it")
        print(figure.line(), flush=True)


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: the first column to the left, the others to the right."""
    cells = [list(heads), *([show(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    one, five, fifteen = os.getloadavg()
    print(f"\n{title}   (load {one:.2f} {five:.2f} {fifteen:.2f})")
    for index, row in enumerate(cells):
        words = [cell.ljust(width) if column == 0 else cell.rjust(width)
                 for column, (cell, width) in enumerate(zip(row, widths, strict=True))]  # fmt: skip
        print("  " + "   ".join(words).rstrip())
        if index == 0:
            print("  " + "   ".join("-" * width for width in widths))
    print(flush=True)


def show(cell: object) -> str:
    """A number with thousands set apart, and no more digits than mean something."""
    if isinstance(cell, float):
        cell = tidy(cell)
    return f"{cell:,}".replace(",", " ") if isinstance(cell, int | float) and not isinstance(cell, bool) else str(cell)


def tidy(value: float) -> float:
    """Round to what a noisy machine can tell."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 20 else 2 if abs(value) >= 1 else 4
    rounded = round(value, digits)
    return int(rounded) if rounded == int(rounded) else rounded


def middle(values: Sequence[float]) -> float:
    """The median, which one disturbed round does not move."""
    return float(median(values))


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which that share of the (sorted) values lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

"""How many customers bought one product after another: counted in bounded memory.

Pairs of a hundred thousand products may be billions. They are laid down in files by their first product and counted a
file at a time. A customer counts once for a pair, however often they come: who buys the same two every day is one who
does, and a pair that one customer bought is no custom of the shop's.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stamgast.domain.units import Day
from stamgast.recommendations.shelf import Visit

NEXT_WITHIN: Final[Day] = 120
"""What is bought so many days later or more is not bought next to what was bought then."""
FILES: Final = 64
_BUFFER: Final = 16_384
_MOST_PAIRS_OF_ONE: Final = 100_000
"""Pairs of one customer that are counted; beyond that a customer is a shop."""

Numbers = NDArray[np.int64]


class Pairs(NamedTuple):
    """Pairs of one file: products, and by how many customers."""

    first: Numbers
    then: Numbers
    next: Numbers
    """Bought at the next visit, and never before."""
    together: Numbers
    """Bought at the same visit."""


@dataclass(slots=True)
class Counts:
    """What is counted of each product. All of it is of customers."""

    products: int
    buyers: Numbers
    """Who bought it."""
    came_again: Numbers
    """Who bought it and came again within `NEXT_WITHIN`."""
    came_next: Numbers
    """For whom it was new at a next visit."""
    last: Numbers
    """The day on which it was sold last."""
    customers: int = 0
    returning: int = 0
    """Customers who came again."""
    visits: int = 0
    files: list[_PairFile] = field(default_factory=list)

    def pairs(self) -> Iterator[Pairs]:
        """All pairs, a file at a time."""
        for file in self.files:
            yield file.counted(self.products)


def count(customers: Iterable[Sequence[Visit]], products: int, folder: Path, before: Day) -> Counts:
    """Count what was bought before a day. `folder` takes the files; what is in it of an earlier count goes."""
    folder.mkdir(exist_ok=True)
    files = [_PairFile(folder / str(number)) for number in range(FILES)]
    buyers, came_again, came_next, last = (np.zeros(products, np.int64) for _ in range(4))
    counts = Counts(products, buyers, came_again, came_next, last, files=files)
    for visits in customers:
        seen = [visit for visit in visits if visit.day < before]
        if seen:
            _count_one(counts, seen)
    for file in files:
        file.flush()
    return counts


def _count_one(counts: Counts, visits: Sequence[Visit]) -> None:
    counts.customers += 1
    counts.visits += len(visits)
    had: set[int] = set()
    came_again: set[int] = set()
    new_next: set[int] = set()
    nexts: set[tuple[int, int]] = set()
    together: set[tuple[int, int]] = set()
    last = counts.last
    for place, visit in enumerate(visits):
        had.update(visit.goods)
        for each in visit.goods:
            last[each] = max(last[each], visit.day)
        if len(together) < _MOST_PAIRS_OF_ONE:
            together.update((a, b) for a in visit.goods for b in visit.goods if a != b)
        if place + 1 == len(visits) or visits[place + 1].day - visit.day > NEXT_WITHIN:
            continue
        new = [each for each in visits[place + 1].goods if each not in had]
        came_again.update(visit.goods)
        new_next.update(new)
        if len(nexts) < _MOST_PAIRS_OF_ONE:
            nexts.update((a, b) for a in visit.goods for b in new)
    counts.returning += bool(came_again)
    for totals, those in ((counts.buyers, had), (counts.came_again, came_again), (counts.came_next, new_next)):
        totals[list(those)] += 1
    for kind, pairs in ((0, nexts), (1, together)):
        for a, b in pairs:
            counts.files[a % FILES].add(kind, a * counts.products + b)


class _PairFile:
    """Pairs whose first product has one number modulo `FILES`: what was bought next, and what together."""

    def __init__(self, path: Path) -> None:
        self._paths = (path.with_suffix(".next"), path.with_suffix(".together"))
        self._waiting = (array("q"), array("q"))
        for each in self._paths:
            each.unlink(missing_ok=True)

    def add(self, kind: int, pair: int) -> None:
        waiting = self._waiting[kind]
        waiting.append(pair)
        if len(waiting) >= _BUFFER:
            self.flush()

    def flush(self) -> None:
        for path, waiting in zip(self._paths, self._waiting, strict=True):
            if waiting:
                with path.open("ab") as file:
                    waiting.tofile(file)
                del waiting[:]

    def counted(self, products: int) -> Pairs:
        next_, together = (_of_file(path) for path in self._paths)
        pairs, of = np.unique(np.concatenate((next_[0], together[0])), return_inverse=True)
        counted = np.zeros((2, len(pairs)), np.int64)
        counted[0, of[: len(next_[0])]] = next_[1]
        counted[1, of[len(next_[0]) :]] = together[1]
        first, then = np.divmod(pairs, products) if products else (pairs, pairs)
        return Pairs(first, then, counted[0], counted[1])


def _of_file(path: Path) -> tuple[Numbers, Numbers]:
    if not path.exists():
        nothing = np.zeros(0, np.int64)
        return nothing, nothing
    pairs, times = np.unique(np.fromfile(path, np.int64), return_counts=True)
    return pairs, times.astype(np.int64)

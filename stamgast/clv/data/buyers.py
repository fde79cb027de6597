"""Who bought what on which day: one customer at a time, or all of them as columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Final, overload

import numpy as np
from numpy.typing import NDArray

from stamgast.clv.data.rows import Integers
from stamgast.domain.feedback import Said
from stamgast.domain.units import Day

MOST_TOTAL: Final = 9 * 10**18
"""What amounts may add up to in millionths, so that every sum of some of them is one of 64 bits."""


@dataclass
class Buyer:
    """One customer's purchases: day -> sum, in millionths of a major unit, refunds of that day taken off.

    `refunded` has, of the days with refunds, what these were: day -> sum, above 0.
    `profit` is that of all lines that tell it, `with_profit` their amounts.
    `segment` and `source` are what the earliest purchase day that tells of them does.
    """

    amounts: dict[Day, int] = field(default_factory=dict)
    refunded: dict[Day, int] = field(default_factory=dict)
    profit: int = 0
    with_profit: int = 0
    segment: str = ""
    source: str = ""

    def days(self) -> list[Day]:
        """Return the purchase days, ascending: those that their refunds did not take back whole.

        Refunds of more than was bought that day are of earlier purchases, so who returned something and bought
        something else was there.
        """
        refunded = self.refunded
        return sorted(day for day, amount in self.amounts.items() if day not in refunded or self._stays(day, amount))

    def spent(self, day: Day) -> int:
        """Return what was spent on a purchase day: less its refunds, unless they can only be of other days too."""
        amount = self.amounts[day]
        return amount if amount >= 0 else amount + self.refunded[day]

    def _stays(self, day: Day, amount: int) -> bool:
        return amount > 0 or (amount < 0 < amount + self.refunded[day])


@dataclass(frozen=True)
class Columns:
    """Days with purchases or refunds of all customers, in the order of the customers and of their days.

    Those of customer i are the entries from `starts[i]` to `starts[i + 1]`. Sums are millionths, as those of `Buyer`.
    """

    starts: Integers
    day: Integers
    amount: Integers
    refunded: Integers
    profit: Integers
    with_profit: Integers

    @cached_property
    def stays(self) -> NDArray[np.bool_]:
        """Say of each entry whether it is a purchase day, as `Buyer.days` does."""
        amount, before = self.amount, self.amount + self.refunded
        stays: NDArray[np.bool_] = (self.refunded == 0) | (amount > 0) | ((amount < 0) & (before > 0))
        return stays

    @cached_property
    def bounds(self) -> Integers:
        """Return where each customer's purchase days begin among the entries that stay, and where the last end."""
        before = np.concatenate([[0], np.cumsum(self.stays)])
        return before[self.starts]

    @property
    def visits(self) -> Integers:
        """Return how many purchase days each customer has."""
        return np.diff(self.bounds)

    @cached_property
    def days(self) -> Integers:
        """Return all purchase days, a customer's beside each other."""
        return self.day[self.stays]

    @property
    def spent(self) -> Integers:
        """Return what was spent on each of them, as `Buyer.spent` does."""
        amount = self.amount[self.stays]
        return np.where(amount >= 0, amount, amount + self.refunded[self.stays])

    @classmethod
    def of(cls, buyers: Mapping[str, Buyer]) -> Columns:
        """Return the columns of customers one by one, or those that they are made of."""
        if isinstance(buyers, Ledger):
            return buyers.columns
        each = list(buyers.values())
        entries = [
            (day, buyer.amounts[day], buyer.refunded.get(day, 0)) for buyer in each for day in sorted(buyer.amounts)
        ]
        day, amount, refunded = np.array(entries, dtype=np.int64).reshape(-1, 3).T
        starts = np.concatenate([[0], np.cumsum([len(buyer.amounts) for buyer in each])]).astype(np.int64)
        profits = (np.array(sums, dtype=np.int64) for sums in ([b.profit for b in each], [b.with_profit for b in each]))
        return cls(starts, day, amount, refunded, *profits)


class Ledger(Mapping[str, Buyer]):
    """Customers as columns, each made when somebody asks for them: a million rows take 60 MB, and not a gigabyte."""

    def __init__(self, names: list[str], columns: Columns, segments: Sequence[str], sources: Sequence[str]) -> None:
        self._names, self.columns = names, columns
        self._segments, self._sources = segments, sources

    @classmethod
    def of(cls, buyers: Mapping[str, Buyer]) -> Ledger:
        """Return customers one by one as columns; those that are columns as they are."""
        if isinstance(buyers, Ledger):
            return buyers
        each = buyers.values()
        return cls(list(buyers), Columns.of(buyers), [one.segment for one in each], [one.source for one in each])

    def up_to(self, cut: Day) -> tuple[Ledger, Integers]:
        """Return those who had bought by the end of a day as they were known then, and their places in this one.

        A buyer has the sum of the profit of all lines, so profit is left out.
        """
        columns = self.columns
        known = columns.day <= cut
        counts = np.diff(np.concatenate([[0], np.cumsum(known & columns.stays)])[columns.starts])
        places = np.flatnonzero(counts)
        entries = known & np.repeat(counts > 0, np.diff(columns.starts))
        ends = np.concatenate([[0], np.cumsum(entries)])[columns.starts]
        nothing = np.zeros(len(places), dtype=np.int64)
        earlier = Columns(
            np.concatenate([ends[:-1][places], ends[-1:]]),
            columns.day[entries],
            columns.amount[entries],
            columns.refunded[entries],
            nothing,
            nothing,
        )
        chosen = places.tolist()
        names, segments, sources = (
            [each[place] for place in chosen] for each in (self._names, self._segments, self._sources)
        )
        return Ledger(names, earlier, segments, sources), places

    def __getitem__(self, name: str) -> Buyer:
        return self._buyer(self._places[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self._names)}

    def _buyer(self, place: int) -> Buyer:
        columns = self.columns
        entries = slice(int(columns.starts[place]), int(columns.starts[place + 1]))
        days = columns.day[entries].tolist()
        refunded = columns.refunded[entries].tolist()
        return Buyer(
            dict(zip(days, columns.amount[entries].tolist(), strict=True)),
            {day: refund for day, refund in zip(days, refunded, strict=True) if refund},
            int(columns.profit[place]),
            int(columns.with_profit[place]),
            self._segments[place],
            self._sources[place],
        )


class DaysOf(Sequence[list[Day]]):
    """The purchase days of each customer, made when somebody asks for them."""

    def __init__(self, days: Integers, bounds: Integers) -> None:
        self.days, self.bounds = days, bounds

    @classmethod
    def of(cls, columns: Columns) -> DaysOf:
        """Return those of a file."""
        return cls(columns.days, columns.bounds)

    def of_buyers(self) -> tuple[DaysOf, Integers]:
        """Return those of who has any, and their places in this one."""
        counts = np.diff(self.bounds)
        places = np.flatnonzero(counts)
        return DaysOf(self.days, np.append(self.bounds[places], self.bounds[-1])), places

    def up_to(self, day: Day) -> tuple[DaysOf, Integers]:
        """Return those of who had bought by the end of a day as they were known then, and their places in this one."""
        known = self.days <= day
        counts = np.diff(np.concatenate([[0], np.cumsum(known)])[self.bounds])
        places = np.flatnonzero(counts)
        return DaysOf(self.days[known], np.concatenate([[0], np.cumsum(counts[places])]).astype(np.int64)), places

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @overload
    def __getitem__(self, place: int) -> list[Day]: ...
    @overload
    def __getitem__(self, place: slice) -> list[list[Day]]: ...
    def __getitem__(self, place: int | slice) -> list[Day] | list[list[Day]]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        at = range(len(self))[place]
        days: list[Day] = self.days[self.bounds[at] : self.bounds[at + 1]].tolist()
        return days

    def __iter__(self) -> Iterator[list[Day]]:
        days, bounds = self.days, self.bounds.tolist()
        for begins, ends in pairwise(bounds):
            yield days[begins:ends].tolist()


@dataclass(frozen=True)
class Purchases:
    """Everything up to and including the day `as_of`, by customer in the order of their ids.

    `has_profit` says whether any line tells its profit, `columns` which columns the file has, and `notes` which of
    them are not read, and what may be meant by them. `newest` is the day of the newest line, if they are of a file.
    `said` has the scores that customers gave, of those who gave any.
    """

    buyers: Mapping[str, Buyer]
    as_of: Day
    currency: str
    has_profit: bool
    columns: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    newest: Day | None = None
    said: Mapping[str, Said] = field(default_factory=dict)

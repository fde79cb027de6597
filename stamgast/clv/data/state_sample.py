"""A merchant's customers as their live states have them, as a sample for the fit."""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stamgast.clv.data.buyers import Columns, DaysOf, Purchases
from stamgast.clv.data.coded_days import days_in
from stamgast.clv.data.histories import PurchaseDays, log_gaps_of, rows_as_of
from stamgast.clv.data.packed_names import Names, packed
from stamgast.clv.data.rows import Integers
from stamgast.clv.data.sample import Sample, sample_of
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.currencies import exponent_of
from stamgast.domain.feedback import Said
from stamgast.domain.standing import Standing
from stamgast.domain.units import Day


class Live(NamedTuple):
    """A sample and the purchase days that it was made of, in the same order."""

    sample: Sample
    days: Sequence[PurchaseDays]
    currency: str = ""
    """Of a file that names one."""

    @property
    def said(self) -> Sequence[Said]:
        """The scores that each customer gave, as far as the days are known; empty: nobody's are."""
        return self.sample.said

    def without(self, closed: ClosedDays) -> Live:
        """Return the same in a shop's time, its closed days left out, as a score counts it."""
        if closed.is_calendar:
            return self
        rows, log_gaps = rows_as_of(self.days, self.sample.as_of, closed), log_gaps_of(self.days, closed)
        return self._replace(sample=dataclasses.replace(self.sample, rows=rows, log_gaps=log_gaps))

    def flat(self) -> tuple[Integers, Integers]:
        """Return all purchase days, a customer's beside each other, and where each one's begin and the last end."""
        if isinstance(self.days, DaysOf):
            return self.days.days, self.days.bounds
        bounds = np.concatenate([[0], np.cumsum([len(days) for days in self.days])]).astype(np.int64)
        return np.fromiter((day for days in self.days for day in days), np.int64, int(bounds[-1])), bounds


class StatesRead:
    """Takes in customers' states and keeps what a fit needs of them, as columns: whole states are some kB each.

    It counts those who have bought up to the end of the day `as_of`. A state knows what was bought on which day but
    only the sum of what was spent, until now. So of a day gone by ask without `money`: then there is nothing to fit
    the spend model to, and no margin.
    """

    def __init__(self, as_of: Day, *, money: bool = True) -> None:
        self._as_of = as_of
        self._money = money
        self._names: list[NDArray[np.bytes_]] = []
        self._said: list[Said] = []
        self._days: list[NDArray[np.int32]] = []
        self._visits: list[NDArray[np.int32]] = []
        self._spends, self._profits = array("q"), array("q")

    def add(self, states: Sequence[tuple[str, Standing]]) -> None:
        """Take in some more: ids and states."""
        known, places = DaysOf(*days_in([state.days for _, state in states])).up_to(self._as_of)
        self._days.append(known.days.astype(np.int32))
        self._visits.append(np.diff(known.bounds).astype(np.int32))
        chosen = [states[place] for place in places.tolist()]
        self._names.append(packed([name for name, _ in chosen]))
        for _, state in chosen:
            self._spends.append(max(state.spend, 0) if self._money else 0)
            self._profits.append(state.profit)
            said = state.conversation.said if state.conversation is not None else ()
            self._said.append([(day, score) for day, score in said if day <= self._as_of] if said else ())

    def live(self, currency: str) -> Live | None:
        """Summarise them; None if nobody has bought.

        Money is in major units, as everywhere in a fit. A state knows the sum of all purchase days and not that of the
        first one, so the spend model has to be fitted to all of them (`repeat_spend` is empty).
        """
        if not self._said:
            return None
        bounds = np.concatenate([[0], np.cumsum(np.concatenate(self._visits), dtype=np.int64)]).astype(np.int64)
        days = DaysOf(np.concatenate(self._days, dtype=np.int64), bounds)
        unit = 10 ** exponent_of(currency)
        spend = np.array(self._spends, dtype=np.float64) / unit
        sample = Sample(
            names=Names(np.concatenate(self._names)),
            rows=rows_as_of(days, self._as_of),
            first_days=array("q", days.days[bounds[:-1]].tobytes()),
            as_of=self._as_of,
            log_gaps=log_gaps_of(days),
            repeat_spend=np.zeros(len(days)),
            all_spend=spend,
            amounts=spend,
            profits=np.array(self._profits, dtype=np.float64) / unit if self._money else None,
            said=self._said if any(self._said) else (),
        )
        return Live(sample, days)


def sample_of_states(
    states: Iterable[tuple[str, Standing]], as_of: Day, currency: str, *, money: bool = True
) -> Live | None:
    """Summarise all who have bought up to a day, as `StatesRead` does; None if nobody has."""
    read = StatesRead(as_of, money=money)
    read.add(list(states))
    return read.live(currency)


def live_of(purchases: Purchases) -> Live:
    """Summarise every customer of a file, and keep the purchase days."""
    return Live(sample_of(purchases), DaysOf.of(Columns.of(purchases.buyers)), purchases.currency)


def live_of_days(days: Sequence[PurchaseDays], as_of: Day, closed: ClosedDays) -> Live:
    """Summarise customers of whom nothing but purchase days is known, a shop's closed days left out of all times."""
    nothing = np.zeros(len(days))
    sample = Sample(
        names=[str(place) for place in range(len(days))],
        rows=rows_as_of(days, as_of, closed),
        first_days=[each[0] for each in days],
        as_of=as_of,
        log_gaps=log_gaps_of(days, closed),
        repeat_spend=nothing,
        all_spend=nothing,
        amounts=nothing,
        profits=None,
    )
    return Live(sample, list(days))

"""A merchant's customers as their live states have them, as a sample for the fit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from stamgast.clv.data.buyers import Columns, DaysOf, Purchases
from stamgast.clv.data.histories import PurchaseDays, log_gaps_of, rows_as_of
from stamgast.clv.data.rows import Integers
from stamgast.clv.data.sample import Sample, sample_of
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.currencies import exponent_of
from stamgast.domain.customer import Customer
from stamgast.domain.days import decode_days
from stamgast.domain.feedback import Said
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


class Bought(NamedTuple):
    """What of a state a fit needs: a merchant's whole states at once would be some kB a customer."""

    days: bytes
    spend: int
    profit: int
    said: Said = ()

    @classmethod
    def of(cls, state: Customer) -> Bought:
        """Take it out of a state."""
        return cls(state.days, state.spend, state.profit, _said_by(state))


def sample_of_states(
    states: Iterable[tuple[str, Customer | Bought]], as_of: Day, currency: str, *, money: bool = True
) -> Live | None:
    """Summarise all who have bought up to a day; None if nobody has.

    A state knows what was bought on which day but only the sum of what was spent, until now. So of a day gone by ask
    without `money`: then there is nothing to fit the spend model to, and no margin.

    Money is in major units, as everywhere in a fit. A state knows the sum of all purchase days and not that of the
    first one, so the spend model has to be fitted to all of them (`repeat_spend` is empty).
    """
    names: list[str] = []
    days: list[PurchaseDays] = []
    spends: list[int] = []
    profits: list[int] = []
    said: list[Said] = []
    for name, state in states:
        visited = [day for day, _ in decode_days(state.days) if day <= as_of]
        if visited:
            names.append(name)
            days.append(visited)
            spends.append(max(state.spend, 0) if money else 0)
            profits.append(state.profit)
            given = state.said if isinstance(state, Bought) else _said_by(state)
            said.append([(day, score) for day, score in given if day <= as_of])
    if not names:
        return None
    unit = 10 ** exponent_of(currency)
    spend = np.array(spends, dtype=np.float64) / unit
    sample = Sample(
        names=names,
        rows=rows_as_of(days, as_of),
        first_days=[each[0] for each in days],
        as_of=as_of,
        log_gaps=log_gaps_of(days),
        repeat_spend=np.zeros(len(names)),
        all_spend=spend,
        amounts=spend,
        profits=np.array(profits, dtype=np.float64) / unit if money else None,
        said=said if any(said) else (),
    )
    return Live(sample, days)


def _said_by(state: Customer) -> Said:
    return state.conversation.said if state.conversation is not None else ()


def live_of(purchases: Purchases) -> Live:
    """Summarise every customer of a file, and keep the purchase days."""
    return Live(sample_of(purchases), DaysOf(Columns.of(purchases.buyers)), purchases.currency)


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

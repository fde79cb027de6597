"""Customers of a purchase file as the models take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np

from stamgast.clv.data.buyers import Columns, Purchases
from stamgast.clv.data.rows import Floats, Integers, Rows, make_rows
from stamgast.domain.feedback import Band, Said, band_by
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.models.gamma_gamma import Orders
from stamgast.domain.units import Day
from stamgast.sheets.cells import MICRO

_ROUNDING: Final = 1e-9


class DoubtfulProfitError(ValueError):
    """Profit that makes no margin, such as one in cents beside amounts in euros. The text says what to do."""


@dataclass(frozen=True)
class Sample:
    """Histories at the end of the day `as_of`; arrays and `names` have one entry per customer.

    `log_gaps` is the sum over customers and gaps of ln(gap in weeks). Money is in major units: `repeat_spend` what
    was spent on all purchase days but the first, `all_spend` on all of them, `amounts` with every refund taken off,
    `profits` likewise (None where the file has no profit). `with_profit` is the part of `amounts` of which the profit
    is known; None if it is of everything. `said` has the scores that each gave, as far as the days are known; empty:
    nobody's are.
    """

    names: Sequence[str]
    rows: Rows
    first_days: Sequence[Day]
    as_of: Day
    log_gaps: float
    repeat_spend: Floats
    all_spend: Floats
    amounts: Floats
    profits: Floats | None
    with_profit: Floats | None = None
    said: Sequence[Said] = ()

    def bands(self) -> list[Band]:
        """Return the band of each customer's newest score."""
        return [band_by(each, self.as_of) or Band.NONE for each in self.said or [()] * len(self.names)]

    def paces(self, feedback: Mapping[str, float]) -> Floats:
        """Return how fast each customer's time to come runs, given the paces by band, if there are any."""
        if not feedback:
            return np.ones(len(self.names))
        return np.array([feedback.get(band, 1.0) for band in self.bands()], dtype=np.float64)

    def spend(self, orders: Orders) -> tuple[Integers, Floats]:
        """Return purchase days and their sums as the spend model counts them."""
        return (self.rows.x, self.repeat_spend) if orders == "repeat" else (self.rows.x + 1, self.all_spend)

    @property
    def margin(self) -> float:
        """Profit as a share of what was spent where it is known, unchecked; 1 where the file has no profit."""
        spent = self._with_profit
        return float(self.profits.sum()) / spent if self.profits is not None and spent > 0 else 1.0

    def checked_margin(self) -> float:
        """Return the margin if it is one.

        Raises:
            DoubtfulProfitError: profit is below 0 or more than what was spent.
        """
        profit, spent = 0.0 if self.profits is None else float(self.profits.sum()), self._with_profit
        if not profit or (spent > 0 and 0 <= profit <= spent * (1 + _ROUNDING)):
            return min(self.margin, 1.0)
        much = "less than nothing" if profit < 0 else "more than what was spent"
        raise DoubtfulProfitError(
            f"profit adds up to {profit:,.2f} of {spent:,.2f} spent, {much}; "
            "write profit in the unit of amount, or give its share of amount, such as --margin 30%"
        )

    @property
    def costed(self) -> Floats:
        """What each customer spent where the profit of it is known."""
        return self.amounts if self.with_profit is None else self.with_profit

    @property
    def _with_profit(self) -> float:
        return float(self.costed.sum())


def sample_of(purchases: Purchases) -> Sample:
    """Summarise every customer."""
    columns = Columns.of(purchases.buyers)
    begins, ends = columns.bounds[:-1], columns.bounds[1:]
    first, last = columns.days[begins], columns.days[ends - 1]
    spent = columns.spent
    everything = np.add.reduceat(spent, begins)
    return Sample(
        list(purchases.buyers),
        make_rows(columns.visits - 1, last - first, purchases.as_of - first),
        first.tolist(),
        purchases.as_of,
        _log_gaps(columns),
        repeat_spend=(everything - spent[begins]) / MICRO,
        all_spend=everything / MICRO,
        amounts=np.add.reduceat(columns.amount, columns.starts[:-1]) / MICRO,
        profits=columns.profit / MICRO if purchases.has_profit else None,
        with_profit=columns.with_profit / MICRO,
        said=[purchases.said.get(name, ()) for name in purchases.buyers] if purchases.said else (),
    )


def _log_gaps(columns: Columns) -> float:
    """Sum ln(gap in weeks) over all customers and gaps, each different gap once."""
    between = np.ones(len(columns.days), dtype=np.bool_)
    between[columns.bounds[:-1]] = False
    gaps = np.diff(columns.days, prepend=0)[between]
    counts = np.bincount(gaps) if len(gaps) else np.zeros(0, dtype=np.int64)
    different = np.flatnonzero(counts)
    return float(sum(int(counts[gap]) * log(gap / WEEK_DAYS) for gap in different.tolist()))

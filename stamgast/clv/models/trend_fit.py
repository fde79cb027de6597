"""A steady trend in when customers come again: the pace of a shop grows or shrinks by one factor a year.

Told by the same days as a season is (`stamgast.clv.models.season_fit`): those between the first and the last of each
customer. Where it explains them as well, a course that looks like a season is one that need not come again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize_scalar

from stamgast.clv.data.histories import PurchaseDays
from stamgast.clv.data.rows import Floats
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.season import YEAR

_STEEPEST: Final = 12.0
"""The most by which the logarithm of the pace changes in a year."""
_SPREAD: Final = 3.0
"""Standard deviation of that beforehand."""
_LEAST: Final = 1e-9


class TrendTold:
    """What each customer who came three times tells of a trend. `years` is since the first day of all, by day."""

    def __init__(self, customers: Sequence[PurchaseDays], closed: ClosedDays) -> None:
        some = [days for days in customers if len(days) > 2]
        begin, end = min(days[0] for days in some), max(days[-1] for days in some)
        every = np.arange(begin, end + 1)
        self._years = (every - every.mean()) / YEAR
        self._open = ~np.isin(every, closed.days)
        self._first = np.array([days[0] for days in some]) - begin
        self._last = np.array([days[-1] for days in some]) - begin
        self._came = np.array([self._years[np.array(days[1:-1]) - begin].sum() for days in some])
        self._between = np.array([len(days) - 2.0 for days in some])

    def log_likelihoods(self, slope: float) -> Floats:
        """Return the log-likelihood of each customer, up to what hangs on no slope."""
        passed = np.concatenate([[0.0], np.cumsum(self._open * np.exp(slope * self._years))])
        there = np.maximum(passed[self._last] - passed[self._first + 1], _LEAST)
        found: Floats = slope * self._came - self._between * np.log(there)
        return found

    def slope(self, which: slice) -> float:
        """Return the likeliest slope by some of the customers, drawn towards none."""

        def loss(slope: float) -> float:
            return float((slope / _SPREAD) ** 2 / 2 - self.log_likelihoods(slope)[which].sum())

        found: Any = minimize_scalar(loss, bounds=(-_STEEPEST, _STEEPEST), method="bounded")
        return float(found.x)

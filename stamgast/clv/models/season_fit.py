"""How busy each week of the year is, learnt from when customers come again, and from nothing else.

Given the first and the last purchase day of somebody and how many lie between, these are independent, and each has a
density proportional to the season: so it is in every model whose purchases come at a rate of one's own in the shop's
time until one leaves, whatever the rates and whoever left. So neither a shop that grows nor one whose customers leave
is taken for a season. The weights' logarithms have a normal prior around those of their neighbours and around 0; how
narrow it is is chosen by what one half of the customers foretells of the other's days.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from stamgast.clv.data.histories import PurchaseDays
from stamgast.clv.data.rows import Floats
from stamgast.clv.models.trend_fit import TrendTold
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.season import PART_DAYS, PARTS, YEAR, Season, season_of

STEPS: Final = (0.05, 0.15, 0.4, 0.8)
"""Deviations of the step from one part's logarithm to the next, of which one is chosen."""
FEWEST: Final = 2 * PARTS
"""Customers who came three times, and so tell of a season."""
_FAR: Final = 1.5
"""Deviation of a logarithm itself."""
_ROUNDS: Final = 40
_SETTLED: Final = 1e-6
_LONGEST_STEP: Final = 1.0


def fit_season(customers: Sequence[PurchaseDays], closed: ClosedDays, fewest: int = FEWEST) -> Season | None:
    """Learn the season of a shop's open days; None where fewer came three times, or nothing speaks for one."""
    told = _Told.of(customers, closed)
    if len(told.between) < fewest:
        return None
    scores = {0.0: float(told.log_likelihoods(np.zeros(PARTS)).sum())}
    for step in STEPS:
        scores[step] = float(told.by_halves(step).sum())
    best = max(scores, key=lambda step: scores[step])
    return season_of(np.exp(_found(told, best)).tolist()) if best else None


def gained_on_trend(customers: Sequence[PurchaseDays], closed: ClosedDays) -> Floats:
    """Return what a season gained on a steady trend in log-likelihood, of each customer who came three times.

    Both are learnt from the other half of these; empty where they are too few to learn from.
    """
    told = _Told.of(customers, closed)
    if len(told.between) < FEWEST:
        return np.zeros(0)
    trend, halves = TrendTold(customers, closed), (slice(0, None, 2), slice(1, None, 2))
    by_step = [told.by_halves(step) for step in STEPS]
    gained: Floats = max(by_step, key=lambda each: float(each.sum()))
    for ours, theirs in (halves, halves[::-1]):
        gained[theirs] -= trend.log_likelihoods(trend.slope(ours))[theirs]
    return gained


class _Told:
    """Purchases by the part of the year, and of each customer the days of each part between the first and the last."""

    def __init__(self, came: Floats, days: Floats, between: Floats) -> None:
        self.came, self.days, self.between = came, days, between

    @classmethod
    def of(cls, customers: Sequence[PurchaseDays], closed: ClosedDays) -> _Told:
        some = [days for days in customers if len(days) > 2]
        if not some:
            return cls(np.zeros((0, PARTS)), np.zeros((0, PARTS)), np.zeros(0))
        begin, end = min(days[0] for days in some), max(days[-1] for days in some)
        every = np.arange(begin, end + 1)
        part = np.minimum((every % YEAR / PART_DAYS).astype(np.int64), PARTS - 1)
        is_open = ~np.isin(every, closed.days)
        until = np.zeros((len(every) + 1, PARTS))
        until[np.arange(1, len(every) + 1), part] = is_open
        until = np.cumsum(until, axis=0)
        first = np.array([days[0] for days in some]) - begin
        last = np.array([days[-1] for days in some]) - begin
        came = np.zeros((len(some), PARTS))
        for place, days in enumerate(some):
            np.add.at(came[place], part[np.array(days[1:-1]) - begin], 1)
        return cls(came, until[last] - until[first + 1], np.array([len(days) - 2.0 for days in some]))

    def half(self, which: int) -> _Told:
        return _Told(self.came[which::2], self.days[which::2], self.between[which::2])

    def log_likelihoods(self, logs: Floats) -> Floats:
        found: Floats = self.came @ logs - self.between * np.log(np.maximum(self.days @ np.exp(logs), 1e-9))
        return found

    def by_halves(self, step: float) -> Floats:
        """Return the log-likelihood of each customer by what the other half teaches."""
        found = np.zeros(len(self.between))
        for ours, theirs in ((0, 1), (1, 0)):
            found[theirs::2] = self.half(theirs).log_likelihoods(_found(self.half(ours), step))
        return found


def _found(told: _Told, step: float) -> Floats:
    """Return the logarithms of the weights of the highest posterior density, by damped Newton steps."""
    turn = np.roll(np.eye(PARTS), 1, axis=1) - np.eye(PARTS)
    prior = turn.T @ turn / step**2 + np.eye(PARTS) / _FAR**2
    came, logs = told.came.sum(axis=0), np.zeros(PARTS)
    for _ in range(_ROUNDS):
        shares = told.days * np.exp(logs)
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)
        expected = told.between @ shares
        slope = came - expected - prior @ logs
        bend = np.diag(expected) - (shares * told.between[:, None]).T @ shares + prior
        move = np.linalg.solve(bend, slope)
        longest = float(np.abs(move).max())
        logs = logs + move * min(1.0, _LONGEST_STEP / max(longest, 1e-300))
        if longest < _SETTLED:
            break
    found: Floats = logs
    return found

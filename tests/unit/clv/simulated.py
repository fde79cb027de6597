"""Customers drawn from a model, and what they buy until the calibration ends and for some weeks after it.

Times are so long (centuries) that whole days do not matter: parameters per week are those of shops, divided by 100.
"""

from dataclasses import dataclass

import numpy as np

from stamgast.clv.data.rows import Rows, make_rows
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.models.bg_nbd import Dropout
from stamgast.domain.models.pareto_nbd import Pareto

SLOW = 100


@dataclass
class Drawn:
    rows: Rows
    log_gaps: float
    later: np.ndarray
    """Purchases within the weeks after the calibration."""


def draw(model: Dropout | Pareto, customers: int, *, weeks: float, seed: int) -> Drawn:
    """Draw customers who came 1,000 to 4,000 weeks ago."""
    rng = np.random.default_rng(seed)
    age = rng.integers(1_000 * WEEK_DAYS, 4_000 * WEEK_DAYS, customers)
    x, recency, later = (np.zeros(customers, dtype=np.int64) for _ in range(3))
    log_gaps = 0.0
    rates = rng.gamma(model.r, 1 / model.alpha, customers)
    for customer in range(customers):
        end = age[customer] / WEEK_DAYS
        times = _purchases(model, rates[customer], end + weeks, rng)
        known = np.floor(times[times <= end] * WEEK_DAYS).astype(np.int64)
        known = np.unique(known[known > 0])
        x[customer], later[customer] = len(known), (times > end).sum()
        recency[customer] = known[-1] if len(known) else 0
        log_gaps += np.log(np.diff(known, prepend=0) / WEEK_DAYS).sum()
    return Drawn(make_rows(x, recency, age), log_gaps, later)


def _purchases(model: Dropout | Pareto, rate: float, until: float, rng: np.random.Generator) -> np.ndarray:
    """Weeks of the repeat purchases of one customer."""
    if isinstance(model, Pareto):
        leaves = rng.exponential(1 / rng.gamma(model.s, 1 / model.beta))
        there = min(leaves, until)
        return np.sort(rng.uniform(0, there, rng.poisson(rate * there)))
    stays = rng.geometric(max(rng.beta(model.a, model.b), 1e-12)) - model.leaves_at_once
    gaps = rng.gamma(model.k, 1 / rate, min(stays, int(rate * until / model.k * 3) + 60))
    times = np.cumsum(gaps)
    return times[times <= until]

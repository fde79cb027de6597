"""The combined model as a parameter set, which whatever goes by one can go by: `score`, rules, timers, segments.

It is learnt from purchase days alone, so that what live states know is enough. Where a shop's closed days are left out,
all of it is learnt on days counted as open ones.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from typing import Final

import numpy as np
from msgspec.structs import replace

from stamgast.clv.data.buyers import Columns, Ledger
from stamgast.clv.data.csv_words import MICRO
from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.rows import Integers
from stamgast.clv.data.state_sample import Live, live_of_days
from stamgast.clv.ensemble.combined import FEATURES, LEAST_P, Combination, combine, fit_models
from stamgast.clv.models.fitting import Fit
from stamgast.clv.scoring import with_spend
from stamgast.domain.attrition import BLENDED, COMBINED, CORRECTION
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.models.gamma_gamma import Orders

LEARNT = "learnt at earlier days"
"""What a fit report calls the method."""
MOST_CUSTOMERS: Final = 20_000


def fit_combined(
    live: Live, orders: Orders, days: int, closed: ClosedDays = ClosedDays(), *, blended: bool = False  # noqa: B008
) -> ParameterSet | None:  # fmt: skip
    """Learn the combined model, or the blended one, for a horizon of so many days; None: too little to learn from.

    `live` leaves the days `closed` out already. Of more than `MOST_CUSTOMERS` it learns from as many, which is what
    makes a fit to a million take seconds.
    """
    some = thinned(live, closed, MOST_CUSTOMERS)
    fits = fit_models(some.sample)
    found = combine(purchase_days(some, closed), some.sample, fits, days)
    if found is None:
        return None
    learnt = combined_set(found, fits, days)
    return with_spend(_blended(learnt, found) if blended else learnt, live.sample, orders, LEARNT)


def _blended(parameters: ParameterSet, found: Combination) -> ParameterSet:
    regression = {"weight": found.blend} | (found.regression.parameters if found.regression else {})
    return replace(parameters, model=BLENDED, regression=regression)


def thinned(live: Live, closed: ClosedDays, most: int) -> Live:
    """Return so many customers at equal distances, the first who came among them: all of them began when they did."""
    count = len(live.days)
    if count <= most:
        return live
    places = {place * count // most for place in range(most)}
    places.add(int(np.argmin(live.sample.first_days)))
    return live_of_days([live.days[place] for place in sorted(places)], live.sample.as_of, closed)


def combined_set(found: Combination, fits: Mapping[str, Fit], days: int) -> ParameterSet:
    """Write what was learnt as a parameter set; members that fell back to the same model are one."""
    weights: Counter[str] = Counter()
    members: dict[str, dict[str, float]] = {}
    for asked, weight in zip(found.members, map(float, found.weights), strict=True):
        members[fits[asked].name] = fits[asked].parameters
        weights[fits[asked].name] += weight  # type: ignore[assignment]
    learnt = dict(zip(FEATURES, map(float, found.coefficients), strict=True)) | {
        "weeks": days / WEEK_DAYS,
        "least_p": LEAST_P,
    }
    correction = {name: learnt[name] for name in CORRECTION}
    return ParameterSet(COMBINED, correction, members=members, weights=dict(weights))


def purchase_days(live: Live, closed: ClosedDays) -> Purchases:
    """Return who bought when, every purchase day worth as much, on days counted as open ones since the first of all."""
    began = min(live.sample.first_days)
    shut = bisect_right(closed.days, began)
    days, bounds = live.flat()

    def counted(day: Integers) -> Integers:
        return day - np.searchsorted(closed.days, day, side="right") + shut if closed.days else day

    # Whoever bought on a closed day and on the open one before it came on one day, counted so.
    days = counted(days)
    kept = np.diff(days, prepend=days[0] - 1) != 0
    kept[bounds[:-1]] = True
    starts = np.concatenate([[0], np.cumsum(kept)])[bounds]
    days = days[kept]
    nothing, nobody = np.zeros(len(days), dtype=np.int64), np.zeros(len(live.days), dtype=np.int64)
    columns = Columns(starts, days, np.full(len(days), MICRO), nothing, nobody, nobody)
    unsaid = [""] * len(live.days)
    buyers = Ledger(list(live.sample.names), columns, unsaid, unsaid)
    return Purchases(buyers, int(counted(np.array(live.sample.as_of))), live.currency, has_profit=False)

"""Is a new fit better than the parameters in force? Asked at a day inside the data, so that nothing to come is known.

Both say how likely it was that each customer came as often as they did after that day; the log score is the mean of
-ln of it, and a proper one: it is best on average for whoever says what they believe (Gneiting and Raftery, "Strictly
Proper Scoring Rules, Prediction, and Estimation", 2007).

Whoever was fitted to what came after that day is not surprised by it, and the parameters in force mostly were fitted to
some of it. So the day is not before theirs; and where less than a week has passed since, both are asked as they are,
fitted to all of it, so that the same purchases fitted again are as good as themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct

from stamgast.clv.data.histories import PurchaseDays, log_gaps_of, rows_as_of, split_at
from stamgast.clv.data.rows import Floats, Integers, Rows
from stamgast.clv.models.fitting import fit_with_fallback
from stamgast.clv.models.scores import chance_of, scores_of
from stamgast.domain.attrition import Model
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.season import shop_time
from stamgast.domain.units import Day
from stamgast.sheets.dates import read_date

SHARE_AFTER: Final = 1 / 3
"""Of the time from the first purchase of all until now; at most `MOST_DAYS`."""
MOST_DAYS: Final = 39 * 7
FEWEST: Final = 50
"""Customers, without which nothing is compared."""
_LEAST_CHANCE: Final = 1e-12
_Z95: Final = 1.959964


class New(NamedTuple):
    """A new fit: the model that was asked for, and what was found of it in all that is known.

    `refitted` fits it to what was known at the end of a day, if it is none of the purchase models. Its closed days are
    left out, and its season is what days are counted by.
    """

    wanted: str
    found: ParameterSet
    refitted: Callable[[Sequence[PurchaseDays], Day], Model] | None = None

    def at(self, known: Sequence[PurchaseDays], cut: Day, rows: Rows, time: ClosedDays) -> Model:
        """Return it as it is when fitted to what was known at the end of a day; `rows` count days by `time`."""
        if self.refitted is not None:
            return self.refitted(known, cut)
        return fit_with_fallback(self.wanted, rows, log_gaps_of(known, time)).model


class Comparison(Struct, frozen=True):
    """Log scores at the day `cut` over the days until the data's end; smaller is better.

    `difference` is new - in force, `low` to `high` its paired 95 % interval over customers. `unseen` says whether
    neither was fitted to those days.
    """

    cut: Day
    days: int
    customers: int
    new: float
    in_force: float
    difference: float
    low: float
    high: float
    unseen: bool

    @property
    def new_is_worse(self) -> bool:
        """Say whether the new one is worse beyond doubt."""
        return self.low > 0


def compare(
    customers: Sequence[PurchaseDays], as_of: Day, in_force: ParameterSet, new: New, closed: ClosedDays
) -> Comparison | None:
    """Compare a new fit to these customers with the parameters in force; None: too little data.

    `closed` are the shop's closed days; each side counts days as its parameters do, and the new one leaves them out.
    """
    after = days_after_cut(min((days[0] for days in customers), default=as_of), as_of)
    fitted_on = _fitted_on(in_force)
    since = after if fitted_on is None else as_of - fitted_on
    unseen = since >= WEEK_DAYS
    after = min(after, since) if unseen else after
    known, purchases = split_at(customers, as_of - after)
    if len(known) < FEWEST or after < WEEK_DAYS:
        return None
    cut = as_of - after
    ours, theirs = shop_time(closed, new.found.season), in_force.time(closed)
    rows = rows_as_of(known, cut, ours)
    fitted = new.at(known, cut, rows, ours) if unseen else new.found.attrition()
    surprise = surprises(fitted, rows, ours.open_between(cut, as_of) / WEEK_DAYS, purchases)
    weeks = theirs.open_between(cut, as_of) / WEEK_DAYS
    old = surprises(in_force.attrition(), rows_as_of(known, cut, theirs), weeks, purchases)
    difference = surprise - old
    mean, error = float(difference.mean()), float(difference.std(ddof=1)) / len(known) ** 0.5
    low, high = mean - _Z95 * error, mean + _Z95 * error
    means = float(surprise.mean()), float(old.mean())
    return Comparison(cut, after, len(known), *means, mean, low, high, unseen)


def _fitted_on(parameters: ParameterSet) -> Day | None:
    """Return the last day that a fit knew; None where nothing is said of it, as in a set written by hand."""
    return read_date(parameters.fit.as_of) if parameters.fit else None


def days_after_cut(began: Day, as_of: Day) -> int:
    """Return how many days the last internal cut leaves to foretell, of what is known since the first purchase."""
    return min(int((as_of - began) * SHARE_AFTER), MOST_DAYS)


def surprises(model: Model, rows: Rows, weeks: float, purchases: Integers) -> Floats:
    """Return -ln of the chance that a model gave to what each customer did within so many weeks."""
    chances = chance_of(scores_of(model), rows, weeks, purchases)
    found: Floats = -np.log(np.maximum(chances, _LEAST_CHANCE))
    return found

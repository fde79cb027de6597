"""MBG/CNBD-k with k > 1 has to earn it: a likelier k that foretold worse is not taken.

The likelihood of k is that of every gap between purchases. Customers who come regularly for a while and then pause, and
come again, make k > 1 likelier by far, and who pauses is then taken to have left: in a supermarket's product groups the
likelier k foretold half a year worse by .12 in log score (docs/adr/0045). So where a fit has k > 1 it is held against
MBG/NBD, its k = 1, at several internal cuts, and kept where it foretold better after each of them: one alone let a k of
2 through for a wholesaler (docs/adr/0123).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from stamgast.clv.data.histories import PurchaseDays, log_gaps_of, rows_as_of, split_at
from stamgast.clv.data.state_sample import Live
from stamgast.clv.models.fitting import fit_with_fallback
from stamgast.clv.scoring import fit_parameters
from stamgast.clv.selection.validation_split import FEWEST, MOST_DAYS, surprises
from stamgast.domain.attrition import MBG_CNBD_K, MBG_NBD
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.models.gamma_gamma import Orders
from stamgast.domain.units import Day

SHARES_AFTER: Final = (1 / 3, 1 / 2, 1 / 6)
"""Of the time since the first purchase of all: what each cut leaves to foretell, `MOST_DAYS` at most."""


def fit_live(
    live: Live, model: str, orders: Orders, closed: ClosedDays = ClosedDays(), *, with_prior: bool = False  # noqa: B008
) -> ParameterSet:  # fmt: skip
    """Fit as `fit_parameters` does; MBG/NBD instead of a k > 1 that foretold worse, with a note.

    `live` leaves the days `closed` out already.

    Raises:
        ValueError: there are no customers.
    """
    found = fit_parameters(live.sample, model, orders, with_prior=with_prior)
    k = found.parameters.get("k", 1)
    if k <= 1 or not (days := _days_lost(live.days, live.sample.as_of, closed)):
        return found
    plain = fit_parameters(live.sample, MBG_NBD, orders, with_prior=with_prior)
    note = f"k = {k:g} was likelier and foretold the last {days} days worse than k = 1, so {MBG_NBD} is taken"
    report = plain.fit and replace(plain.fit, notes=[note, *plain.fit.notes])
    return replace(plain, fit=report)


def _days_lost(customers: Sequence[PurchaseDays], as_of: Day, closed: ClosedDays) -> int:
    """Return how many days after the cut were foretold worse with the likeliest k; 0: none, or nobody can tell."""
    span = as_of - min(days[0] for days in customers)
    for after in dict.fromkeys(min(int(span * share), MOST_DAYS) for share in SHARES_AFTER):
        if _lost(customers, as_of, after, closed):
            return after
    return 0


def _lost(customers: Sequence[PurchaseDays], as_of: Day, after: int, closed: ClosedDays) -> bool:
    """Say whether MBG/NBD foretold the last so many days better than the likeliest k; False where nobody can tell."""
    cut = as_of - after
    known, purchases = split_at(customers, cut)
    if len(known) < FEWEST or after < WEEK_DAYS:
        return False
    rows = rows_as_of(known, cut, closed)
    regular = fit_with_fallback(MBG_CNBD_K, rows, log_gaps_of(known, closed))
    if regular.parameters.get("k", 1) <= 1:
        return False
    weeks = closed.open_between(cut, as_of) / WEEK_DAYS
    plain = fit_with_fallback(MBG_NBD, rows)
    lost = [surprises(found.model, rows, weeks, purchases).mean() for found in (regular, plain)]
    return bool(lost[0] > lost[1])

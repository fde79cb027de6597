"""Purchase days of many customers as rows for the models, as of any day and with or without a shop's closed days."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log

import numpy as np

from stamgast.clv.data.buyers import DaysOf
from stamgast.clv.data.rows import Integers, Rows, make_rows
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.units import Day

PurchaseDays = Sequence[Day]
"""The purchase days of one customer, ascending, each once."""


def rows_as_of(customers: Sequence[PurchaseDays], as_of: Day, closed: ClosedDays = ClosedDays()) -> Rows:  # noqa: B008
    """Make a row per customer at the end of a day, or of their last purchase day where that is later."""
    if not len(customers):
        return make_rows((), (), ())
    if isinstance(customers, DaysOf):
        first, last = customers.days[customers.bounds[:-1]], customers.days[customers.bounds[1:] - 1]
        repeats = np.diff(customers.bounds) - 1
    else:
        first = np.array([days[0] for days in customers], dtype=np.int64)
        last = np.array([days[-1] for days in customers], dtype=np.int64)
        repeats = np.array([len(days) for days in customers], dtype=np.int64) - 1
    passed = _passed(first, last, closed)
    recency = np.maximum(passed, repeats)
    return make_rows(repeats, recency, recency + _passed(last, np.maximum(last, as_of), closed))


def _passed(first: Integers, last: Integers, time: ClosedDays) -> Integers:
    """Return what `time.open_between` says of many pairs of days at once."""
    if time.is_calendar:
        return last - first
    begin, end = int(min(first.min(), last.min())), int(max(first.max(), last.max()))
    counted = np.array([time.counted_by(day) for day in range(begin, end + 1)])
    passed: Integers = np.rint(counted[last - begin] - counted[first - begin]).astype(np.int64)
    return passed


def log_gaps_of(customers: Sequence[PurchaseDays], closed: ClosedDays = ClosedDays()) -> float:  # noqa: B008
    """Sum of ln(gap in weeks) over all customers and gaps."""
    earlier, later = _pairs(customers)
    if not len(earlier):
        return 0.0
    counts = np.bincount(np.maximum(_passed(earlier, later, closed), 1))
    return float(sum(int(counts[gap]) * log(gap / WEEK_DAYS) for gap in np.flatnonzero(counts).tolist()))


def _pairs(customers: Sequence[PurchaseDays]) -> tuple[Integers, Integers]:
    """Each two purchase days of a customer that follow upon each other."""
    if isinstance(customers, DaysOf):
        is_later = np.ones(len(customers.days), dtype=np.bool_)
        is_later[customers.bounds[:-1]] = False
        later = np.flatnonzero(is_later)
        return customers.days[later - 1], customers.days[later]
    pairs = [pair for days in customers for pair in pairwise(days)]
    earlier, later = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return earlier, later


def split_at(customers: Sequence[PurchaseDays], cut: Day) -> tuple[Sequence[PurchaseDays], Integers]:
    """What was known at the end of a day of those who had bought by then, and how often each came afterwards."""
    if isinstance(customers, DaysOf):
        known, places = customers.up_to(cut)
        return known, np.diff(customers.bounds)[places] - np.diff(known.bounds)
    before = [[day for day in days if day <= cut] for days in customers]
    after = [len(days) - len(known) for days, known in zip(customers, before, strict=True) if known]
    return [known for known in before if known], np.array(after, dtype=np.int64)

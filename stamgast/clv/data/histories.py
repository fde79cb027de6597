"""Purchase days of many customers as rows for the models, as of any day and with or without a shop's closed days."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log

import numpy as np

from stamgast.clv.data.rows import Integers, Rows, make_rows
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.units import Day

PurchaseDays = Sequence[Day]
"""The purchase days of one customer, ascending, each once."""


def rows_as_of(customers: Sequence[PurchaseDays], as_of: Day, closed: ClosedDays = ClosedDays()) -> Rows:  # noqa: B008
    """Make a row per customer at the end of a day; each has bought by then and no later day is given."""
    first = np.array([days[0] for days in customers], dtype=np.int64)
    last = np.array([days[-1] for days in customers], dtype=np.int64)
    repeats = np.array([len(days) for days in customers], dtype=np.int64) - 1
    if not len(first):
        return make_rows((), (), ())
    passed = _passed(first, last, closed)
    recency = np.maximum(passed, repeats)
    return make_rows(repeats, recency, recency + _passed(last, np.full(len(last), as_of), closed))


def _passed(first: Integers, last: Integers, time: ClosedDays) -> Integers:
    """Return what `time.open_between` says of many pairs of days at once."""
    if time.is_calendar:
        return last - first
    begin, end = int(min(first.min(), last.min())), int(max(first.max(), last.max()))
    counted = np.array([time.counted_by(day) for day in range(begin, end + 1)])
    passed: Integers = np.rint(counted[last - begin] - counted[first - begin]).astype(np.int64)
    return passed


def row_as_of(days: PurchaseDays, as_of: Day, closed: ClosedDays) -> tuple[int, int, int]:
    """Return x, days from the first to the last purchase day and days from the first until `as_of`, closed ones off."""
    repeats = len(days) - 1
    recency = max(closed.open_between(days[0], days[-1]), repeats)
    return repeats, recency, recency + closed.open_between(days[-1], as_of)


def log_gaps_of(customers: Sequence[PurchaseDays], closed: ClosedDays = ClosedDays()) -> float:  # noqa: B008
    """Sum of ln(gap in weeks) over all customers and gaps."""
    pairs = [pair for days in customers for pair in pairwise(days)]
    if not pairs:
        return 0.0
    earlier, later = np.array(pairs, dtype=np.int64).T
    counts = np.bincount(np.maximum(_passed(earlier, later, closed), 1))
    return float(sum(int(counts[gap]) * log(gap / WEEK_DAYS) for gap in np.flatnonzero(counts).tolist()))


def split_at(customers: Sequence[PurchaseDays], cut: Day) -> tuple[list[PurchaseDays], Integers]:
    """What was known at the end of a day of those who had bought by then, and how often each came afterwards."""
    before = [[day for day in days if day <= cut] for days in customers]
    after = [len(days) - len(known) for days, known in zip(customers, before, strict=True) if known]
    return [known for known in before if known], np.array(after, dtype=np.int64)

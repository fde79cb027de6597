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
    rows = [row_as_of(days, as_of, closed) for days in customers]
    x, recency, age = zip(*rows, strict=True) if rows else ((), (), ())
    return make_rows(x, recency, age)


def row_as_of(days: PurchaseDays, as_of: Day, closed: ClosedDays) -> tuple[int, int, int]:
    """Return x, days from the first to the last purchase day and days from the first until `as_of`, closed ones off."""
    repeats = len(days) - 1
    recency = max(closed.open_between(days[0], days[-1]), repeats)
    return repeats, recency, recency + closed.open_between(days[-1], as_of)


def log_gaps_of(customers: Sequence[PurchaseDays], closed: ClosedDays = ClosedDays()) -> float:  # noqa: B008
    """Sum of ln(gap in weeks) over all customers and gaps."""
    return sum(
        log(max(closed.open_between(earlier, later), 1) / WEEK_DAYS)
        for days in customers
        for earlier, later in pairwise(days)
    )


def split_at(customers: Sequence[PurchaseDays], cut: Day) -> tuple[list[PurchaseDays], Integers]:
    """What was known at the end of a day of those who had bought by then, and how often each came afterwards."""
    before = [[day for day in days if day <= cut] for days in customers]
    after = [len(days) - len(known) for days, known in zip(customers, before, strict=True) if known]
    return [known for known in before if known], np.array(after, dtype=np.int64)

"""On which day a chance that falls without a purchase has fallen to a threshold, of many customers at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from stamgast.clv.data.rows import Floats, Integers, Rows
from stamgast.domain.history import WEEK_DAYS

_LONGEST: Final = 1 << 19
"""Days, beyond which nobody lapses any more."""


def falls_to(chance: Callable[[Rows], Floats], rows: Rows, threshold: float) -> Floats:
    """Return the T at which a chance that falls without a purchase is at the threshold, to the day; infinite: never.

    Whose chance is above it now gets a day to come, whose is not gets one by now.
    """

    def quiet_for(days: Integers) -> Floats:
        return chance(Rows(rows.x, rows.recency, rows.recency + days, rows.count))

    never = quiet_for(np.full(len(rows), _LONGEST)) > threshold
    now, above = rows.age - rows.recency, chance(rows) > threshold
    low, high = np.where(above, now, -1), np.where(above, _LONGEST, now)
    while (going := high - low > 1).any():
        middle = (low + high) // 2
        above = quiet_for(np.maximum(middle, 0)) > threshold
        low, high = np.where(going & above, middle, low), np.where(going & ~above, middle, high)
    lapses: Floats = np.where(never, np.inf, (rows.recency + high) / WEEK_DAYS)
    return lapses

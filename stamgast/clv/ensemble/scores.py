"""What several purchase models say about many customers together, each believed with a weight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from stamgast.clv.data.rows import Floats, Integers, Rows
from stamgast.clv.models.scores import Scores
from stamgast.domain.history import WEEK_DAYS

_LONGEST: Final = 1 << 19
"""Days, beyond which nobody lapses any more."""


@dataclass(frozen=True)
class PoolScores:
    """A linear pool: every chance and every mean is that of the members, weighted. The weights sum to 1."""

    members: Sequence[Scores]
    weights: Floats

    def p_alive(self, rows: Rows) -> Floats:
        """Return the chance that the customer has not left for good."""
        return self._mixed(lambda each: each.p_alive(rows))

    def p_buy(self, rows: Rows, weeks: float) -> Floats:
        """Return the chance of at least one purchase within the next `weeks`."""
        return self._mixed(lambda each: each.p_buy(rows, weeks))

    def expected_purchases(self, rows: Rows, weeks: float) -> Floats:
        """Return the mean number of purchases within the next `weeks`."""
        return self._mixed(lambda each: each.expected_purchases(rows, weeks))

    def lapses_at(self, rows: Rows, threshold: float) -> Floats:
        """Return the T at which P(alive) has fallen to the threshold, to the day; infinite: never.

        The members fall with every day without a purchase, so their mean does.
        """
        return falls_to(self.p_alive, rows, threshold)

    def _mixed(self, ask: Callable[[Scores], Floats]) -> Floats:
        mixed: Floats = self.weights @ np.stack([ask(each) for each in self.members])
        return mixed


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

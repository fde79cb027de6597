"""After how many days of silence customers have left as likely as was asked, for many customers at once.

The same as `stamgast.domain.regularity.Silence.days`, to the whole day: whoever comes out so near to a day's end that
two ways of reckoning might differ is reckoned as the worker does.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import log_ndtr, ndtr

from stamgast.clv.data.rows import Floats, Integers
from stamgast.clv.models.regularity_kinds import Seen, Sums, see
from stamgast.domain.regularity import FARTHEST, REACHES, SOONEST, Gaps, Regularity

_LONGEST: Final = float(np.log(36_500))
_LEAST_SHARE: Final = 1e-5
_SLIGHT: Final = 0.05
_NEAR: Final = 1e-4
_HALVINGS: Final = 24
_DOUBT: Final = 3e-4
"""Of a number of days: what lies no farther from a whole one is reckoned one by one."""
_GRID: Final = np.array(REACHES)


def whole_days(regularity: Regularity, sums: Sums, visits: Integers, chance: float) -> Integers:
    """Return after how many whole days each customer has left with that chance, who comes after `visits`."""
    days = _days(regularity, sums, visits, chance)
    whole: Integers = days.astype(np.int64) + 1
    for row in np.flatnonzero(np.abs(days - np.rint(days)) <= _DOUBT * days):
        gaps = Gaps(int(sums.number[row]), float(sums.total[row]), float(sums.squares[row]), int(sums.days[row]))
        whole[row] = int(regularity.silence(gaps, int(visits[row])).days(chance)) + 1
    return whole


def _days(regularity: Regularity, sums: Sums, visits: Integers, chance: float) -> Floats:
    seen = see(regularity.kinds, sums)
    weights = np.exp(seen.log_weights - seen.log_weights.max(axis=1, keepdims=True))
    stays = weights * (1 - seen.leaves)
    total = stays.sum(axis=1)
    shares = stays / total[:, None]
    shares[shares <= _LEAST_SHARE] = 0.0
    odds = (weights * seen.leaves).sum(axis=1) / total
    reaches = _reaches(regularity, odds, visits, chance)
    aim = ndtr(-reaches)
    several = (shares > 0).sum(axis=1) > 1
    shares[several[:, None] & (shares <= _SLIGHT * aim[:, None])] = 0.0
    ends = _log_days(seen, reaches)
    low = np.where(shares > 0, ends, np.inf).min(axis=1)
    high = np.where(shares > 0, ends, -np.inf).max(axis=1)
    apart = np.flatnonzero(high - low >= _NEAR)
    if len(apart):
        some = Seen(seen.log_weights[apart], seen.means[apart], seen.spreads[apart], seen.freedoms[apart], seen.leaves)
        low[apart] = _between(some, shares[apart], aim[apart], low[apart], high[apart])
    days: Floats = np.exp(low)
    return days


def _reaches(regularity: Regularity, odds: Floats, visits: Integers, chance: float) -> Floats:
    """The same as `reach_of`, by the habit of those who came as often."""
    reaches = np.empty(len(odds))
    number = np.searchsorted([habit.visits for habit in regularity.habits], visits, side="right") - 1
    for place, habit in enumerate(regularity.habits):
        those = number == place
        longer = np.minimum(np.log(habit.leaves * odds[those] * (1 - chance) / chance), np.log(SOONEST))
        tail = np.array(habit.tail)
        after = np.clip(np.searchsorted(-tail[1:-1], -longer, side="left") + 1, 1, len(tail) - 1)
        fall = np.maximum(tail[after - 1] - tail[after], 1e-9)
        steps = _GRID[after] - _GRID[after - 1]
        reaches[those] = _GRID[after - 1] + steps * (tail[after - 1] - longer) / fall
    clipped: Floats = np.clip(reaches, REACHES[0], FARTHEST)
    return clipped


def _log_days(seen: Seen, reaches: Floats) -> Floats:
    """The same as `Rhythm.log_days`, one column a kind."""
    reach, free = reaches[:, None], np.maximum(seen.freedoms, 1e-9)
    scaled = reach * (8 * free + 3) / (8 * free + 1)
    off = np.sqrt(free * np.expm1(np.minimum(scaled * scaled / free, 500.0)))
    normal = seen.means + np.copysign(off, reach) * seen.spreads
    by_chance = seen.means + np.log(np.expm1(np.minimum(-log_ndtr(-reach) * seen.spreads, 500.0)))
    told: Floats = np.minimum(np.where(seen.freedoms > 0, normal, by_chance), _LONGEST)
    return told


def _between(seen: Seen, shares: Floats, aim: Floats, low: Floats, high: Floats) -> Floats:
    """Where the kinds together leave such a share of gaps that are longer, as ln(days)."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        longer = (shares * np.exp(seen.log_longer(np.exp(middle)))).sum(axis=1)
        sooner = longer > aim
        low, high = np.where(sooner, middle, low), np.where(sooner, high, middle)
    return (low + high) / 2

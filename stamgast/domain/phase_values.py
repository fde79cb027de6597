"""What purchases to come are worth by BG/NBD, MBG/NBD or MBG/CNBD-k, as series in ln(alpha + T) of each x and phase.

A value is a sum over months of means, and these are told by their values at some nodes (`phase_means`). So the series
of an x is a product of a matrix with its values at the nodes, and the matrix is the same for every x: made once for a
way of discounting, it takes the place of a sum over months for each term.
"""

import math
from array import array
from functools import lru_cache
from operator import mul
from typing import Final

from stamgast.domain.chebyshev import Stretch, cosines, cut_off, stretch, value_at
from stamgast.domain.history import History
from stamgast.domain.models.bg_nbd import Dropout
from stamgast.domain.models.phase_means import LEAST_WEEKS, PhaseMeans, has_waves, longest_for, mixed, phase_means
from stamgast.domain.residual_value import Discounting, residual_value

_MOST_SERIES: Final = 4_000
"""Then all are forgotten; each takes a kilobyte."""
_Matrix = tuple[PhaseMeans, list["array[float]"]]


class PhaseTable:
    """The series of one model."""

    def __init__(self, model: Dropout) -> None:
        self._model = model
        self._stretch: Stretch = stretch(model.alpha, has_waves=has_waves(model))
        self._series: dict[tuple[int, float, float], list[list[float]] | None] = {}

    def whole(self, history: History, discounting: Discounting) -> float:
        """Return the value of all months' purchases of somebody who has not left."""
        return self._told(history, discounting, math.inf)

    def within(self, history: History, discounting: Discounting, weeks: float) -> float:
        """Return the same of the purchases within so many weeks."""
        return self._told(history, discounting, weeks)

    def mean(self, history: History, weeks: float) -> float:
        """Return how many purchases come within so many weeks."""
        return self._told(history, None, weeks)

    def _told(self, history: History, discounting: Discounting | None, weeks: float) -> float:
        key = (history.x, discounting.open_share if discounting else -1.0, weeks)
        if key not in self._series:
            if len(self._series) >= _MOST_SERIES:
                self._series.clear()
            self._series[key] = self._made(history.x, discounting, weeks)
        by_phase = self._series[key]
        model = self._model
        if by_phase is None:
            if discounting is None:
                return model.expected_if_alive(history, weeks)
            return residual_value(lambda t: model.expected_if_alive(history, min(t, weeks)), 1.0, discounting)
        place = self._stretch.place(history.T)
        worth = mixed(model, history, [value_at(each, place) for each in by_phase])
        return worth / (model.alpha + history.T)

    def _made(self, x: int, discounting: Discounting | None, within: float) -> list[list[float]] | None:
        """Return the series of an x by phase, each times alpha + T, over which they change less."""
        if (found := _matrix(self._model, self._stretch, discounting, within)) is None:
            return None
        means, matrix = found
        return [cut_off([sum(map(mul, row, each)) for row in matrix]) for each in means.at_nodes(x)]


@lru_cache(maxsize=512)
def _matrix(model: Dropout, over: Stretch, discounting: Discounting | None, within: float) -> _Matrix | None:
    """Return what makes a series of the means at the nodes; None where a month is shorter than all they know."""
    worths = _by_time(discounting, within)
    if not worths or min(worths) < LEAST_WEEKS:
        return None
    means = phase_means(model, longest_for(max(worths)))
    signed = [(-1) ** index * math.sqrt(1 - place * place) for index, place in enumerate(means.places)]
    rows = []
    for age in over.ages():
        since = model.alpha + age
        row = [0.0] * len(signed)
        for weeks, worth in worths.items():
            # What each node says there: Berrut and Trefethen, "Barycentric Lagrange interpolation", 2004.
            at = means.place(weeks / since)
            says = [sign / (at - place or 1e-300) for sign, place in zip(signed, means.places, strict=True)]
            factor = worth * since * math.log1p(weeks / since) / sum(says)
            row = [each + factor * more for each, more in zip(row, says, strict=True)]
        rows.append(row)
    columns = list(zip(*rows, strict=True))
    return means, [array("d", [sum(map(mul, each, column)) for column in columns]) for each in cosines(len(rows))]


def _by_time(discounting: Discounting | None, within: float) -> dict[float, float]:
    """Return what the mean of purchases until each time counts for, in all; times are weeks, none beyond `within`."""
    if discounting is None:
        return {within: 1.0}
    weights = (*discounting.weights(), 0.0)
    worths: dict[float, float] = {}
    for month in range(1, discounting.months + 1):
        until = min(discounting.weeks(month), within)
        worths[until] = worths.get(until, 0.0) + weights[month - 1] - weights[month]
    return worths

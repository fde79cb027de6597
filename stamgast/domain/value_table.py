"""The value of purchases to come, quickly: for one model and one way of discounting, again and again.

What somebody is worth who has not left depends on x and T alone, and where gaps are regular on the phase of the running
one; for each x it is smooth in ln(alpha + T) (`stamgast.domain.chebyshev`). A series of it is made when that x is
first met, for each share of open days. So it is for the members of a combination, of which each has two: one of all
months, one of what lies within the horizon that the correction is for.
"""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from stamgast.domain.attrition import Model
from stamgast.domain.chebyshev import LONGEST_WEEKS, Stretch, stretch, value_at
from stamgast.domain.history import History
from stamgast.domain.models.alike import Alike
from stamgast.domain.models.bg_nbd import Dropout
from stamgast.domain.models.combined import Combined, Member
from stamgast.domain.models.nbd import OwnRate
from stamgast.domain.models.pareto_nbd import Pareto
from stamgast.domain.models.phase_means import MOST_REPEATS, has_means
from stamgast.domain.phase_values import PhaseTable
from stamgast.domain.residual_value import Discounting, discounted_purchases, residual_value

_MOST_SERIES: Final = 4_000
"""Then all are forgotten; each takes a kilobyte."""


class ValueTable:
    """What one unit of spend on each purchase to come is worth, as `discounted_purchases` says it."""

    def __init__(self, model: Model, discounting: Discounting) -> None:
        self._model = model
        self._discounting = discounting
        members = model.members if isinstance(model, Combined) else (model,)
        self._smooth = all(not isinstance(each, Dropout) or has_means(each) for each in members)
        self._tables = [_table_of(each) for each in members] if self._smooth else []

    def purchases(self, history: History, open_share: float = 1.0) -> float:
        """Return discounted purchases times margin; times a customer's mean spend it is the predicted value.

        `open_share` as in `Discounting`; there should be few different ones.
        """
        model = self._model
        if not self._smooth or history.T > LONGEST_WEEKS or history.x > MOST_REPEATS:
            return discounted_purchases(model, history, self._when_open(open_share))
        if not isinstance(model, Combined):
            return model.p_alive(history) * self._tables[0].whole(history, self._when_open(open_share))
        discounting = self._when_open(open_share)
        state = model.at(history)
        whole = within = 0.0
        for place, (table, alive) in enumerate(zip(self._tables, state.alive, strict=True)):
            whole += model.believed(place) * alive * table.whole(history, discounting)
            if model.weights[place]:
                within += model.weights[place] * alive * table.within(history, discounting, model.weeks)
        share, blend = model.share, model.regression
        change = share * (state.ratio - 1)
        if blend is not None:
            believed = zip(model.weights, state.alive, self._tables, strict=True)
            mean = sum([w * alive * table.mean(history, model.weeks) for w, alive, table in believed if w])
            change += blend.weight * (state.regressed / max(mean, 1e-300) - 1)
        return whole + change * within

    def _when_open(self, share: float) -> Discounting:
        return self._discounting if share == 1 else replace(self._discounting, open_share=share)


class _MemberTable:
    """The series of one model whose means are quickly told."""

    def __init__(self, model: Pareto | OwnRate | Alike) -> None:
        self._model = model
        self._stretch: Stretch = stretch(_scale_of(model))
        self._series: dict[tuple[int, float, float], list[float]] = {}

    def whole(self, history: History, discounting: Discounting) -> float:
        """Return the value of all months' purchases of somebody who has not left."""
        return self._value(history, discounting, 0.0)

    def within(self, history: History, discounting: Discounting, weeks: float) -> float:
        """Return the same of the purchases within so many weeks."""
        return self._value(history, discounting, weeks)

    def mean(self, history: History, weeks: float) -> float:
        """Return how many purchases come within so many weeks."""
        return self._model.expected_if_alive(history, weeks)

    def _value(self, history: History, discounting: Discounting, within: float) -> float:
        key = (history.x, discounting.open_share, within)
        series = self._series.get(key)
        if series is None:
            if len(self._series) >= _MOST_SERIES:
                self._series.clear()
            series = self._series[key] = self._stretch.series(self._worth(history.x, discounting, within))
        return value_at(series, self._stretch.place(history.T))

    def _worth(self, x: int, discounting: Discounting, within: float) -> Callable[[float], float]:
        model = self._model

        def worth(age: float) -> float:
            history = History(x, 0.0, age)
            return residual_value(
                lambda weeks: model.expected_if_alive(history, min(weeks, within) if within else weeks),
                1.0,
                discounting,
            )

        return worth


def _table_of(model: Member) -> PhaseTable | _MemberTable:
    return PhaseTable(model) if isinstance(model, Dropout) else _MemberTable(model)


def _scale_of(model: Pareto | OwnRate | Alike) -> float:
    """Return the scale above which a model's means are smooth in the logarithm of T."""
    match model:
        case Pareto():
            return min(model.alpha, model.beta)
        case OwnRate():
            return model.alpha
    return 1.0

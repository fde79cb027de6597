"""On which day each customer of a sample lapses if no purchase comes: the day on which a worker would say so.

By the shop's regularity where the parameters say it, else by the model as `stamgast.domain.quiet_spells` asks it, or by
each one's own rhythm where the programme wants that. All three are of the last visit, whatever day it is now.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from stamgast.clv.data.rows import Floats, Integers, Rows
from stamgast.clv.data.state_sample import Live
from stamgast.clv.models.regularity_days import whole_days
from stamgast.clv.models.regularity_kinds import Sums
from stamgast.clv.scoring import Lapses
from stamgast.domain.attrition import Model
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.days import log_gap
from stamgast.domain.history import WEEK_DAYS, History
from stamgast.domain.program import LapseModel
from stamgast.domain.quiet_spells import own_rhythm, quiet_days
from stamgast.domain.regularity import WINDOW, Regularity

_ROUNDING: Final = 1e-9
_ONCE_OR_TWICE: Final = 1
"""Of those who came again so often at most, as many are told by one gap: each of them is reckoned once."""


def lapse_days(live: Live, parameters: ParameterSet, lapse: LapseModel, closed: ClosedDays) -> Lapses:
    """Return the day of each customer; `live` counts days as the parameters do, for a shop with the days `closed`."""
    days, bounds = live.flat()
    last = days[bounds[1:] - 1].astype(np.float64)
    if lapse.by != "model":
        return Lapses(last + np.floor(_by_own_rhythm(days, bounds, lapse)), "their own rhythm")
    if parameters.regularity is None:
        time, waits = parameters.time(closed), _by_model(parameters.attrition(), live.sample.rows, lapse)
        by = f"P(alive) below {lapse.alive_below:g}, nobody before they could be back"
    else:  # which knows of no seasons
        time = closed.closures()
        waits = _by_regularity(days, bounds, parameters.regularity, lapse, closed.dead_seasons()).astype(np.float64)
        by = f"each one's regularity, {lapse.precision:.0%} sure"
    if not time.is_calendar:
        each = zip(days[bounds[1:] - 1].tolist(), waits.tolist(), strict=True)
        waits = np.array([time.after(day, wait) for day, wait in each])
    return Lapses(last + np.floor(waits + _ROUNDING), by)


def _by_regularity(
    days: Integers, bounds: Integers, regularity: Regularity, lapse: LapseModel, dead: ClosedDays
) -> Integers:
    visits = np.diff(bounds)
    sums = _newest_gaps(days, bounds, dead)
    chance = regularity.chance_for(lapse.precision)
    few = visits - 1 <= _ONCE_OR_TWICE
    keys = np.where(few, visits * (1 << 32) + sums.days.astype(np.int64), -1 - np.arange(len(visits)))
    _, place, back = np.unique(keys, return_index=True, return_inverse=True)
    waits: Integers = whole_days(regularity, sums.at(place), visits[place], chance)[back]
    return waits


def _newest_gaps(days: Integers, bounds: Integers, dead: ClosedDays) -> Sums:
    """The same as `stamgast.domain.regularity.newest_gaps`, of all."""
    visits = np.diff(bounds)
    gaps = np.diff(days, prepend=0)
    if dead.days:
        shut = np.searchsorted(dead.days, days, side="right")
        gaps = np.maximum(gaps - np.diff(shut, prepend=0), 1)
    until_last = np.repeat(bounds[1:], visits) - 1 - np.arange(len(days))
    counted = until_last < WINDOW
    counted[bounds[:-1]] = False
    logs = np.log(np.where(counted, gaps, 1))
    total, squares = (np.add.reduceat(each, bounds[:-1]) for each in (logs, logs * logs))
    spent = np.add.reduceat(np.where(counted, gaps, 0), bounds[:-1]).astype(np.float64)
    number = np.minimum(visits - 1, WINDOW).astype(np.float64)
    return Sums(number, total, squares, spent, (visits - 1).astype(np.float64), np.zeros(len(visits)))


def _by_model(model: Model, rows: Rows, lapse: LapseModel) -> Floats:
    _, place, back = np.unique(rows.x << 32 | rows.recency, return_index=True, return_inverse=True)
    histories = (
        History(x, recency / WEEK_DAYS, recency / WEEK_DAYS)
        for x, recency in zip(rows.x[place].tolist(), rows.recency[place].tolist(), strict=True)
    )
    each = [quiet_days(model, history, lapse.alive_below, lapse.quantile) for history in histories]
    waits: Floats = np.array(each)[back]
    return waits


def _by_own_rhythm(days: Integers, bounds: Integers, lapse: LapseModel) -> Floats:
    gaps = np.diff(days, prepend=0)
    gaps[bounds[:-1]] = 1
    different, back = np.unique(gaps, return_inverse=True)
    logs = np.add.reduceat(np.array([log_gap(gap) for gap in different.tolist()])[back], bounds[:-1])
    each = zip(np.diff(bounds).tolist(), logs.tolist(), strict=True)
    return np.array([own_rhythm(visits, total, lapse).lapse for visits, total in each])

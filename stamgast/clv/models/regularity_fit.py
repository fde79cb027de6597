"""A shop's regularity from its customers' purchase days: see `stamgast.domain.regularity`.

First the kinds of customers. Then, by the number of visits, how long the gaps were in truth and how many left. Who has
not come again has left, or is on the way: with which chance follows from the tail, and the tail from who is on the way
(expectation and maximisation in turns; tails by the product limit of Kaplan and Meier, 1958, in which whoever has left
has no part). At last the alerts that each chance would have made in this past are counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from scipy.special import log_ndtr, ndtri_exp

from stamgast.clv.data.histories import PurchaseDays
from stamgast.clv.data.rows import Floats
from stamgast.clv.models.regularity_kinds import Sums, find_kinds, see
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.regularity import REACHES, SOONEST, WINDOW, Habit, Kind, Regularity
from stamgast.domain.units import Day

FEWEST: Final = 50
"""Customers who came again: with fewer a shop has no regularity of its own. That nobody came a third time, or next to
nobody fell silent yet, is no reason to have none (docs/adr/0173): kinds and formulas say what the past does not."""
MOST: Final = 5_000
"""So many customers are enough."""
_LONGEST: Final = 64
"""Gaps of one customer that are looked at: the newest."""
_VISITS: Final = (1, 2, 3, 5, 9, 17)
_ROUNDS: Final = 40
_GAPS: Final = 400.0
"""So many gaps count the shop's tail (and for the shop's: a normal's) against those of who came as often."""
_VISITORS: Final = 1_500.0
"""So many customers count the kinds' own chances of leaving against those who came as often."""
_ALERTS: Final = 10.0
"""So many alerts count what the formulas say against those of the past."""
_FEW_WRONG: Final = 0.8
"""Beyond this chance wrong calls are few, and told by the few longest gaps: doubt in how many there are rises to two
standard deviations."""
_BELIEVED: Final = 0.9
_MARGIN: Final = 0.005
"""A past may have been lucky: calls are not believed to be surer than `_BELIEVED` at a chance smaller than that."""
_CHANCES: Final = tuple(each / 100 for each in (*range(4, 97, 2), 97, 98, 99))
_GRID: Final = np.array(REACHES)


class Spells(NamedTuple):
    """Times between visits and those since the last one, as they were to be expected: `ended` where a visit came."""

    classes: np.ndarray
    ended: np.ndarray
    reaches: Floats
    """How far each went, in deviations of a normal."""
    odds: Floats
    """Of having left at the visit before, by the kinds."""


class Called(NamedTuple):
    """What calls at a chance come to: the share that is right."""

    chance: float
    share: float


def fit_regularity(customers: Sequence[PurchaseDays], as_of: Day, closed: ClosedDays) -> Regularity | None:
    """Return the shop's regularity at the end of a day; None where too few came again to tell.

    Closed days are days as all others, but for dead seasons: whoever names a fortnight is not to be told sooner for it,
    and wrongly.
    """
    step = -(-len(customers) // MOST)
    chosen = customers[::step] if step > 1 else customers
    dead = closed.dead_seasons()
    gaps = [_gaps(days, dead) for days in chosen]
    if sum(map(bool, gaps)) < FEWEST:
        return None
    quiet = [dead.open_between(days[-1], as_of) for days in chosen]
    kinds = find_kinds(_sums(chosen, gaps, quiet))
    spells = _spells(kinds, *_moments(chosen, gaps, quiet))
    habits, gone = _habits(spells)
    return Regularity(kinds, habits, _sureness(_calls(habits, spells, gone)))


def _gaps(days: PurchaseDays, dead: ClosedDays) -> list[float]:
    newest = days[-_LONGEST - 1 :]
    return [float(max(dead.open_between(*pair), 1)) for pair in pairwise(newest)]


def _sums(customers: Sequence[PurchaseDays], gaps: Sequence[list[float]], quiet: Sequence[int]) -> Sums:
    logs = [np.log(each[-WINDOW:]) for each in gaps]
    return Sums(
        np.array([len(each) for each in logs], dtype=np.float64),
        np.array([each.sum() for each in logs]),
        np.array([(each * each).sum() for each in logs]),
        np.array([sum(each[-WINDOW:]) for each in gaps]),
        np.array([len(days) - 1 for days in customers], dtype=np.float64),
        np.array(quiet) + 0.5,
    )


def _moments(
    customers: Sequence[PurchaseDays], gaps: Sequence[list[float]], quiet: Sequence[int]
) -> tuple[Sums, np.ndarray]:
    """Every visit as it looked then, with the time until the next one or until now; and which of them ended."""
    rows: list[tuple[float, ...]] = []
    for days, own, since in zip(customers, gaps, quiet, strict=True):
        logs = [math.log(each) for each in own]
        before = len(days) - 1 - len(own)
        total = squares = spent = 0.0
        for index in range(len(own) + 1):
            if index:
                total += logs[index - 1]
                squares += logs[index - 1] ** 2
                spent += own[index - 1]
            if index > WINDOW:
                total -= logs[index - 1 - WINDOW]
                squares -= logs[index - 1 - WINDOW] ** 2
                spent -= own[index - 1 - WINDOW]
            ended = index < len(own)
            if not before or index >= WINDOW:
                length = own[index] if ended else since + 0.5
                rows.append((min(index, WINDOW), total, squares, spent, before + index, length, ended))
    table = np.array(rows)
    return Sums(*table[:, :6].T), table[:, 6] > 0


def _spells(kinds: Sequence[Kind], sums: Sums, ended: np.ndarray) -> Spells:
    seen = see(kinds, sums)
    stays = seen.log_weights + np.log1p(-seen.leaves)
    stay = np.logaddexp.reduce(stays, axis=1)
    odds = np.exp(np.logaddexp.reduce(seen.log_weights + np.log(seen.leaves), axis=1) - stay)
    longer = np.logaddexp.reduce(stays - stay[:, None] + seen.log_longer(sums.quiet), axis=1)
    reaches = -ndtri_exp(np.minimum(longer, -1e-12))
    classes = np.searchsorted(_VISITS, sums.stays + 1, side="right") - 1
    return Spells(classes, ended, np.clip(reaches, -8, 30), odds)


def _habits(spells: Spells) -> tuple[tuple[Habit, ...], Floats]:
    """The habits, and of each spell the chance that it never ends (0 where it ended)."""
    usual = log_ndtr(-_GRID)
    tails, times = [usual] * len(_VISITS), [1.0] * len(_VISITS)
    gone = np.zeros(len(spells.ended))
    for _ in range(_ROUNDS):
        for number in range(len(_VISITS)):
            quiet = (spells.classes == number) & ~spells.ended
            odds = times[number] * spells.odds[quiet]
            gone[quiet] = odds / (odds + np.exp(_at(tails[number], spells.reaches[quiet])))
        shop = _tail(spells.reaches, spells.ended, gone, usual)
        for number in range(len(_VISITS)):
            those = spells.classes == number
            tails[number] = _tail(spells.reaches[those], spells.ended[those], gone[those], shop)
            odds = times[number] * spells.odds[those]
            expected = float((odds / (1 + odds)).sum())
            usual_share = expected / max(int(those.sum()), 1) if those.any() else 0.1
            more = _VISITORS * usual_share
            times[number] *= (float(gone[those].sum()) + more) / (expected + more)
            times[number] = min(max(times[number], 0.05), 20.0)
    habits = tuple(
        Habit(visits, round(each, 6), tuple(round(float(height), 6) for height in tail))
        for visits, each, tail in zip(_VISITS, times, tails, strict=True)
    )
    return habits, gone


def _tail(reaches: Floats, ended: np.ndarray, gone: Floats, usual: Floats) -> Floats:
    """Ln of the share that goes on for longer, at each of `REACHES`: by the product limit, drawn towards the usual."""
    weights = 1 - gone
    tail, log_longer = np.empty(len(_GRID)), 0.0
    before, low = 0.0, -math.inf
    for index, high in enumerate(REACHES):
        inside = (reaches > low) & (reaches <= high)
        # Whoever is only on the way within the step was at risk for half of it.
        at_risk = float(weights[reaches > low].sum()) - float(weights[inside & ~ended].sum()) / 2
        fell = float((inside & ended).sum())
        stays = math.exp(usual[index] - before)
        log_longer += math.log((max(at_risk - fell, 0.0) + _GAPS * stays) / (at_risk + _GAPS))
        tail[index] = log_longer
        before, low = usual[index], high
    return tail


def _at(tail: Floats, reaches: Floats) -> Floats:
    """The tail between and beyond `REACHES`, as `reach_of` has it."""
    inside = np.interp(reaches, _GRID, tail)
    slope = (tail[-1] - tail[-2]) / (_GRID[-1] - _GRID[-2])
    rise = tail[0] * np.clip((reaches + 4) / (_GRID[0] + 4), 0, 1)
    told: Floats = np.where(
        reaches > _GRID[-1], tail[-1] + slope * (reaches - _GRID[-1]), np.where(reaches < _GRID[0], rise, inside)
    )
    return told


def _calls(habits: Sequence[Habit], spells: Spells, gone: Floats) -> list[Called]:
    """What calls at each chance of `_CHANCES` would have come to in this past, in doubt a little worse."""
    heights, odds = np.empty(len(gone)), np.empty(len(gone))
    for number, habit in enumerate(habits):
        those = spells.classes == number
        heights[those] = _at(np.array(habit.tail), spells.reaches[those])
        odds[those] = habit.leaves * spells.odds[those]
    found: list[Called] = []
    for chance in _CHANCES:
        told = heights < np.log(np.minimum(odds * (1 - chance) / chance, SOONEST))
        wrong = float((1 - gone[told]).sum())
        doubt = 1 + max(0.0, (chance - _FEW_WRONG) / (1 - _FEW_WRONG))
        wrong += doubt * math.sqrt(wrong) + _ALERTS * (1 - chance)
        share = min(1 - wrong / (float(told.sum()) + _ALERTS), max(_BELIEVED, chance + _MARGIN))
        found.append(Called(chance, share))
    return found


def _sureness(calls: Sequence[Called]) -> tuple[tuple[float, float], ...]:
    table: list[tuple[float, float]] = []
    for chance, share in calls:
        if 0 < share < 1 and (not table or share > table[-1][0] + 1e-4):
            table.append((round(share, 6), chance))
    return tuple(table)

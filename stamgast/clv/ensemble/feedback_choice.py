"""Whether what customers said of a shop tells what they will buy, beside when they bought: scores as an input to a fit.

Asked at the cuts that models are chosen at, of the parameters that were found and of customers who had given a score:
each is in the band of the newest one by then. A band's pace is the one by which what its customers did after the cut
was likeliest, drawn towards that of all of them the more the fewer they are (a normal prior on its logarithm). Half of
the customers teach what the other half is foretold by, so whoever judges has taught nothing; paces are taken where they
foretold better than one pace for all, nine chances to one, after every cut with `FEWEST` scores. They are taken as
shares of that of all: a cut at which the model told too many or too few teaches nothing of scores.

Whoever never gave a score goes at the model's own pace. One of theirs would tell of how often they came: who was asked
after one visit in three and never answered came seldom, and what a model gets wrong of these is nothing that they said.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from stamgast.clv.data.histories import rows_as_of, split_at
from stamgast.clv.data.rows import Floats, Integers, Rows
from stamgast.clv.data.state_sample import Live
from stamgast.clv.ensemble.best_model import times_after
from stamgast.clv.selection.resampling import interval_of_mean
from stamgast.clv.selection.validation_split import MOST_DAYS, surprises
from stamgast.domain.attrition import Model
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.counting import so_many
from stamgast.domain.feedback import BANDS, FASTEST, SLOWEST, Band, band_by
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.units import Day

FEWEST: Final = 100
"""Customers whose score was known at a cut, of fewer of whom nothing is learnt."""
MOST_CUSTOMERS: Final = 5_000
"""Of more, as many at equal distances in the order of their names."""
_SPREAD: Final = 0.3
"""Standard deviation of the logarithms of paces across bands, before anything is seen."""
_NINE_TO_ONE: Final = 1.2816 / 1.96
"""Of half a 95 % interval."""
_LOGS: Final = np.linspace(np.log(SLOWEST), np.log(FASTEST), 15)


class FeedbackChoice(NamedTuple):
    """Paces by band, empty where scores are not gone by; and what is said of it, empty where nobody gave any."""

    paces: dict[str, float]
    said: str = ""


def heeding(found: ParameterSet, live: Live, days: int, closed: ClosedDays) -> ParameterSet:
    """Return a fit with the paces that are to be gone by, if there are any, and a note of what was found.

    `live` is what it was fitted to, `days` the horizon that it was fitted for.
    """
    chosen = choose_feedback(live, found, days, closed)
    if not chosen.said:
        return found
    report = found.fit and replace(found.fit, notes=[*found.fit.notes, chosen.said])
    return replace(found, feedback=chosen.paces, fit=report).versioned()


class _Cut(NamedTuple):
    """What is known at a cut of who had given a score, their band (a place in `BANDS`), and what came after it."""

    rows: Rows
    weeks: float
    came: Integers
    bands: Integers
    halves: Integers
    customers: int
    days: int

    def surprise(self, model: Model, pace: float, some: NDArray[np.bool_]) -> Floats:
        """Return -ln of the chance that was given to what some customers did, if their time runs so fast."""
        return surprises(model, self.rows[np.flatnonzero(some)], self.weeks * pace, self.came[some])


def choose_feedback(live: Live, parameters: ParameterSet, days: int, closed: ClosedDays) -> FeedbackChoice:
    """Find whether scores are to be gone by beside these parameters, which count days for at most so many `days`."""
    if not live.said:
        return FeedbackChoice({})
    model, time = parameters.attrition(), parameters.time(closed)
    as_of, span = live.sample.as_of, live.sample.as_of - min(live.sample.first_days)
    cuts = [_cut(live, as_of - after, time) for after in times_after(span, min(MOST_DAYS, days)) if after >= WEEK_DAYS]
    held = [each for each in cuts if each is not None]
    if not held:
        told = so_many(sum(map(bool, live.said)), "customer")
        return FeedbackChoice({}, f"{told} gave a score, too few by the days that are judged by to learn from")
    tables = [_table(model, cut) for cut in held]
    gains = [_gain(model, cut, table) for cut, table in zip(held, tables, strict=True)]
    seen = _told(held, gains)
    if not all(mean > _NINE_TO_ONE * (high - low) / 2 for mean, low, high in gains):
        return FeedbackChoice({}, f"what customers said is not gone by: it {seen}")
    paces = _paces(held, tables, [np.ones(len(cut.came), dtype=np.bool_) for cut in held])
    shares = np.clip(np.exp(paces[1:] - paces[0]), SLOWEST, FASTEST)
    found = {band.value: round(float(share), 4) for band, share in zip(BANDS, shares, strict=True)}
    return FeedbackChoice(found, f"what customers said is gone by: it {seen}")


def _cut(live: Live, cut: Day, time: ClosedDays) -> _Cut | None:
    """Return what is known at the end of a day; None: too few had given a score by then."""
    bands = [band_by(said, cut) for said in live.said]
    scored = [place for place, days in enumerate(live.days) if days[0] <= cut and bands[place] in BANDS]
    if len(scored) < FEWEST:
        return None
    scored.sort(key=lambda place: live.sample.names[place])
    most = min(len(scored), MOST_CUSTOMERS)
    kept = [scored[at * len(scored) // most] for at in range(most)]
    known, came = split_at([live.days[place] for place in kept], cut)
    end = live.sample.as_of
    return _Cut(
        rows_as_of(known, cut, time),
        time.open_between(cut, end) / WEEK_DAYS,
        came,
        np.array([BANDS.index(bands[place] or Band.NONE) for place in kept]),
        np.arange(len(kept)) % 2,
        len(scored),
        end - cut,
    )


def _table(model: Model, cut: _Cut) -> Floats:
    """Return what each customer (a row) surprises by, for each of `_LOGS` (a column)."""
    everybody = np.ones(len(cut.came), dtype=np.bool_)
    each = [cut.surprise(model, float(np.exp(log)), everybody) for log in _LOGS]
    return np.stack(each, axis=1)


def _paces(cuts: list[_Cut], tables: list[Floats], taught: list[NDArray[np.bool_]]) -> Floats:
    """Return the logarithm of the pace of all together, and of each band; a customer counts once in all cuts."""
    share = 1 / len(cuts)
    whole = share * sum((table[some].sum(axis=0) for table, some in zip(tables, taught, strict=True)), np.zeros(()))
    level = _least(whole)
    found = [level]
    for place in range(len(BANDS)):
        every = zip(cuts, tables, taught, strict=True)
        sums = [table[some & (cut.bands == place)].sum(axis=0) for cut, table, some in every]
        found.append(_least(share * sum(sums, np.zeros(())) + (_LOGS - level) ** 2 / (2 * _SPREAD**2)))
    return np.array(found)


def _least(surprise: Floats) -> float:
    """Return where a convex function of the logarithm is least, by the parabola through its smallest value."""
    place = int(np.clip(np.argmin(surprise), 1, len(_LOGS) - 2))
    before, here, after = surprise[place - 1 : place + 2]
    bend = before - 2 * here + after
    step = 0.0 if bend <= 0 else float(np.clip((before - after) / (2 * bend), -1, 1))
    return float(_LOGS[place] + step * (_LOGS[1] - _LOGS[0]))


def _gain(model: Model, cut: _Cut, table: Floats) -> tuple[float, float, float]:
    """Return what a pace for each band gained on one for all in log score, and its 95 % interval."""
    gained = np.zeros(len(cut.came))
    for half in (0, 1):
        judges = cut.halves == half
        level, *paces = np.exp(_paces([cut], [table], [~judges]))
        for place, pace in enumerate(paces):
            some = judges & (cut.bands == place)
            if some.any():
                gained[some] = cut.surprise(model, level, some) - cut.surprise(model, pace, some)
    return float(gained.mean()), *interval_of_mean(gained)


def _told(cuts: list[_Cut], gains: list[tuple[float, float, float]]) -> str:
    """Say what was gained or lost where it was least."""
    (mean, low, high), cut = min(zip(gains, cuts, strict=True), key=lambda each: each[0])
    how = "better" if mean > 0 else "worse"
    gained = f"{how} by {abs(mean):.4f} in log score [{low:+.4f}, {high:+.4f}]"
    return f"foretold the last {cut.days} days {gained}, when {so_many(cut.customers, 'customer')} had given a score"

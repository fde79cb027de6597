"""Whether a shop's days are to be counted by a season: its own, that of its trade, or none.

Rehearsed at the cuts that models are chosen at: the same purchase model foretells what came after each from days
counted alike and from days counted by each season, an own one learnt from what was known then. An own season is taken
where it foretold better, nine chances to one, after every cut that had a year before it: a season that is missed costs
far more than one that is none, which is next to flat. That of a trade, which somebody named, is taken unless it
foretold worse beyond doubt (a paired 95 % interval over customers), or the own one better.

A shop of one year has no such cut. There the course of that year is taken for its season where it is none of chance, of
a steady trend, or too slight to matter (`_of_first_year`): whoever takes a busy December for growth foretells the
months after it by half too high (docs/adr/0212).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from stamgast.clv.data.histories import PurchaseDays, rows_as_of, split_at
from stamgast.clv.data.rows import Floats
from stamgast.clv.models.fitting import fit_with_fallback
from stamgast.clv.models.season_fit import FEWEST as FEWEST_TOLD
from stamgast.clv.models.season_fit import fit_season, gained_on_trend
from stamgast.clv.selection.resampling import interval_of_mean
from stamgast.clv.selection.validation_split import FEWEST, MOST_DAYS, surprises
from stamgast.domain.attrition import MBG_NBD
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.season import Season, shop_time
from stamgast.domain.units import Day

SHARES_AFTER: Final = (1 / 3, 1 / 2)
"""Of the known time, what each cut leaves to foretell; `MOST_DAYS` and the horizon at most."""
YEAR_KNOWN: Final = 48 * WEEK_DAYS
"""Days, less than which teach no season: some of the year would be told by nothing."""
MOST_CUSTOMERS: Final = 5_000
LEAST_SWING: Final = 0.2
"""Standard deviation of weights that are 1 on average, below which the course of a first year is not taken. In drawn
shops without seasons pauses and regular gaps looked like up to .16."""
_NINE_TO_ONE: Final = 1.2816 / 1.96
"""Of half a 95 % interval."""


class SeasonChoice(NamedTuple):
    """The season that days are to be counted by, None: they count alike; and what is said of it, empty for nothing."""

    season: Season | None
    said: str = ""


class _Gain(NamedTuple):
    """What a season gained in log score on days that count alike, after one cut."""

    days: int
    mean: float
    low: float
    high: float

    @property
    def is_likely(self) -> bool:
        """Whether it is above 0 with nine chances to one; `low` and `high` are the ends of a 95 % interval."""
        return self.mean > _NINE_TO_ONE * (self.high - self.low) / 2


def choose_season(
    customers: Sequence[PurchaseDays], as_of: Day, days: int, closed: ClosedDays, trade: Season | None = None
) -> SeasonChoice:
    """Choose for customers known up to a day and for so many days; `trade` is the season of a trade if one is named."""
    some = _thinned(customers)
    span = as_of - min(each[0] for each in some)
    own, theirs = list[_Gain](), list[_Gain]()
    cuts = list(dict.fromkeys(as_of - min(int(span * share), MOST_DAYS, days) for share in SHARES_AFTER))
    for cut in cuts:
        own += _own_gain(some, cut, as_of, closed) if span - (as_of - cut) >= YEAR_KNOWN else ()
        theirs += _gain(some, cut, as_of, closed, trade) if trade is not None else ()
    proven = bool(own) and all(each.is_likely for each in own)
    if proven and _mean(own) > _mean(theirs) and (learnt := fit_season(some, closed)) is not None:
        return SeasonChoice(learnt, f"the shop's own season is used: it {_told(own)}")
    if trade is not None and not any(each.high < 0 for each in theirs):
        seen = f"it {_told(theirs)}" if theirs else "there is too little to see whether it fits"
        return SeasonChoice(trade, f"the season of {trade.origin}, which is named, is used: {seen}")
    refused = "" if trade is None else f"the season of {trade.origin}, which is named, is not used: it {_told(theirs)}"
    if not own and span >= YEAR_KNOWN and (first := _of_first_year(some, as_of, cuts, closed)).season is not None:
        return SeasonChoice(first.season, f"{first.said}; {refused}" if refused else first.said)
    return SeasonChoice(None, refused or (f"no season is used: its own {_told(own)}" if own else ""))


def _of_first_year(
    customers: Sequence[PurchaseDays], as_of: Day, cuts: Sequence[Day], closed: ClosedDays
) -> SeasonChoice:
    """Return the course of the only year that is known as a season, if it is to be taken for one.

    Of each half of the customers it has to tell when the other half came better than a steady trend does, beyond doubt,
    and to foretell what they did after each cut better than days that count alike. It knows what came after the cut,
    of others: a course that only looks like one, for gaps are regular or pauses long, foretells nothing all the same.
    """
    learnt = fit_season(customers, closed)
    if learnt is None or float(np.std(learnt.weekly)) < LEAST_SWING:
        return SeasonChoice(None)
    gained = gained_on_trend(customers, closed)
    if not len(gained) or interval_of_mean(gained)[0] <= 0:
        return SeasonChoice(None)
    halves = customers[::2], customers[1::2]
    seasons = [fit_season(half, closed, FEWEST_TOLD // 2) for half in halves]
    gains = list[_Gain]()
    for cut in cuts:
        by_half = [_gained(theirs, cut, as_of, closed, of) for of, theirs in zip(seasons, halves[::-1], strict=True)]
        gains += _as_gain(np.concatenate(by_half), as_of - cut)
    if not gains or any(each.mean <= 0 for each in gains):
        return SeasonChoice(None)
    told = f"what half of the customers tell of it {_told(gains)} for the others"
    return SeasonChoice(learnt, f"the course of the first year is taken for the shop's season: {told}")


def _own_gain(customers: Sequence[PurchaseDays], cut: Day, end: Day, closed: ClosedDays) -> list[_Gain]:
    known, _ = split_at(customers, cut)
    learnt = fit_season(known, closed)
    return [] if learnt is None else _gain(customers, cut, end, closed, learnt)


def _gain(customers: Sequence[PurchaseDays], cut: Day, end: Day, closed: ClosedDays, season: Season) -> list[_Gain]:
    return _as_gain(_gained(customers, cut, end, closed, season), end - cut)


def _as_gain(gained: Floats, days: int) -> list[_Gain]:
    """Return what was gained in so many days; nothing of too few customers or days."""
    if len(gained) < FEWEST or days < WEEK_DAYS:
        return []
    return [_Gain(days, float(gained.mean()), *interval_of_mean(gained))]


def _gained(customers: Sequence[PurchaseDays], cut: Day, end: Day, closed: ClosedDays, season: Season | None) -> Floats:
    """Return what days by a season gained in log score on days that count alike, of each customer known at the cut."""
    known, came = split_at(customers, cut)
    if not known or season is None:
        return np.zeros(len(known))

    def surprise(time: ClosedDays) -> Floats:
        rows = rows_as_of(known, cut, time)
        return surprises(fit_with_fallback(MBG_NBD, rows).model, rows, time.open_between(cut, end) / WEEK_DAYS, came)

    gained: Floats = surprise(closed) - surprise(shop_time(closed, season))
    return gained


def _mean(gains: list[_Gain]) -> float:
    return float(np.mean([each.mean for each in gains])) if gains else -np.inf


def _told(gains: list[_Gain]) -> str:
    """Say what was gained or lost where it was least."""
    least = min(gains, key=lambda each: each.mean)
    how = "better" if least.mean > 0 else "worse"
    between = f"[{least.low:+.4f}, {least.high:+.4f}]"
    return f"foretold the last {least.days} days {how} by {abs(least.mean):.4f} in log score {between}"


def _thinned(customers: Sequence[PurchaseDays]) -> Sequence[PurchaseDays]:
    count = len(customers)
    if count <= MOST_CUSTOMERS:
        return customers
    return [customers[place * count // MOST_CUSTOMERS] for place in range(MOST_CUSTOMERS)]

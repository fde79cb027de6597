"""Whether a shop's days are to be counted by a season: its own, that of its trade, or none.

Rehearsed at the cuts that models are chosen at: the same purchase model foretells what came after each from days
counted alike and from days counted by each season, an own one learnt from what was known then. An own season is taken
where it foretold better, nine chances to one, after every cut that had a year before it: a season that is missed costs
far more than one that is none, which is next to flat. That of a trade, which somebody named, is taken unless it
foretold worse beyond doubt (a paired 95 % interval over customers), or the own one better.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from stamgast.clv.data.histories import PurchaseDays, rows_as_of, split_at
from stamgast.clv.data.rows import Floats
from stamgast.clv.models.fitting import fit_with_fallback
from stamgast.clv.models.season_fit import fit_season
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
    for after in dict.fromkeys(min(int(span * share), MOST_DAYS, days) for share in SHARES_AFTER):
        own += _own_gain(some, as_of - after, as_of, closed) if span - after >= YEAR_KNOWN else ()
        theirs += _gain(some, as_of - after, as_of, closed, trade) if trade is not None else ()
    proven = bool(own) and all(each.is_likely for each in own)
    if proven and _mean(own) > _mean(theirs) and (learnt := fit_season(some, closed)) is not None:
        return SeasonChoice(learnt, f"the shop's own season is used: it {_told(own)}")
    if trade is None:
        return SeasonChoice(None, f"no season is used: its own {_told(own)}" if own else "")
    if any(each.high < 0 for each in theirs):
        return SeasonChoice(None, f"the season of {trade.origin}, which is named, is not used: it {_told(theirs)}")
    seen = f"it {_told(theirs)}" if theirs else "there is too little to see whether it fits"
    return SeasonChoice(trade, f"the season of {trade.origin}, which is named, is used: {seen}")


def _own_gain(customers: Sequence[PurchaseDays], cut: Day, end: Day, closed: ClosedDays) -> list[_Gain]:
    known, _ = split_at(customers, cut)
    learnt = fit_season(known, closed)
    return [] if learnt is None else _gain(customers, cut, end, closed, learnt)


def _gain(customers: Sequence[PurchaseDays], cut: Day, end: Day, closed: ClosedDays, season: Season) -> list[_Gain]:
    known, came = split_at(customers, cut)
    if len(known) < FEWEST or end - cut < WEEK_DAYS:
        return []

    def surprise(time: ClosedDays) -> Floats:
        rows = rows_as_of(known, cut, time)
        return surprises(fit_with_fallback(MBG_NBD, rows).model, rows, time.open_between(cut, end) / WEEK_DAYS, came)

    gained = surprise(closed) - surprise(shop_time(closed, season))
    return [_Gain(end - cut, float(gained.mean()), *interval_of_mean(gained))]


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

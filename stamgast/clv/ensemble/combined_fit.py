"""The combined model as a parameter set, which whatever goes by one can go by: `score`, rules, timers, segments.

It is learnt from purchase days alone, so that what live states know is enough. Where a shop's closed days are left out,
all of it is learnt on days counted as open ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from stamgast.clv.data.purchase_file import Buyer, Purchases
from stamgast.clv.data.shop_days import DayCounter
from stamgast.clv.data.state_sample import Live, live_of_days
from stamgast.clv.ensemble.combined import FEATURES, LEAST_P, Combination, combine, fit_models
from stamgast.clv.models.fitting import Fit, fit_alike
from stamgast.clv.models.regression import REGRESSION
from stamgast.clv.scoring import with_spend
from stamgast.domain.attrition import ALIKE, BLENDED, COMBINED, CORRECTION
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.models.gamma_gamma import Orders
from stamgast.sheets.cells import MICRO

LEARNT = "learnt at earlier days"
"""What a fit report calls the method."""
MOST_CUSTOMERS: Final = 20_000
NOTHING_BLENDED: Final[Mapping[str, float]] = MappingProxyType({})


def fit_combined(
    live: Live,
    orders: Orders,
    days: int,
    closed: ClosedDays = ClosedDays(),  # noqa: B008
    shares: Mapping[str, float] = NOTHING_BLENDED,
) -> ParameterSet | None:
    """Learn the combined model for a horizon of so many days, or a blend with it; None: too little to learn from.

    `live` leaves the days `closed` out already; `shares` is how far each model is believed in a blend. Of more than
    `MOST_CUSTOMERS` it learns from as many, which is what makes a fit to a million take seconds.
    """
    some = thinned(live, closed, MOST_CUSTOMERS)
    fits = fit_models(some.sample)
    found = combine(purchase_days(some, closed), some.sample, fits, days)
    if found is None:
        return None
    learnt = combined_set(found, fits, days)
    if shares:
        learnt = _blended(learnt, found, {**fits, ALIKE: fit_alike(some.sample.rows)}, shares)
    return with_spend(learnt, live.sample, orders, LEARNT)


def _blended(
    parameters: ParameterSet, found: Combination, fits: Mapping[str, Fit], shares: Mapping[str, float]
) -> ParameterSet:
    """Return a combination with what is believed beside it; whoever is believed as they are becomes a member."""
    members, weights, plain = dict(parameters.members), dict(parameters.weights), dict[str, float]()
    for asked, share in shares.items():
        if asked not in {COMBINED, REGRESSION}:
            fitted = fits[asked]
            members.setdefault(fitted.name, fitted.parameters)
            weights.setdefault(fitted.name, 0.0)
            plain[fitted.name] = plain.get(fitted.name, 0.0) + share
    regression = {}
    if REGRESSION in shares and found.regression is not None:
        regression = {"weight": shares[REGRESSION], **found.regression.parameters}
    return replace(parameters, model=BLENDED, members=members, weights=weights, plain=plain, regression=regression)


def thinned(live: Live, closed: ClosedDays, most: int) -> Live:
    """Return so many customers at equal distances, the first who came among them: all of them began when they did."""
    count = len(live.days)
    if count <= most:
        return live
    places = {place * count // most for place in range(most)}
    places.add(min(range(count), key=lambda place: live.days[place][0]))
    return live_of_days([live.days[place] for place in sorted(places)], live.sample.as_of, closed)


def combined_set(found: Combination, fits: Mapping[str, Fit], days: int) -> ParameterSet:
    """Write what was learnt as a parameter set; members that fell back to the same model are one."""
    weights: Counter[str] = Counter()
    members: dict[str, dict[str, float]] = {}
    for asked, weight in zip(found.members, map(float, found.weights), strict=True):
        members[fits[asked].name] = fits[asked].parameters
        weights[fits[asked].name] += weight  # type: ignore[assignment]
    learnt = dict(zip(FEATURES, map(float, found.coefficients), strict=True)) | {
        "weeks": days / WEEK_DAYS,
        "least_p": LEAST_P,
    }
    correction = {name: learnt[name] for name in CORRECTION}
    return ParameterSet(COMBINED, correction, members=members, weights=dict(weights))


def purchase_days(live: Live, closed: ClosedDays) -> Purchases:
    """Return who bought when, every purchase day worth as much, on days counted in the shop's time."""
    as_of = live.sample.as_of
    if closed.is_calendar:
        counted, until = live.days, as_of
    else:
        counter = DayCounter(min(days[0] for days in live.days), closed)
        until = counter(as_of)
        counted = [counter.apart(days, until) for days in live.days]
    buyers = {name: Buyer(dict.fromkeys(days, MICRO)) for name, days in zip(live.sample.names, counted, strict=True)}
    return Purchases(buyers, until, live.currency, has_profit=False)

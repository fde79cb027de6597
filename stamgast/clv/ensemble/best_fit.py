"""Fit whatever foretold best, as a parameter set to go by."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stamgast.clv.data.shop_days import DayCounter
from stamgast.clv.data.state_sample import Live
from stamgast.clv.ensemble.best_model import MOST_CUSTOMERS, PRIOR, USUAL, Choice, choose
from stamgast.clv.ensemble.combined import FEWEST_DAYS
from stamgast.clv.ensemble.combined_fit import NOTHING_BLENDED, fit_combined, purchase_days, thinned
from stamgast.clv.models.fitting import FEW_REPEATERS, fit_alike, taken_as_usual
from stamgast.clv.scoring import as_set, date_of
from stamgast.clv.selection.k_selection import fit_live
from stamgast.clv.selection.season_choice import SeasonChoice, choose_season
from stamgast.domain.attrition import ALIKE, BLENDED, COMBINED, TOGETHER
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.models.gamma_gamma import Orders
from stamgast.domain.season import Season, shop_time

BEST = "best"
"""What `--model` may say to have it chosen."""
LEARNT = (BEST, *TOGETHER, ALIKE)
"""What can be fitted besides the purchase models."""
_FEW_ARE_NOT_ALIKE: Final = f"fewer than {FEW_REPEATERS} came again, which does not tell that customers are {ALIKE}"


def fit_any(
    live: Live,
    model: str,
    orders: Orders,
    days: int,
    closed: ClosedDays = ClosedDays(),  # noqa: B008
    *,
    with_prior: bool = False,
    trade: Season | None = None,
) -> ParameterSet:
    """Fit a model by its name, the best, the combined one or everybody alike; `days` is the horizon that counts.

    `live` leaves the days `closed` out already. Days are counted by the season that foretold best, `trade` is that of
    the shop's trade if somebody named one. Where there is too little to learn from the usual model is fitted; that is
    said, as is what was chosen from among what.

    Raises:
        ValueError: there are no customers.
    """
    chosen = choose_season(live.days, live.sample.as_of, days, closed, trade)
    return fit_in_season(live, model, orders, days, chosen, closed=closed, with_prior=with_prior)


def fit_in_season(
    live: Live,
    model: str,
    orders: Orders,
    days: int,
    chosen: SeasonChoice,
    *,
    closed: ClosedDays,
    with_prior: bool = False,
) -> ParameterSet:
    """Fit as `fit_any` does, days counted by a given season or none.

    Raises:
        ValueError: there are no customers.
    """
    season, as_of = chosen.season, live.sample.as_of
    if season is not None:
        closed = shop_time(closed, season)
        live = live.without(closed)
        days = max(closed.open_between(as_of, as_of + days), min(days, FEWEST_DAYS))
    found = _fit(live, model, orders, days, closed, with_prior=with_prior)
    found = _noting(found, [chosen.said] if chosen.said else [])
    return found if season is None else replace(found, season=season).versioned()


def _fit(live: Live, model: str, orders: Orders, days: int, closed: ClosedDays, *, with_prior: bool) -> ParameterSet:
    said, shares, instead, usual = list[str](), NOTHING_BLENDED, USUAL, False
    if model in {BEST, BLENDED}:
        choice = choose(purchase_days(thinned(live, closed, MOST_CUSTOMERS), closed), days)
        model = choice.to_fit if model == BEST else model
        usual = choice.as_usual and model == PRIOR
        shares, instead = choice.shares if model == BLENDED else shares, choice.alone
        said.append(told(choice, DayCounter(min(live.sample.first_days), closed)))
    if model in TOGETHER:
        found = fit_combined(live, orders, days, closed, shares) if model == COMBINED or shares else None
        if found is not None:
            return _noting(found, said)
        model = instead
        said.append(f"too few customers came again, or stayed away, to learn a combination from; this is {model}")
    if model == ALIKE:
        return _noting(as_set(fit_alike(live.sample.rows), live.sample, orders), said)
    if usual:
        return _noting(as_set(taken_as_usual(live.sample.rows), live.sample, orders), said)
    drawn = with_prior or model == PRIOR
    return _noting(fit_live(live, USUAL if model == PRIOR else model, orders, closed, with_prior=drawn), said)


def told(choice: Choice, counter: DayCounter) -> str:
    """Say what was chosen and by which figures; its cuts are days as they were counted."""
    if choice.cut is None:
        return f"there is too little to choose a model with; this is {USUAL}"
    scores = sorted(choice.log_scores.items(), key=lambda each: each[1])
    listed = ", ".join(f"{name} {score:.4f}" for name, score in scores)
    cuts = " and ".join(date_of(counter.date(cut)) for cut in sorted(choice.cuts))
    told = f"{choice.to_fit} was chosen by log scores after {cuts} (smaller is better): {listed}"
    if choice.to_fit != BLENDED:
        passed_over = not choice.shares and choice.log_scores[ALIKE] < choice.log_scores[choice.to_fit]
        return told + (f"; {_FEW_ARE_NOT_ALIKE}" if passed_over else "")
    shares = sorted(choice.shares.items(), key=lambda each: -each[1])
    return f"{told}; believed are {', '.join(f'{name} {share:.0%}' for name, share in shares)}"


def _noting(found: ParameterSet, said: list[str]) -> ParameterSet:
    report = found.fit and replace(found.fit, notes=[*said, *found.fit.notes])
    return replace(found, fit=report)

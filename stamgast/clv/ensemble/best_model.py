"""Which model to go by: the one that foretold best at several cuts inside the known period.

The whole procedure is rehearsed at each, the combined model's own cuts included, so nothing to come is looked at. A
third and a half of the known time lie after them, `days` at most. Rehearsed are the four purchase models, the combined
one, everybody alike, a plain regression, and what shops usually are like, with nothing learnt.

Rehearsals cannot tell close models apart, so none of them is picked: they are blended, each believed as far as it
foretold what came after the cuts (`shares_of`). For that the purchase models of a rate and of leaving are asked with
today's parameters: what early days taught them is of the season and of the newcomers of then, and four numbers learn
next to nothing by heart. MBG/CNBD-k is not, for its k does (docs/adr/0173). Where too few have come or stayed away to
learn a combined model, and for less than `FEWEST_DAYS`, for which what it learnt is wrong, the single one that foretold
best is taken.
docs/adr/0135 says how often that was right, and `gain` how sure the combined model is.

Where fewer than `FEW_REPEATERS` had come again by a cut, all that was fitted there is what shops usually are like, and
says nothing of a model that knows more today: such a cut is left out (docs/adr/0212). Where fewer have today, so is one
by which next to none of them had: that people come back began since (docs/adr/0223). Where nobody has, cuts say so.
Few neither tell that customers do not differ: one rate for all is not gone by where so few have come again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct

from stamgast.clv.data.buyers import Columns, Purchases
from stamgast.clv.data.rows import Floats
from stamgast.clv.data.sample import sample_of
from stamgast.clv.data.windows import Window, first_day_of, up_to, window_of
from stamgast.clv.ensemble.combined import FEWEST_CUTS, FEWEST_DAYS, combine, fit_models, lessons
from stamgast.clv.ensemble.shares import Foretold, mixed, shares_of
from stamgast.clv.models.fitting import FEW_FOR_K, FEW_REPEATERS, MODELS, fit_alike, fit_with_fallback, usual_shop
from stamgast.clv.models.regression import REGRESSION, RegressionForecast, regress
from stamgast.clv.models.scores import scores_of
from stamgast.clv.selection.forecasts import LEAST_CHANCE, Forecast, ModelForecast, chance_of
from stamgast.clv.selection.resampling import interval_of_mean
from stamgast.clv.selection.validation_split import FEWEST, MOST_DAYS
from stamgast.domain.attrition import ALIKE, BG_NBD, BLENDED, COMBINED, MBG_CNBD_K, MBG_NBD, PARETO_NBD, Model
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.units import Day

USUAL: Final = MBG_CNBD_K
"""What is gone by where there is too little to choose with; with a prior it is what `fit` and `score` take."""
PRIOR: Final = "prior"
"""What shops usually are like: where it foretold best, what is fitted is drawn towards it, or it is gone by itself."""
SHARES_AFTER: Final = (1 / 3, 1 / 2)
SHARE_LATER: Final = 1 / 4
"""What a cut leaves in place of the second of these where no more than a horizon may be left after both, which makes
them next to the same."""
_NEAR: Final = 4 * WEEK_DAYS
_BEGUN: Final = 1 / 8
"""Where customers come back as they always have, a quarter of those who have by now had at half the time."""
IN_FORCE: Final = (BG_NBD, MBG_NBD, PARETO_NBD)
"""The purchase models whose share is by today's parameters."""
MOST_CUSTOMERS: Final = 5_000
"""Of more, as many at equal distances are rehearsed with: a log score of so many is sure to a few thousandths."""


class Choice(Struct, frozen=True):
    """The rehearsals. `log_scores` by model, the mean over the cuts, smaller is better; None for `cut`: none was held.

    `best` is what is to be gone by, or a regression where that was better and only a single model can be;
    `best_single` is the best of the purchase models, `to_fit` what can be gone by for any time to come, which a
    regression cannot, and `alone` the best of these that is neither combined nor blended. `shares` is how far each is
    believed where they are blended, by name; the log score of these is of what they were learnt from. `as_usual`: what
    shops usually are like foretold better than all that was fitted, beyond doubt. `cut` is the last of `cuts`. `gain`
    is the paired 95 % interval of what the combined model gained there over the best single one; None: there was none
    to rehearse.
    """

    best: str
    best_single: str
    cut: Day | None
    log_scores: dict[str, float]
    gain: tuple[float, float] | None = None
    to_fit: str = USUAL
    cuts: tuple[Day, ...] = ()
    shares: dict[str, float] = {}
    alone: str = USUAL
    as_usual: bool = False

    @property
    def left_out(self) -> bool:
        """Whether the combined model scored best, in a rehearsal too short for it to be chosen."""
        scores = self.log_scores
        return not self.shares and scores.get(COMBINED, math.inf) < scores.get(self.best, math.inf)

    def doubt(self) -> str:
        """Say how sure the choice between the combined model and the best single one is; empty if there was none."""
        if self.gain is None:
            return ""
        low, high = self.gain
        chance = ", which may be chance" if low <= 0 <= high else ""
        short = "; it is not chosen after so short a rehearsal" if self.left_out else ""
        return f"there combined gained [{low:+.4f}, {high:+.4f}] (95 %) on {self.best_single}{chance}{short}"


def choose(purchases: Purchases, days: int) -> Choice:
    """Rehearse at cuts before `purchases.as_of`, for at most so many days."""
    purchases = _thinned(purchases)
    again = came_again(purchases)
    fewest = _fewest(again)
    span = purchases.as_of - first_day_of(purchases)
    held: dict[Day, _Rehearsal] = {}
    for after in times_after(span, min(MOST_DAYS, days)):
        if after >= WEEK_DAYS and (rehearsal := _rehearsed(purchases, after, fewest)):
            held[purchases.as_of - after] = rehearsal
    if not held:
        return Choice(USUAL, USUAL, None, {})
    first, *others = held.values()
    names = [name for name in first.chances if all(name in each.chances for each in others)]
    scores = {name: _mean_surprise([each.chances[name] for each in held.values()]) for name in names}
    single = min(MODELS, key=lambda name: scores[name])
    gain = None
    if COMBINED in scores:
        gain = interval_of_mean(_surprises(first.chances[single]) - _surprises(first.chances[COMBINED]))
    alone = [name for name in scores if name not in _never_alone(again)]
    best = min(alone, key=lambda name: scores[name])
    one = to_fit = min((name for name in alone if name != REGRESSION), key=lambda name: scores[name])
    shares = {}
    if COMBINED in scores and min(purchases.as_of - cut for cut in held) >= FEWEST_DAYS:
        shares = _shares(list(held.values()), names, _today(purchases))
        scores[BLENDED] = _mean_surprise([mixed(each.chances, shares) for each in held.values()])
        best = to_fit = _blend_or_one(shares)
    as_usual = to_fit == PRIOR and all(each.is_as_usual for each in held.values())
    return Choice(best, single, max(held), scores, gain, to_fit, tuple(held), shares, one, as_usual)


def _fewest(again: int) -> int:
    """Return how many have to have come again by a cut that judges, where so many have today."""
    if again >= FEW_REPEATERS:
        return FEW_REPEATERS
    return 0 if again < FEW_FOR_K else math.ceil(again * _BEGUN)


def _never_alone(again: int) -> set[str]:
    """Return what is not gone by on its own where so many have come again."""
    return {COMBINED, ALIKE} if FEW_FOR_K <= again < FEW_REPEATERS else {COMBINED}


def times_after(span: int, most: int) -> list[int]:
    """Return how many days each cut leaves to foretell, at most so many; the longest or the one to choose by first."""
    first, second = (min(int(span * share), most) for share in SHARES_AFTER)
    if second == most and second - first < _NEAR:
        second = min(int(span * SHARE_LATER), most)
    return list(dict.fromkeys((first, second)))


class _Rehearsal(NamedTuple):
    """The chance that each model gave to what each customer did after a cut, its means, and what came in the window.

    `regular`: with a k above 1.
    """

    chances: dict[str, Floats]
    means: dict[str, Floats]
    window: Window
    regular: bool

    @property
    def is_as_usual(self) -> bool:
        """Whether what shops usually are like was better than the best of what was fitted, beyond doubt."""
        fitted = [_surprises(self.chances[name]) for name in (*MODELS, ALIKE)]
        best = min(fitted, key=lambda each: float(each.mean()))
        return interval_of_mean(best - _surprises(self.chances[PRIOR]))[0] > 0

    def told(self, today: Mapping[str, Model]) -> Foretold:
        """Return what was foretold, by these parameters of today where there are any."""
        rows, came = self.window.sample.rows, self.window.purchases
        again = {name: ModelForecast(scores_of(model), rows, self.window.weeks) for name, model in today.items()}
        return Foretold(
            self.chances | {name: chance_of(each, came) for name, each in again.items()},
            self.means | {name: each.purchases for name, each in again.items()},
            came,
        )


def _today(purchases: Purchases) -> dict[str, Model]:
    """Return the models whose share is by what is known today."""
    sample = sample_of(up_to(purchases, purchases.as_of))
    found: dict[str, Model] = {name: fit_with_fallback(name, sample.rows).model for name in IN_FORCE}
    return found | {ALIKE: fit_alike(sample.rows).model}


def _shares(held: list[_Rehearsal], names: list[str], today: Mapping[str, Model]) -> dict[str, float]:
    """Return how far each is believed; MBG/CNBD-k only where k > 1, for with k = 1 it is MBG/NBD."""
    left_out = {PRIOR} if all(each.regular for each in held) else {PRIOR, MBG_CNBD_K}
    told = [each.told(today) for each in held]
    return shares_of(told, [name for name in names if name not in left_out], REGRESSION)


def _blend_or_one(shares: dict[str, float]) -> str:
    return next(iter(shares)) if len(shares) == 1 and REGRESSION not in shares else BLENDED


def _surprises(chances: Floats) -> Floats:
    surprises: Floats = -np.log(np.maximum(chances, LEAST_CHANCE))
    return surprises


def _mean_surprise(chances: Sequence[Floats]) -> float:
    """Return the log score, the mean over cuts."""
    return float(np.mean([_surprises(each).mean() for each in chances]))


def came_again(purchases: Purchases) -> int:
    """Return how many customers have come on two days or more."""
    return int((Columns.of(purchases.buyers).visits > 1).sum())


def _rehearsed(purchases: Purchases, after: int, fewest: int) -> _Rehearsal | None:
    """Return what each model gave to what customers did in the last so many days; None: too little was known then.

    Too little are too few customers, and fewer than `fewest` who had come again by then.
    """
    cut = purchases.as_of - after
    known = up_to(purchases, cut)
    if len(known.buyers) < FEWEST or came_again(known) < fewest:
        return None
    window = window_of(purchases, cut, purchases.as_of)
    rows, weeks = window.sample.rows, window.weeks
    fits = fit_models(window.sample)
    models = {name: found.model for name, found in fits.items()}
    models |= {ALIKE: fit_alike(rows).model, PRIOR: usual_shop()}
    forecasts: dict[str, Forecast] = {
        name: ModelForecast(scores_of(model), rows, weeks) for name, model in models.items()
    }
    combination = combine(known, window.sample, fits, after)
    if combination is not None:
        forecasts[COMBINED] = combination.forecast(window.sample, weeks)
    if (regression := regression_of(known, window)) is not None:
        forecasts[REGRESSION] = regression
    chances = {name: chance_of(each, window.purchases) for name, each in forecasts.items()}
    means = {name: each.purchases for name, each in forecasts.items()}
    return _Rehearsal(chances, means, window, fits[MBG_CNBD_K].parameters.get("k", 1) > 1)


def regression_of(known: Purchases, window: Window) -> RegressionForecast | None:
    """Foretell a window by a regression on what was `known` before it; None: too little to learn from."""
    taught = lessons(known, window.days)
    if len(taught) < FEWEST_CUTS:
        return None
    learnt = regress([(each.sample.rows, each.weeks, each.purchases) for each in taught])
    return RegressionForecast(learnt, window.sample.rows, window.weeks)


def _thinned(purchases: Purchases) -> Purchases:
    """Return at most `MOST_CUSTOMERS`, the first one that came among them, so that all of them began when they did."""
    buyers = purchases.buyers
    if len(buyers) <= MOST_CUSTOMERS:
        return purchases
    names = sorted(buyers)
    kept = {names[place * len(names) // MOST_CUSTOMERS] for place in range(MOST_CUSTOMERS)}
    kept.add(min(buyers, key=lambda name: buyers[name].days()[0]))
    some = {name: buyer for name, buyer in buyers.items() if name in kept}
    return Purchases(some, purchases.as_of, purchases.currency, purchases.has_profit)

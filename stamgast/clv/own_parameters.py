"""Does a part of a shop deserve parameters of its own? Only where they have foretold it better, out of time."""

from __future__ import annotations

from typing import Final

from stamgast.clv.fitting import fit_with_fallback
from stamgast.clv.forecasts import ModelForecast, log_scores
from stamgast.clv.internal_cut import MOST_DAYS, SHARE_AFTER
from stamgast.clv.purchase_file import Purchases
from stamgast.clv.sample import Sample
from stamgast.clv.scores import scores_of
from stamgast.clv.windows import first_day_of, up_to, window_of
from stamgast.domain.attrition import Model
from stamgast.domain.history import WEEK_DAYS

FEWEST: Final = 500
"""Customers. In a real shop fits to parts of 200 came to nothing one time in twelve, to parts of 500 never."""
_Z95: Final = 1.959964


def part_of(purchases: Purchases, names: list[str]) -> Purchases:
    """Return the purchases of some of the customers."""
    return Purchases(
        {name: purchases.buyers[name] for name in names},
        purchases.as_of,
        purchases.currency,
        purchases.has_profit,
    )


def deserves_its_own(purchases: Purchases, part: Purchases, model: str) -> tuple[bool, str]:
    """Say whether a part has parameters of its own, and why or why not.

    It has where it has enough customers now and at the last cut inside the data, and where own parameters of that day
    had a better log score over what came after it than the whole shop's, by a paired 95 % interval.
    """
    if len(part.buyers) == len(purchases.buyers):
        return False, "these are all customers"
    if len(part.buyers) < FEWEST:
        return False, f"fewer than {FEWEST} customers"
    after = min(int((purchases.as_of - first_day_of(purchases)) * SHARE_AFTER), MOST_DAYS)
    cut = purchases.as_of - after
    if after < WEEK_DAYS or len(up_to(part, cut).buyers) < FEWEST:
        return False, f"fewer than {FEWEST} customers at the last cut"
    window = window_of(part, cut, purchases.as_of)
    models = (_fit(window.sample, model), _fit(window_of(purchases, cut, purchases.as_of).sample, model))
    own, pooled = (
        log_scores(ModelForecast(scores_of(each), window.sample.rows, window.weeks), window.purchases)
        for each in models
    )
    difference = pooled - own
    mean, error = float(difference.mean()), float(difference.std(ddof=1)) / len(difference) ** 0.5
    low, high = mean - _Z95 * error, mean + _Z95 * error
    told = f"own parameters gained {mean:.4f} in log score out of time [{low:+.4f}, {high:+.4f}]"
    return low > 0, told


def _fit(sample: Sample, model: str) -> Model:
    return fit_with_fallback(model, sample.rows, sample.log_gaps).model

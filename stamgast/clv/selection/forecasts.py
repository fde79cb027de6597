"""What is foretold of each customer of a sample for one horizon: by a model, by several models, by nobody's model.

All arrays have one entry per customer. N is the number of purchase days within the horizon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from stamgast.clv.data.rows import Floats, Integers, Rows, collapse
from stamgast.clv.models.scores import Scores

LEAST_CHANCE = 1e-12
"""Nothing that happened is taken to have had a smaller chance, or one customer could decide a comparison."""


class Forecast(Protocol):
    """A predictive distribution of N for every customer."""

    @property
    def p_buy(self) -> Floats:
        """P(N >= 1)."""

    @property
    def purchases(self) -> Floats:
        """The mean of N: a mean and not a median, which is 0 for whoever comes with a chance of less than a half."""

    def at_least(self, n: int | Integers) -> Floats:
        """Return P(N >= n), n one number or one per customer."""

    def some(self, which: Integers) -> Forecast:
        """Return the same of some of the customers."""


@dataclass(frozen=True)
class ModelForecast:
    """By one purchase model, at the moment T of each row; equal histories are reckoned once."""

    scores: Scores
    rows: Rows
    weeks: float

    @cached_property
    def _collapsed(self) -> tuple[Rows, Integers]:
        return collapse(self.rows)

    @cached_property
    def p_buy(self) -> Floats:
        """P(N >= 1)."""
        rows, back = self._collapsed
        return self.scores.p_buy(rows, self.weeks)[back]

    @cached_property
    def purchases(self) -> Floats:
        """The mean of N, by the model's closed form or convergent sum; nothing is cut off."""
        rows, back = self._collapsed
        return self.scores.expected_purchases(rows, self.weeks)[back]

    def at_least(self, n: int | Integers) -> Floats:
        """Return P(N >= n)."""
        rows, back = self._collapsed
        if isinstance(n, int):
            return self.scores.at_least(rows, self.weeks, n)[back]
        asked = int(n.max(initial=0)) + 1
        pairs, place = np.unique(back * asked + n, return_inverse=True)
        return self.scores.at_least(rows[pairs // asked], self.weeks, pairs % asked)[place]

    def some(self, which: Integers) -> ModelForecast:
        """Return the same of some of the customers."""
        return ModelForecast(self.scores, self.rows[which], self.weeks)


@dataclass(frozen=True)
class PacedForecast:
    """By one purchase model, of customers whose time to come runs at their own paces (`stamgast.domain.feedback`)."""

    scores: Scores
    rows: Rows
    weeks: float
    paces: Floats

    @cached_property
    def _parts(self) -> list[tuple[Integers, ModelForecast]]:
        """Those of each pace: their places, and what is foretold of them."""
        each = ((float(pace), np.flatnonzero(self.paces == pace)) for pace in np.unique(self.paces))
        return [(who, ModelForecast(self.scores, self.rows[who], self.weeks * pace)) for pace, who in each]

    @cached_property
    def p_buy(self) -> Floats:
        """P(N >= 1)."""
        return self._placed([part.p_buy for _, part in self._parts])

    @cached_property
    def purchases(self) -> Floats:
        """The mean of N."""
        return self._placed([part.purchases for _, part in self._parts])

    def at_least(self, n: int | Integers) -> Floats:
        """Return P(N >= n)."""
        return self._placed([part.at_least(n if isinstance(n, int) else n[who]) for who, part in self._parts])

    def some(self, which: Integers) -> PacedForecast:
        """Return the same of some of the customers."""
        return PacedForecast(self.scores, self.rows[which], self.weeks, self.paces[which])

    def _placed(self, values: list[Floats]) -> Floats:
        placed = np.zeros(len(self.rows))
        for (who, _), told in zip(self._parts, values, strict=True):
            placed[who] = told
        return placed


@dataclass(frozen=True)
class PoolForecast:
    """By several forecasts, each believed with a weight: a linear pool. The weights sum to 1."""

    forecasts: Sequence[Forecast]
    weights: Floats

    @cached_property
    def p_buy(self) -> Floats:
        """P(N >= 1)."""
        return self._mixed([each.p_buy for each in self.forecasts])

    @cached_property
    def purchases(self) -> Floats:
        """The mean of N."""
        return self._mixed([each.purchases for each in self.forecasts])

    def at_least(self, n: int | Integers) -> Floats:
        """Return P(N >= n)."""
        return self._mixed([each.at_least(n) for each in self.forecasts])

    def some(self, which: Integers) -> PoolForecast:
        """Return the same of some of the customers."""
        return PoolForecast([each.some(which) for each in self.forecasts], self.weights)

    def _mixed(self, values: list[Floats]) -> Floats:
        mixed: Floats = self.weights @ np.stack(values)
        return mixed


@dataclass(frozen=True)
class CorrectedForecast:
    """P(N >= 1) from elsewhere; given at least one purchase, how many is what another forecast says.

    P(N >= n) = p_buy * P'(N >= n) / P'(N >= 1) for n >= 1, so the mean is p_buy * E'[N] / P'(N >= 1).
    """

    counts: Forecast
    p_buy: Floats

    @cached_property
    def purchases(self) -> Floats:
        """The mean of N."""
        return self.ratio * self.counts.purchases

    def at_least(self, n: int | Integers) -> Floats:
        """Return P(N >= n)."""
        at_least: Floats = np.where(np.asarray(n) <= 0, 1.0, self.ratio * self.counts.at_least(n))
        return at_least

    def some(self, which: Integers) -> CorrectedForecast:
        """Return the same of some of the customers."""
        return CorrectedForecast(self.counts.some(which), self.p_buy[which])

    @cached_property
    def ratio(self) -> Floats:
        """By how much each customer's chance of any purchases was corrected."""
        return self.p_buy / np.maximum(self.counts.p_buy, 1e-300)


def chance_of(forecast: Forecast, purchases: Integers) -> Floats:
    """Return the chance that was given to what each customer did."""
    chance: Floats = forecast.at_least(purchases) - forecast.at_least(purchases + 1)
    return np.maximum(chance, 0.0)


def log_scores(forecast: Forecast, purchases: Integers) -> Floats:
    """Return -ln of the chance that was given to what each customer did; its mean is the log score."""
    surprises: Floats = -np.log(np.maximum(chance_of(forecast, purchases), LEAST_CHANCE))
    return surprises

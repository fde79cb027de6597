"""Every score of every model over rows, and the whole distribution of the number of purchases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import betainc

from stamgast.clv.data.rows import Floats, Integers, Rows
from stamgast.clv.models.bg_nbd_scores import DropoutScores
from stamgast.clv.models.pareto_nbd_scores import ParetoScores
from stamgast.domain.attrition import Model
from stamgast.domain.models.bg_nbd import Dropout
from stamgast.domain.models.nbd import OwnRate
from stamgast.domain.models.pareto_nbd import Pareto
from stamgast.domain.residual_value import Discounting


class Scores(Protocol):
    """What a purchase model says about many customers, at the moment T of each row; all arrays are one a row."""

    def p_alive(self, rows: Rows) -> Floats:
        """Return the chance that the customer has not left for good."""

    def p_buy(self, rows: Rows, weeks: float) -> Floats:
        """Return the chance of at least one purchase within the next `weeks`."""

    def expected_purchases(self, rows: Rows, weeks: float) -> Floats:
        """Return the mean number of purchases within the next `weeks`."""

    def at_least(self, rows: Rows, weeks: float, purchases: int | Integers) -> Floats:
        """Return the chance of at least so many purchases (one number, or one a row) within the next `weeks`."""

    def lapses_at(self, rows: Rows, threshold: float) -> Floats:
        """Return the T at which P(alive) falls to the threshold if no purchase comes; infinite: never."""


@dataclass(frozen=True)
class OwnRateScores:
    """NBD: nobody leaves."""

    model: OwnRate

    def p_alive(self, rows: Rows) -> Floats:
        """Return 1 for everybody."""
        return np.ones(len(rows))

    def p_buy(self, rows: Rows, weeks: float) -> Floats:
        """Return the chance of at least one purchase within the next `weeks`."""
        soon: Floats = -np.expm1(-(self.model.r + rows.x) * np.log1p(weeks / (self.model.alpha + rows.T)))
        return soon

    def expected_purchases(self, rows: Rows, weeks: float) -> Floats:
        """Return the mean number of purchases within the next `weeks`."""
        expected: Floats = weeks * (self.model.r + rows.x) / (self.model.alpha + rows.T)
        return expected

    def at_least(self, rows: Rows, weeks: float, purchases: int | Integers) -> Floats:
        """Return the chance of at least so many purchases within the next `weeks`: negative binomial."""
        n = np.broadcast_to(np.asarray(purchases), len(rows))
        share = weeks / (self.model.alpha + rows.T + weeks)
        at_least: Floats = np.where(n <= 0, 1.0, betainc(np.maximum(n, 1), self.model.r + rows.x, share))
        return at_least

    def lapses_at(self, rows: Rows, threshold: float) -> Floats:  # noqa: ARG002  whatever it is
        """Return infinity: nobody lapses."""
        return np.full(len(rows), np.inf)


def scores_of(model: Model) -> Scores:
    """Return the scores of a model."""
    match model:
        case Dropout():
            return DropoutScores(model)
        case Pareto():
            return ParetoScores(model)
        case OwnRate():
            return OwnRateScores(model)


def count_distribution(scores: Scores, rows: Rows, weeks: float, most: int) -> Floats:
    """Return P(N = n) of each row (first index) and n = 0 to `most` (second), N the purchases within the next `weeks`.

    What a row's chances leave of 1 is the chance of more than `most`.
    """
    at_least = np.stack([scores.at_least(rows, weeks, n) for n in range(most + 2)], axis=1)
    chances: Floats = np.maximum(at_least[:, :-1] - at_least[:, 1:], 0.0)
    return chances


def chance_of(scores: Scores, rows: Rows, weeks: float, purchases: Integers) -> Floats:
    """Return the chance of exactly the number of purchases that was made, one a row, within `weeks`."""
    chance: Floats = scores.at_least(rows, weeks, purchases) - scores.at_least(rows, weeks, purchases + 1)
    return np.maximum(chance, 0.0)


def discounted_purchases(scores: Scores, rows: Rows, discounting: Discounting) -> Floats:
    """Return what one unit of spend on each purchase to come is worth today, margin included."""
    return discounted(lambda weeks: scores.expected_purchases(rows, weeks), discounting)


def discounted(expected: Callable[[float], Floats], discounting: Discounting) -> Floats:
    """Return the same of purchases of which `expected(weeks)` are the means within so many weeks, one a customer."""
    total, before = np.zeros(()), np.zeros(())
    for month, weight in enumerate(discounting.weights(), 1):
        until = expected(discounting.weeks(month))
        total = total + (until - before) * weight
        before = until
    return total

"""Every score of every model over rows, and the whole distribution of the number of purchases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from msgspec.structs import replace
from scipy.special import betainc, expit, logit, pdtrc

from stamgast.clv.data.rows import Floats, Integers, Rows
from stamgast.clv.models.bg_nbd_scores import DropoutScores
from stamgast.clv.models.falling import falls_to
from stamgast.clv.models.pareto_nbd_scores import ParetoScores
from stamgast.domain.attrition import Model
from stamgast.domain.models.alike import Alike
from stamgast.domain.models.bg_nbd import Dropout
from stamgast.domain.models.combined import SURE, Combined
from stamgast.domain.models.nbd import OwnRate
from stamgast.domain.models.pareto_nbd import Pareto
from stamgast.domain.models.regressed import STEEPEST, Regressed
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


class NobodyLeaves:
    """What models say in which nobody ever does."""

    def p_alive(self, rows: Rows) -> Floats:
        """Return 1 for everybody."""
        return np.ones(len(rows))

    def lapses_at(self, rows: Rows, threshold: float) -> Floats:  # noqa: ARG002  whatever it is
        """Return infinity: nobody lapses."""
        return np.full(len(rows), np.inf)


@dataclass(frozen=True)
class OwnRateScores(NobodyLeaves):
    """NBD: nobody leaves."""

    model: OwnRate

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


@dataclass(frozen=True)
class AlikeScores(NobodyLeaves):
    """Everybody alike: one rate for all."""

    model: Alike

    def p_buy(self, rows: Rows, weeks: float) -> Floats:
        """Return the chance of at least one purchase within the next `weeks`."""
        return np.full(len(rows), -np.expm1(-self.model.rate * weeks))

    def expected_purchases(self, rows: Rows, weeks: float) -> Floats:
        """Return the mean number of purchases within the next `weeks`."""
        return np.full(len(rows), self.model.rate * weeks)

    def at_least(self, rows: Rows, weeks: float, purchases: int | Integers) -> Floats:
        """Return the chance of at least so many purchases within the next `weeks`: Poisson."""
        n = np.broadcast_to(np.asarray(purchases), len(rows))
        at_least: Floats = np.where(n <= 0, 1.0, pdtrc(np.maximum(n, 1) - 1, self.model.rate * weeks))
        return at_least


@dataclass(frozen=True)
class CombinedScores:
    """Several models and a correction, as `stamgast.domain.models.combined` says it of one customer."""

    model: Combined
    members: Sequence[Scores]

    def p_alive(self, rows: Rows) -> Floats:
        """Return the chance that the customer has not left for good; who buys has not."""
        left = self._mixed([each.p_alive(rows) for each in self.members], self.model.leaving)
        alive: Floats = np.maximum(left, self.p_buy(rows, self.model.weeks))
        return alive

    def p_buy(self, rows: Rows, weeks: float) -> Floats:
        """Return the chance of at least one purchase within the next `weeks`."""
        pool = self._pool(rows, self.model.weeks)
        corrected = self._corrected(rows, pool)
        if weeks == self.model.weeks:
            return self._blended(rows, corrected, weeks, 1)
        until = self._pool(rows, weeks)
        if weeks < self.model.weeks:
            return self._blended(rows, corrected / np.maximum(pool, 1e-300) * until, weeks, 1)
        later = (until - pool) / np.maximum(1 - pool, 1e-300)
        return self._blended(rows, 1 - (1 - corrected) * (1 - later), weeks, 1)

    def expected_purchases(self, rows: Rows, weeks: float) -> Floats:
        """Return the mean number of purchases within the next `weeks`."""
        return self.means(rows)(weeks)

    def means(self, rows: Rows) -> Callable[[float], Floats]:
        """Return the same as a function of `weeks`, for who asks more than once."""
        ratio, whole = self._ratio(rows), self._pooled_mean(rows, self.model.weeks)
        regression = self.model.regression
        of_horizon = 0.0 if regression is None else regressed_means(regression, rows, self.model.weeks)

        def mean(weeks: float) -> Floats:
            until = self._pooled_mean(rows, weeks)
            within = until if weeks <= self.model.weeks else whole
            expected: Floats = self.model.share * (ratio * within + (until - within))
            if regression is not None:
                regressed = of_horizon * within / np.maximum(whole, 1e-300) + (until - within)
                expected = expected + regression.weight * regressed
            for weight, each in self._plain:
                expected = expected + weight * each.expected_purchases(rows, weeks)
            return expected

        return mean

    def at_least(self, rows: Rows, weeks: float, purchases: int | Integers) -> Floats:
        """Return the chance of at least so many purchases within the next `weeks`: given one, the pool's."""
        n = np.broadcast_to(np.asarray(purchases), len(rows))
        pool = self._mixed([each.at_least(rows, weeks, purchases) for each in self.members], self.model.weights)
        ratio = self._unblended().p_buy(rows, weeks) / np.maximum(self._pool(rows, weeks), 1e-300)
        at_least: Floats = np.where(n <= 0, 1.0, self._blended(rows, ratio * pool, weeks, np.maximum(n, 1)))
        return at_least

    def lapses_at(self, rows: Rows, threshold: float) -> Floats:
        """Return the T at which P(alive) has fallen to the threshold, to the day; infinite: never."""
        return falls_to(self.p_alive, rows, threshold)

    @property
    def _plain(self) -> list[tuple[float, Scores]]:
        """Members that are believed as they are, each with its weight."""
        return [(weight, each) for weight, each in zip(self.model.plain, self.members, strict=False) if weight]

    def _unblended(self) -> CombinedScores:
        return CombinedScores(replace(self.model, regression=None, plain=()), self.members)

    def _blended(self, rows: Rows, chance: Floats, weeks: float, purchases: int | Integers) -> Floats:
        """Return a chance of at least so many purchases with its parts by the regression and of members as they are."""
        regression = self.model.regression
        chance = self.model.share * chance
        for weight, each in self._plain:
            chance = chance + weight * each.at_least(rows, weeks, purchases)
        if regression is None:
            return chance
        mean = regressed_means(regression, rows, self.model.weeks)
        if weeks != self.model.weeks:
            until, whole = self._pooled_mean(rows, weeks), self._pooled_mean(rows, self.model.weeks)
            within = np.minimum(until, whole)
            mean = mean * within / np.maximum(whole, 1e-300) + (until - within)
        regressed = betainc(purchases, regression.size, mean / (mean + regression.size))
        blended: Floats = chance + regression.weight * regressed
        return blended

    def _pooled_mean(self, rows: Rows, weeks: float) -> Floats:
        return self._mixed([each.expected_purchases(rows, weeks) for each in self.members], self.model.weights)

    def _ratio(self, rows: Rows) -> Floats:
        pool = self._pool(rows, self.model.weeks)
        return self._corrected(rows, pool) / np.maximum(pool, 1e-300)

    def _pool(self, rows: Rows, weeks: float) -> Floats:
        return self._mixed([each.p_buy(rows, weeks) for each in self.members], self.model.weights)

    def _corrected(self, rows: Rows, pool: Floats) -> Floats:
        logits = logit(np.clip(pool, self.model.least_p, 1 - SURE))
        slopes = self.model.constant, self.model.logit_p, self.model.log_purchase_days
        chance: Floats = expit(slopes[0] + slopes[1] * logits + slopes[2] * np.log1p(rows.x))
        return chance

    def _mixed(self, values: list[Floats], weights: Sequence[float]) -> Floats:
        mixed: Floats = np.asarray(weights) @ np.stack(values)
        return mixed


def regressed_means(regression: Regressed, rows: Rows, weeks: float) -> Floats:
    """Return the mean number of purchases within so many weeks by a regression, one a row."""
    score = regression.constant + regression.log_purchase_days * np.log1p(rows.x)
    score += regression.log_quiet * np.log1p(rows.T - rows.t_x) + regression.log_age * np.log1p(rows.T)
    means: Floats = weeks * np.exp(np.clip(score, -STEEPEST, STEEPEST))
    return means


def scores_of(model: Model) -> Scores:
    """Return the scores of a model."""
    match model:
        case Dropout():
            return DropoutScores(model)
        case Pareto():
            return ParetoScores(model)
        case OwnRate():
            return OwnRateScores(model)
        case Alike():
            return AlikeScores(model)
        case Combined():
            return CombinedScores(model, [scores_of(each) for each in model.members])


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
    if isinstance(scores, CombinedScores):
        return discounted(scores.means(rows), discounting)
    return discounted(lambda weeks: scores.expected_purchases(rows, weeks), discounting)


def discounted(expected: Callable[[float], Floats], discounting: Discounting) -> Floats:
    """Return the same of purchases of which `expected(weeks)` are the means within so many weeks, one a customer."""
    total, before = np.zeros(()), np.zeros(())
    for month, weight in enumerate(discounting.weights(), 1):
        until = expected(discounting.weeks(month))
        total = total + (until - before) * weight
        before = until
    return total

"""The kinds of customers of a shop (`stamgast.domain.regularity`), by maximum likelihood.

A customer's likelihood is the sum over kinds of: the kind's share, times the density of the newest gaps, times the
chance of having come again so often, times that of the silence since: of having left, or of a longer gap. Weak priors
keep what the data says nothing of where shops usually are. A further kind has to be likelier by what its parameters
cost (Schwarz, "Estimating the dimension of a model", 1978).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import astuple
from scipy.optimize import minimize
from scipy.special import gammaln, log_ndtr

from stamgast.clv.data.rows import Floats
from stamgast.domain.regularity import LEAST_SPREAD, Kind

MOST_KINDS: Final = 3
MOST_CUSTOMERS: Final = 1_000
"""So many are enough to tell kinds by."""
_USUAL: Final = np.array([math.log(0.5), math.log(3.0), math.log(0.5), -1.75])
"""ln(weight), ln(shape), ln(rate), logit(leaves) that are believed in before looking."""
_WITHIN: Final = np.array([2.0, 2.0, 2.0, 0.75])
_LOW: Final = [-1.0, math.log(1e-3), math.log(0.6), math.log(1e-3), -9.0]
_STEP: Final = 1e-8
_LONGEST_RATE: Final = math.log(1e5)
_HIGH: Final = [10.0, math.log(1e3), math.log(200.0), math.log(1e3), 5.0]


class Sums(NamedTuple):
    """Of each customer, or of each moment of one: the newest gaps, how often they came again, the silence since."""

    number: Floats
    total: Floats
    squares: Floats
    days: Floats
    stays: Floats
    quiet: Floats
    """Days; without it there is nothing to say about the silence."""

    def at(self, chosen: slice | np.ndarray) -> Sums:
        """Return some of them."""
        return Sums(*(each[chosen] for each in self))


class Seen(NamedTuple):
    """What kinds make of sums: one column a kind."""

    log_weights: Floats
    """ln of the likelihood of gaps and stays, times the share."""
    means: Floats
    spreads: Floats
    freedoms: Floats
    leaves: Floats

    def log_longer(self, quiet: Floats) -> Floats:
        """Ln of the chance of a gap longer than that, of somebody who stays."""
        away = np.log(np.maximum(quiet, 0.5))[:, None] - self.means
        off, free = away / self.spreads, np.maximum(self.freedoms, 1e-9)
        reach = np.sqrt(free * np.log1p(off * off / free)) * (8 * free + 1) / (8 * free + 3)
        told: Floats = np.where(
            self.freedoms > 0, log_ndtr(-np.copysign(reach, off)), -np.logaddexp(0, away) / self.spreads
        )
        return told


def see(kinds: Sequence[Kind], sums: Sums) -> Seen:
    """The same as `Kind.told_by`, for many at once."""
    share, mean, weight, shape, rate, leaves, by_chance = np.array([astuple(each) for each in kinds]).T
    count, total = sums.number[:, None], sums.total[:, None]
    own = total / np.maximum(count, 1)
    weights, shapes = weight + count, shape + count / 2
    off = np.maximum(sums.squares[:, None] - total * own + weight * count / weights * (own - mean) ** 2, 0.0)
    rates = rate + np.where(count > 0, off, 0.0) / 2
    number, back = np.unique(sums.number, return_inverse=True)  # few, and a logarithm of the gamma function is dear
    told = gammaln(shape + number[:, None] / 2)[back] - gammaln(shape) + 0.5 * np.log(weight / weights)
    told = told + shape * np.log(rate) - shapes * np.log(rates)
    spreads = np.maximum(np.sqrt(rates * (weights + 1) / (shapes * weights)), LEAST_SPREAD)
    means, freedoms = (weight * mean + total) / weights, 2 * shapes
    if by_chance.any():
        shapes, rates = shape + count, rate + sums.days[:, None]
        exponential = (
            gammaln(shape + number[:, None])[back] - gammaln(shape) + shape * np.log(rate) - shapes * np.log(rates)
        )
        exponential = exponential + total + 0.5 * count * math.log(2 * math.pi)
        chosen = by_chance > 0
        told, means = np.where(chosen, exponential, told), np.where(chosen, np.log(rates), means)
        spreads, freedoms = np.where(chosen, 1 / shapes, spreads), np.where(chosen, 0.0, freedoms)
    told = told + np.log(share) + sums.stays[:, None] * np.log1p(-leaves)
    return Seen(told, means, spreads, freedoms, leaves)


def find_kinds(sums: Sums) -> tuple[Kind, ...]:
    """The likeliest kinds, as many as are worth their parameters."""
    step = -(-len(sums.number) // MOST_CUSTOMERS)
    sums = sums.at(slice(None, None, step))
    best: tuple[Kind, ...] = ()
    least = math.inf
    for number in range(1, MOST_KINDS + 1):
        tried = [(by_chance, *_likeliest(number, sums, by_chance=by_chance)) for by_chance in (False, True)]
        costs = [
            2 * loss + (6 * number - 1 - 2 * by_chance) * math.log(len(sums.number)) for by_chance, _, loss in tried
        ]
        if min(costs) >= least:
            break
        least = min(costs)
        best = tried[costs.index(least)][1]
    return tuple(
        _kind([float(f"{each:.6g}") for each in astuple(kind)[:-1]], by_chance=kind.by_chance) for kind in best
    )


def _likeliest(number: int, sums: Sums, *, by_chance: bool) -> tuple[tuple[Kind, ...], float]:
    size = len(sums.number)

    def loss(at: Floats, columns: Floats, log_shares: Floats) -> float:
        told = float(np.logaddexp.reduce(columns + log_shares, axis=1).sum())
        off = (at[: 5 * number].reshape(number, 5)[:, 1:] - usual) / _WITHIN
        return -(told - 0.5 * float((off * off).sum())) / size

    def loss_and_slope(at: Floats) -> tuple[float, Floats]:
        """By differences: who moves one number of a kind moves that kind's column alone, or all kinds' shares."""
        stepped = at + _STEP * np.eye(len(at))
        kinds = [_kinds_of(each, number, by_chance=by_chance) for each in (at, *stepped)]
        moved = [kinds[1 + place][place // 5] for place in range(5 * number)]
        columns = _columns((*kinds[0], *moved), sums)
        log_shares = [np.log([kind.share for kind in each]) for each in kinds]
        value = loss(at, columns[:, :number], log_shares[0])
        slope = np.empty(len(at))
        for place in range(len(at)):
            those = list(range(number))
            if place < 5 * number:
                those[place // 5] = number + place
            slope[place] = (loss(stepped[place], columns[:, those], log_shares[1 + place]) - value) / _STEP
        return value, slope

    again = sums.number > 0
    own = np.sort(sums.total[again] / sums.number[again])
    starts = [np.concatenate(([_middle(own, k, number)], _USUAL)) for k in range(number)]
    low, high, usual = _LOW * number, _HIGH * number, np.tile(_USUAL, (number, 1))
    if by_chance:  # the rate is in days, and what the mean and its weight are makes no difference
        usual[-1, 2] = _USUAL[1] + starts[-1][0]
        starts[-1][3], high[-2] = usual[-1, 2], _LONGEST_RATE
    start = np.concatenate([*starts, np.zeros(number - 1)])
    bounds = [*zip(low, high, strict=True), *[(-6.0, 6.0)] * (number - 1)]
    options = {"maxiter": 60, "ftol": 1e-6}
    found = minimize(loss_and_slope, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return _kinds_of(found.x, number, by_chance=by_chance), float(found.fun) * size


def _columns(kinds: Sequence[Kind], sums: Sums) -> Floats:
    """Return ln of how likely each customer's gaps and silence are, if of a kind; whatever its share is."""
    seen = see(kinds, sums)
    leaves = seen.leaves
    silent = np.logaddexp(np.log(leaves), np.log1p(-leaves) + seen.log_longer(sums.quiet))
    told: Floats = seen.log_weights + silent - np.log([kind.share for kind in kinds])
    return told


def _middle(own: Floats, k: int, number: int) -> float:
    return float(np.quantile(own, (k + 0.5) / number))


def _kinds_of(at: Floats, number: int, *, by_chance: bool) -> tuple[Kind, ...]:
    logits = np.append(at[5 * number :], 0.0)
    shares = np.exp(logits - np.logaddexp.reduce(logits))
    found = []
    for index, (mean, *logs, logit) in enumerate(at[: 5 * number].reshape(number, 5)):
        numbers = (shares[index], mean, *np.exp(logs), 1 / (1 + math.exp(-logit)))
        found.append(_kind(numbers, by_chance=by_chance and index == number - 1))
    return tuple(found)


def _kind(numbers: Sequence[float], *, by_chance: bool) -> Kind:
    share, mean, weight, shape, rate, leaves = map(float, numbers)
    return Kind(share, mean, weight, shape, rate, leaves, by_chance)

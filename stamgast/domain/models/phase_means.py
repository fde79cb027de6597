"""Purchases to come of who has not left, by BG/NBD, MBG/NBD or MBG/CNBD-k: for one x, quickly for any T and any time.

Of somebody who is there, came x times again and has j phases of the running gap behind them, rates are
Gamma(n+j, alpha+T), n = r+kx, so that the purchases of t weeks hang on rho = t/(alpha+T) alone. N phases end in that
time, which end M = floor((N+j)/k) gaps, and (1 - E(q^M))/p purchases are made by who leaves after each with the chance
p = 1-q. With all k-th roots of q, d_s = w^s q^(1/k), s = 0 to k-1, w = e^(2 pi i/k), that mean is a finite sum:
E(q^M) = sum over s of c_s d_s^j (1 + rho (1-d_s))^-(n+j), c_s = p/q / (k (1/d_s - 1)); and p is Beta(a, B).

Over ln(1+rho) the mean is smooth in ln(rho), so its values at some nodes say it everywhere, to 1e-9 of it and better.
The work is the same for every x; the sum over phases of `stamgast.domain.models.bg_nbd`, which it stands for, takes as
many terms as there are phases.
"""

import cmath
import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import mul
from typing import Any, Final, NamedTuple, TypeGuard

from stamgast.domain.chebyshev import LONGEST_WEEKS, coefficients, cut_off, nodes, value_at
from stamgast.domain.history import History
from stamgast.domain.models.bg_nbd import Dropout
from stamgast.domain.models.leaving_grid import Grid, grid_for

_REACHES: Final = {1: math.pi, 2: 2.2, 3: 1.5, 4: 1.1}
"""By k, how far from the real line of ln(rho) a mean stays tame, as its series tell: the more regular customers are,
the more waves there are in what is to come, and beyond k = 4 too many."""
_MOST_ALIKE, _LEAST_STAYS = 4.0, 0.1
"""Above this a, and below this b of BG/NBD, customers leave with much the same chance: what is to come has an edge."""
_REACH_OF_ALIKE, _SHORTER = 1.3, 0.9
_DIGITS: Final = 11.5
MOST_REPEATS: Final = 2_000
LEAST_WEEKS: Final = 1.0
_MOST_KEPT: Final = 4_000
_MOST_AT_NODES: Final = 64
"""Of so many x what series are made of is kept, in case another one is asked for."""
_FIRST_LONGEST: Final = 200.0
_LEAST_RHO: Final = 0.03
"""Below it there are few phases to add up."""


class _Node(NamedTuple):
    """A rho, and by p: ln(1 + rho (1-d_0)), what a phase more takes off d_0's term, and the same of the other roots.

    Of the others there is ln(1 + rho (1-d_s)), and by what a phase more multiplies their terms.
    """

    rho: float
    longer: list[float]
    drops: list[float]
    others: list[tuple[list[Any], list[Any]]]


class _Table(NamedTuple):
    """What the means of one k are made of: the grid over p, by p ln c_0 and -c_s/p of the other roots, the nodes."""

    k: int
    grid: Grid
    log_c: list[float]
    shares: list[list[Any]]
    nodes: list[_Node]


class PhaseMeans:
    """Means of one model, for times from `LEAST_WEEKS` to `longest` and customers of ten years at most."""

    def __init__(self, model: Dropout, longest: float) -> None:
        self.model, self.longest = model, longest
        # To whole halves, so that models share what is made of their nodes.
        low = math.floor(2 * math.log(LEAST_WEEKS / (model.alpha + LONGEST_WEEKS))) / 2
        self.low, self.half = low, (math.ceil(2 * math.log(longest / model.alpha)) / 2 - low) / 2
        reach = _REACHES[model.k]
        if _has_edge(model):
            reach = min(_SHORTER * reach, _REACH_OF_ALIKE)
        count = math.ceil(_DIGITS * math.log(10) / math.asinh(reach / self.half))
        self.places = nodes(count)
        self._means: dict[int, list[list[float]]] = {}
        self._series: dict[int, list[list[float]]] = {}

    def place(self, rho: float) -> float:
        """Return where a rho lies, from -1 to 1."""
        return (math.log(rho) - self.low) / self.half - 1

    def reaches(self, history: History, weeks: float) -> bool:
        """Say whether a history and a time are among those that are known here to 1e-9, and cost more elsewhere."""
        if not LEAST_WEEKS <= weeks <= self.longest or history.T > LONGEST_WEEKS or history.x > MOST_REPEATS:
            return False
        return weeks >= _LEAST_RHO * (self.model.alpha + history.T)

    def at_nodes(self, x: int) -> list[list[float]]:
        """Return by phase the means over ln(1+rho), at the Chebyshev nodes of ln(rho)."""
        found = self._means.get(x)
        if found is None:
            if len(self._means) >= _MOST_AT_NODES:
                self._means.clear()
            found = self._means[x] = self._reckoned(x)
        return found

    def expected_if_alive(self, history: History, weeks: float) -> float:
        """Return what the model's own says, where it `reaches`."""
        found = self._series.get(history.x)
        if found is None:
            if len(self._series) >= _MOST_KEPT:
                self._series.clear()
            found = self._series[history.x] = [cut_off(coefficients(each)) for each in self.at_nodes(history.x)]
        rho = weeks / (self.model.alpha + history.T)
        place = self.place(rho)
        return mixed(self.model, history, [value_at(each, place) for each in found]) * math.log1p(rho)

    def _reckoned(self, x: int) -> list[list[float]]:
        model = self.model
        table = _table_of(model.k, grid_for(model.a), self.low, self.half, len(self.places))
        grid, a = table.grid, model.a
        stays, n = model.b + x + model.leaves_at_once, model.r + model.k * x
        weights, least = grid.weights(a, stays)
        whole = sum(grid.from_place(a, max(least, grid.before(1 + stays)), weights))
        means: list[list[float]] = [[] for _ in range(model.k)]
        for node in table.nodes:
            begin = max(least, grid.before(1 + stays + (1 + n) * node.rho / model.k))
            scale = whole * math.log1p(node.rho)
            for phase, mean in enumerate(_of_phases(table, n, begin, grid.from_place(a, begin, weights), node)):
                means[phase].append(mean / scale)
        return means


def _of_phases(table: _Table, n: float, begin: int, weights: list[float], node: _Node) -> Iterator[float]:
    """Return the mean in each phase, times the sum of the weights; these are for the places from `begin` on."""
    expm1, part = math.expm1, slice(begin, begin + len(weights))
    over_p = [weight / p for weight, p in zip(weights, table.grid.p[part], strict=True)]
    made = [-expm1(c - n * log) for c, log in zip(table.log_c[part], node.longer[part], strict=True)]
    terms = []
    for share, (logs, _) in zip(table.shares, node.others, strict=True):
        exp: Callable[[Any], Any] = math.exp if isinstance(logs[0], float) else cmath.exp
        rows = zip(weights, share[part], logs[part], strict=True)
        terms.append([weight * c * exp(-n * log) for weight, c, log in rows])
    yield sum(map(mul, over_p, made)) + sum([sum(each).real for each in terms])
    for _ in range(1, table.k):
        made = [each + (1 - each) * drop for each, drop in zip(made, node.drops[part], strict=True)]
        terms = [list(map(mul, each, falls[part])) for each, (_, falls) in zip(terms, node.others, strict=True)]
        yield sum(map(mul, over_p, made)) + sum([sum(each).real for each in terms])


@lru_cache(maxsize=16)
def _table_of(k: int, grid: Grid, low: float, half: float, count: int) -> _Table:
    """Return what the means of many models are made of; it takes a megabyte or two."""
    log_d = [log_q / k for log_q in grid.log_q]
    log_c = [_log_ratio(log_q, k) - log_q + log_q / k for log_q in grid.log_q]
    roots, shares = _other_roots(k, grid.log_q)
    places = [_at(math.exp(low + half * (place + 1)), log_d, roots) for place in nodes(count)]
    return _Table(k, grid, log_c, shares, places)


def _at(rho: float, log_d: list[float], roots: list[list[Any]]) -> _Node:
    log1p, expm1 = math.log1p, math.expm1
    longer = [log1p(-rho * expm1(each)) for each in log_d]
    drops = [-expm1(each - log) for each, log in zip(log_d, longer, strict=True)]
    others: list[tuple[list[Any], list[Any]]] = []
    for root in roots:
        grown = [1 + rho * (1 - d) for d in root]
        log: Callable[[Any], Any] = math.log if isinstance(root[0], float) else cmath.log
        others.append(([log(each) for each in grown], [d / each for d, each in zip(root, grown, strict=True)]))
    return _Node(rho, longer, drops, others)


def mixed(model: Dropout, history: History, by_phase: list[float]) -> float:
    """Return the mean over the phases that somebody who has not left may be in, by how likely each is."""
    if len(by_phase) == 1:
        return by_phase[0]
    n, share = model.r + model.k * history.x, history.quiet / (model.alpha + history.T)
    chance = whole = 1.0
    total = by_phase[0]
    for phase in range(1, model.k):
        chance *= (n + phase - 1) / phase * share
        whole += chance
        total += chance * by_phase[phase]
    return total / whole


@lru_cache(maxsize=512)
def phase_means(model: Dropout, longest: float) -> PhaseMeans:
    """Return the means of a model for times up to `longest`, one of those of `longest_for`."""
    return PhaseMeans(model, longest)


def longest_for(weeks: float) -> float:
    """Return how far the means reach that tell of so many weeks; it hangs on these alone, so that a score does too."""
    longest = _FIRST_LONGEST
    while longest < weeks:
        longest *= 2
    return longest


def has_waves(model: Dropout) -> bool:
    """Say whether what is to come has waves, or an edge, so that it takes more to tell it."""
    return model.k > 1 or _has_edge(model)


def _has_edge(model: Dropout) -> bool:
    return model.a > _MOST_ALIKE or model.b + model.leaves_at_once < _LEAST_STAYS


def has_means(model: object) -> TypeGuard[Dropout]:
    """Say whether there are means of a model."""
    return isinstance(model, Dropout) and model.k in _REACHES


def _other_roots(k: int, log_q: list[float]) -> tuple[list[list[Any]], list[list[Any]]]:
    """Return d_s by p for s > 0, one of each pair of conjugates, and what -c_s/p is of it, twice for a pair."""
    roots: list[list[Any]] = []
    shares: list[list[Any]] = []
    for s in range(1, k // 2 + 1):
        is_pair = 2 * s < k
        unit = cmath.exp(2j * math.pi * s / k) if is_pair else -1.0
        root = [unit * math.exp(each / k) for each in log_q]
        times = (2 if is_pair else 1) / k
        roots.append(root)
        shares.append([-times / (math.exp(each) * (1 / d - 1)) for each, d in zip(log_q, root, strict=True)])
    return roots, shares


def _log_ratio(log_q: float, k: int) -> float:
    """Return ln of (1-q) / (k (1 - q^(1/k))), right to all digits where q is next to 1."""
    if log_q < -1:
        return math.log(math.expm1(log_q) / (k * math.expm1(log_q / k)))
    return log_q * (1 - 1 / k) / 2 + _log_sinhc(log_q / 2) - _log_sinhc(log_q / 2 / k)


def _log_sinhc(value: float) -> float:
    """Return ln(sinh(v)/v) of a v from -1 to 1."""
    square = value * value
    if square < 2e-3:
        return square * (1 / 6 - square * (1 / 180 - square * (1 / 2835 - square / 37800)))
    return math.log(math.sinh(value) / value)

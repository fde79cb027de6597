"""How regularly customers come, and from which day of silence on somebody is as likely gone as a shop wants to be sure.

A shop's customers are of one or a few kinds. Of most kinds the logarithms of a customer's gaps are normal with a mean
and a spread of their own, drawn towards those of the kind, the less the more gaps there are: by the conjugate prior
(Gelman et al., Bayesian Data Analysis, 3rd ed., 3.3) the next gap's logarithm is Student-t, on the scale of a normal by
a formula of Wallace's ("Bounds on normal approximations to Student's and the chi-square distributions", 1959). One kind
may come by chance alone: gaps are exponential with a rate of one's own, and the next one is Pareto. Of which kind
somebody is, their gaps say: a newcomer is of each as far as newcomers are. After every visit somebody `leaves`
for good with the kind's chance.

After a silence of g days somebody has left with the chance odds / (odds + S(g)), S the chance of a gap longer than g,
`odds` those of having left at the last visit. It is turned round for the day at which the chance is what is asked for.
No shop's gaps are quite as any distribution has them, and who leaves is told best by those who came as often: `Habit`
says both for numbers of visits. Of a customer's gaps the newest `WINDOW` count, so that a habit that changes is
followed and three thousand purchases take no longer than twenty.
"""

import math
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist
from typing import Final, NamedTuple

from msgspec import Struct

from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.crossing import first_crossing
from stamgast.domain.days import newest_days
from stamgast.domain.units import Day

WINDOW: Final = 16
"""So many of the newest gaps say what a customer's are like."""
REACHES: Final = (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
"""Where a tail is told, in deviations of a normal."""
LEAST_SPREAD: Final = 0.1
"""In ln(days). Who came every Saturday may come on a Sunday."""
SOONEST: Final = 0.75
"""Nobody is missed while so many of those who come back are still to come."""
FARTHEST: Final = 6.0
"""In deviations of a normal: what is rarer is not told apart."""
_LOG_SOONEST: Final = math.log(SOONEST)
_LONGEST: Final = math.log(36_500)
"""ln(days); what lies beyond a century is put there."""
_SLIGHT: Final = 0.05
"""A kind whose whole weight is such a part of what is looked for cannot move it."""
_ROOT_HALF: Final = math.sqrt(0.5)
_HALF_LOG_CIRCLE: Final = 0.5 * math.log(2 * math.pi)
_NEAR: Final = 1e-4
"""In ln(days): the moment is told to a ten-thousandth of itself, and days are whole."""
_erfc, _exp, _expm1, _lgamma = math.erfc, math.exp, math.expm1, math.lgamma
_log, _log1p, _sqrt = math.log, math.log1p, math.sqrt


class Gaps(NamedTuple):
    """The newest gaps of a customer: how many, and the sums of ln(days), of its square, and of the days."""

    number: int
    total: float
    squares: float
    days: int


class Rhythm(NamedTuple):
    """What is to be expected of the next gap. `share` is that of the kind among those who stay.

    ln(days) is Student-t with that mean, spread and freedom; or, where `freedom` is 0, a gap is longer than g days with
    the chance (1 + g / e^mean) ^ (-1 / spread).
    """

    share: float
    mean: float
    spread: float
    freedom: float

    def log_days(self, reach: float) -> float:
        """The logarithm of the gap that is so many deviations of a normal above the middle."""
        free = self.freedom
        if not free:
            return min(self.mean + _log(_expm1(-_log(0.5 * _erfc(reach * _ROOT_HALF)) * self.spread)), _LONGEST)
        scaled = reach * (8 * free + 3) / (8 * free + 1)
        off = _sqrt(free * _expm1(min(scaled * scaled / free, 500.0)))
        return min(self.mean + (off if reach >= 0 else -off) * self.spread, _LONGEST)


class Kind(Struct, frozen=True, forbid_unknown_fields=True):
    """One of a shop's kinds of customers; `share` is that among newcomers."""

    share: float
    mean: float
    """Of ln(gap in days)."""
    weight: float
    """So many gaps the kind's mean counts for."""
    shape: float
    rate: float
    """The spread's square is inverse gamma with these two."""
    leaves: float
    """The chance that a visit is the last one."""
    by_chance: bool = False
    """Gaps are exponential, and their rate (a day) gamma with `shape` and `rate`; `mean` and `weight` say nothing."""

    def told_by(self, gaps: Gaps, stays: int) -> tuple[float, float, float, float]:
        """What gaps and having come again so often tell, if somebody is of this kind.

        ln of how likely that is (up to what all kinds share), and mean, spread and degrees of freedom of the next gap's
        logarithm.
        """
        count, total, squares, days = gaps
        likelihood = _log(self.share) + stays * _log1p(-self.leaves)
        if self.by_chance:
            shape, rate = self.shape + count, self.rate + days
            likelihood += _lgamma(shape) - _lgamma(self.shape) + self.shape * _log(self.rate) - shape * _log(rate)
            return likelihood + total + count * _HALF_LOG_CIRCLE, _log(rate), 1 / shape, 0.0
        if not count:
            spread = _sqrt(self.rate * (self.weight + 1) / (self.shape * self.weight))
            return likelihood, self.mean, max(spread, LEAST_SPREAD), 2 * self.shape
        own, weight, shape = total / count, self.weight + count, self.shape + count / 2
        off = squares - total * own + self.weight * count / weight * (own - self.mean) ** 2
        rate = self.rate + max(off, 0.0) / 2
        likelihood += _lgamma(shape) - _lgamma(self.shape) + 0.5 * _log(self.weight / weight)
        likelihood += self.shape * _log(self.rate) - shape * _log(rate)
        spread = max(_sqrt(rate * (weight + 1) / (shape * weight)), LEAST_SPREAD)
        return likelihood, (self.weight * self.mean + total) / weight, spread, 2 * shape


class Habit(Struct, frozen=True, forbid_unknown_fields=True):
    """Customers who had come at least so often (`visits`), and less often than the next one says."""

    visits: int
    leaves: float
    """Times the odds of having left that their kinds have."""
    tail: tuple[float, ...]
    """ln of the share of gaps that went beyond each of `REACHES`; falling."""


class Silence(NamedTuple):
    """What a customer's silence says. `odds` are those of having left at the last visit."""

    odds: float
    rhythms: list[Rhythm]
    tail: tuple[float, ...]

    def days(self, chance: float) -> float:
        """After how many days without a visit the customer has left with that chance."""
        longer = _log(self.odds * (1 - chance) / chance)
        reach = reach_of(self.tail, min(longer, _LOG_SOONEST))
        rhythms = self.rhythms
        if len(rhythms) == 1:
            return _exp(rhythms[0].log_days(reach))
        aim = 0.5 * _erfc(reach * _ROOT_HALF)
        least = aim * _SLIGHT
        rhythms = [each for each in rhythms if each.share > least]
        ends = [each.log_days(reach) for each in rhythms]
        low, high = min(ends), max(ends)
        if high - low < _NEAR:
            return _exp(low)
        return _exp(first_crossing(_shortfall(rhythms, aim), low, high - low, _NEAR))


def _shortfall(rhythms: list[Rhythm], aim: float) -> Callable[[float], float]:
    """Of ln(days): by how much fewer gaps are longer than `aim` says, as a ratio's logarithm; it rises."""
    terms = [
        (share / 2, mean, spread, free, _sqrt(free / 2) * (8 * free + 1) / (8 * free + 3))
        for share, mean, spread, free in rhythms
    ]

    def shortfall(log_days: float) -> float:
        longer = 0.0
        for half, mean, spread, free, factor in terms:
            if not free:
                longer += 2 * half * _exp(-_log1p(_exp(log_days - mean)) / spread)
                continue
            off = (log_days - mean) / spread
            reach = factor * _sqrt(_log1p(off * off / free))
            longer += half * _erfc(reach if off >= 0 else -reach)
        return _log(aim / longer) if longer > 0 else 1e3

    return shortfall


class Regularity(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A shop's regularity as a fit found it. Days are the calendar's, closed ones too, without dead seasons."""

    kinds: tuple[Kind, ...]
    habits: tuple[Habit, ...] = ()
    """Ascending; the first one begins with one visit."""
    sureness: tuple[tuple[float, float], ...] = ()
    """How sure somebody wants to be -> the chance at which the shop's past alerts were as sure; both rising."""

    def silence(self, gaps: Gaps, visits: int) -> Silence:
        """What is to be made of a silence after these gaps."""
        told = [kind.told_by(gaps, visits - 1) for kind in self.kinds]
        most = max(told)[0]
        gone = stays = 0.0
        parts: list[float] = []
        for kind, (likelihood, *_) in zip(self.kinds, told, strict=True):
            weight = _exp(likelihood - most)
            gone += weight * kind.leaves
            parts.append(part := weight * (1 - kind.leaves))
            stays += part
        rhythms = [
            Rhythm(part / stays, mean, spread, freedom)
            for part, (_, mean, spread, freedom) in zip(parts, told, strict=True)
            if part > 1e-5 * stays
        ]
        habit = self.habits[bisect_right(self.habits, visits, key=_visits) - 1]
        return Silence(habit.leaves * gone / stays, rhythms, habit.tail)

    def chance_for(self, sureness: float) -> float:
        """The chance at which alerts have to come so that such a share of them is right."""
        return _chance_for(self.sureness, sureness)


def newest_gaps(days: bytes, last_day: Day, dead: ClosedDays) -> Gaps:
    """The newest gaps of `Customer.days`, dead seasons off."""
    return gaps_between(newest_days(days, last_day, WINDOW + 1), dead)


def gaps_between(days: list[Day], dead: ClosedDays) -> Gaps:
    """The gaps between visit days, ascending, dead seasons off."""
    if len(days) < 2:
        return Gaps(0, 0.0, 0.0, 0)
    total = squares = 0.0
    spent = 0
    shut = bool(dead.days) and dead.days[-1] > days[0] and dead.days[0] < days[-1]
    for index in range(1, len(days)):
        gap = days[index] - days[index - 1]
        if shut:
            gap = max(dead.open_between(days[index - 1], days[index]), 1)
        log = _log_of(gap)
        total += log
        squares += log * log
        spent += gap
    return Gaps(len(days) - 1, total, squares, spent)


def reach_of(tail: tuple[float, ...], log_longer: float) -> float:
    """Where a tail has fallen to a share (given as its logarithm); beyond its end it goes on as steeply."""
    index = 1
    while index < len(tail) - 1 and tail[index] > log_longer:
        index += 1
    high, low = tail[index - 1], tail[index]
    step = REACHES[index] - REACHES[index - 1]
    reach = REACHES[index - 1] + step * (high - log_longer) / max(high - low, 1e-9)
    return min(max(reach, REACHES[0]), FARTHEST)


def _visits(habit: Habit) -> int:
    return habit.visits


@lru_cache(maxsize=256)
def _chance_for(table: tuple[tuple[float, float], ...], sureness: float) -> float:
    above = next((index for index, (told, _) in enumerate(table) if told > sureness), len(table))
    if above == 0:
        return table[0][1] if table else sureness
    if above == len(table):
        return table[-1][1]
    (below, low), (beyond, high) = table[above - 1], table[above]
    return low + (high - low) * (sureness - below) / (beyond - below)


_log_of: Final = lru_cache(maxsize=4096)(math.log)
_NORMAL: Final = NormalDist()
PLAIN_TAIL: Final = tuple(math.log(_NORMAL.cdf(-each)) for each in REACHES)
"""The tail of a shop whose gaps are as the formulas have them."""
PLAIN_HABITS: Final = (Habit(1, 1.0, PLAIN_TAIL),)


def check_regularity(found: Regularity) -> None:
    """Check one that comes from outside.

    Raises:
        ValueError: a number that cannot be, or a part that is not there; the text says which.
    """
    if not found.kinds:
        raise ValueError("regularity.kinds is empty; there is at least one kind of customers")
    for number, kind in enumerate(found.kinds):
        where = f"regularity.kinds[{number}]"
        for name in ("share", "weight", "shape", "rate"):
            if not 0 < getattr(kind, name) < math.inf:
                raise ValueError(f"{where}.{name} is {getattr(kind, name):g}; it must be a positive number")
        if not 0 < kind.leaves < 1:
            raise ValueError(f"{where}.leaves is {kind.leaves:g}; it must be between 0 and 1")
        if not -20 < kind.mean < 20:
            raise ValueError(f"{where}.mean is {kind.mean:g}; it is the logarithm of a number of days")
    _check_habits(found.habits)
    told = [number for row in found.sureness for number in row]
    if any(not 0 < each < 1 for each in told) or any(
        not (low[0] < high[0] and low[1] < high[1]) for low, high in pairwise(found.sureness)
    ):
        raise ValueError("regularity.sureness must be pairs between 0 and 1 that rise")


def _check_habits(habits: tuple[Habit, ...]) -> None:
    visits = [each.visits for each in habits]
    if not visits or visits[0] != 1 or sorted(set(visits)) != visits:
        raise ValueError(f"the visits of regularity.habits are {visits}; they begin with 1 and rise")
    for each in habits:
        if not 0 < each.leaves < math.inf:
            raise ValueError(f"regularity.habits: leaves is {each.leaves:g}; it must be a positive number")
        steps = pairwise((0.0, *each.tail))
        if len(each.tail) != len(REACHES) or any(not low <= high for high, low in steps):
            raise ValueError(f"regularity.habits: a tail is {len(REACHES)} logarithms of shares that fall")

"""Drawn shops of thirteen kinds, to see what the choice of a model costs where nobody has seen the shop before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from benchmarks.choice_oracle import Rhythm, foretell, redraw
from stamgast.clv.data.purchase_file import Buyer, Purchases
from stamgast.domain.units import Day
from stamgast.sheets.cells import MICRO

BEGIN: Final[Day] = 19_000
HORIZON: Final = 182
"""Days that are foretold."""
_YEAR: Final = 365.25
_FOR_EVER: Final = 1e6
_LATELY: Final = 42
_MOST: Final = 400
"""Purchases of one customer, beyond which nobody is drawn."""

Chance = np.random.Generator
Visits = Callable[[Chance, float, float], list[float]]
"""Days of the repeat purchases of somebody who first comes on a day, until an end."""


class Person(NamedTuple):
    """Somebody as they are: how they come, and what the oracle knows of it (`benchmarks.choice_oracle`)."""

    visits: Visits
    rhythm: Rhythm


Customer = Callable[[Chance], Person]


@dataclass(frozen=True)
class Kind:
    """How customers come, and whether the year has a season: the shop's trade on a day, 1 on average, 3 at most."""

    name: str
    customer: Customer
    season: Callable[[np.ndarray], np.ndarray] | None = None


def _renewal(gap: float, between: float, leaves: tuple[float, float], shape: float) -> Customer:
    """Gaps are gamma of that shape around an own mean; the chance to leave at a visit is beta, of a mean and a size."""

    def customer(chance: Chance) -> Person:
        mean = gap * np.exp(chance.normal(0, between))
        stops = chance.beta(leaves[0] * leaves[1], (1 - leaves[0]) * leaves[1])
        return _in_rhythm(Rhythm(mean, shape, stops))

    return customer


def _in_rhythm(rhythm: Rhythm) -> Person:
    def visits(chance: Chance, first: float, end: float) -> list[float]:
        days, at = list[float](), first
        while len(days) < _MOST and chance.random() >= rhythm.stops:
            at += rhythm.gap(chance)
            if at > end:
                break
            days.append(at)
        return days

    return Person(visits, rhythm)


def _gamma_rates(r: float, alpha: float, leaves: float = 0.0, dies: tuple[float, float] | None = None) -> Customer:
    """Purchases are Poisson's at a gamma rate a week; at each the chance to leave is `leaves`.

    With `dies`, they leave at any time at another gamma rate of that shape and scale.
    """

    def customer(chance: Chance) -> Person:
        rate = chance.gamma(r, 1 / alpha) / 7
        ending = None if dies is None else chance.gamma(dies[0], 1 / dies[1])
        there = _FOR_EVER if ending is None else 7 * float(chance.exponential(1 / ending))

        def visits(chance: Chance, first: float, end: float) -> list[float]:
            until = min(end, first + there)
            days, at = list[float](), first
            while len(days) < _MOST and chance.random() >= leaves:
                at += chance.exponential(1 / rate)
                if at > until:
                    break
                days.append(at)
            return days

        return Person(visits, Rhythm(1 / rate, 1, leaves, dies=0.0 if ending is None else ending / 7))

    return customer


def _pauses(gap: float, shape: float, pause: tuple[float, float], leaves: float) -> Customer:
    """Regular for a while, then a pause (a chance at a visit, of so many days in the mean), then again."""

    def customer(chance: Chance) -> Person:
        return _in_rhythm(Rhythm(gap * np.exp(chance.normal(0, 0.5)), shape, leaves, pause))

    return customer


def _slowing(chance: Chance) -> Person:
    """Every gap is longer than the one before, and nobody leaves."""
    usual = 6 * np.exp(chance.normal(0, 0.5))

    def visits(chance: Chance, first: float, end: float) -> list[float]:
        mean, days, at = usual, list[float](), first
        while len(days) < _MOST:
            at += chance.exponential(mean)
            mean *= 1.35
            if at > end:
                break
            days.append(at)
        return days

    return Person(visits, Rhythm(usual, 1, 0.0, slower=1.35))


def _mixed(chance: Chance) -> Person:
    sorts = (
        _renewal(7, 0.15, (1 / 30, 400), 1),
        _renewal(32, 0.25, (1 / 20, 400), 16),
        _renewal(16, 0.6, (1 / 15, 400), 1),
        _renewal(42, 0.4, (1 / 2.5, 400), 1),
    )
    return sorts[chance.choice(4, p=(0.2, 0.2, 0.2, 0.4))](chance)


def _winter(day: np.ndarray) -> np.ndarray:
    """A swing around the year, with its peak in December."""
    return 1 + 0.6 * np.cos(2 * np.pi * (day + 10) / _YEAR)


def _gift_weeks(day: np.ndarray) -> np.ndarray:
    """Half of the year's trade in the last six weeks of it."""
    phase = day % _YEAR
    return np.where(phase > _YEAR - 45, 3.6, (_YEAR - 3.6 * 45) / (_YEAR - 45))


KINDS: Final = (
    Kind("regular", _renewal(14, 0.3, (0.04, 20), 4)),
    Kind("irregular", _gamma_rates(0.8, 4.0, 0.15)),
    Kind("pareto", _gamma_rates(0.6, 8.0, dies=(0.6, 12))),
    Kind("seasonal", _gamma_rates(1.0, 5.0, 0.08), _winter),
    Kind("christmas", _gamma_rates(0.7, 8.0, 0.12), _gift_weeks),
    Kind("alike", _renewal(28, 0.0, (1e-6, 1e6), 1)),
    Kind("alike and leaving", _renewal(21, 0.0, (0.12, 1e5), 1)),
    Kind("wholesale", _pauses(30, 3, (0.15, 120), 0.05)),
    Kind("groceries", _pauses(7, 2, (0.08, 90), 0.02)),
    Kind("gifts", _gamma_rates(0.5, 14.0, 0.4)),
    Kind("mixed", _mixed),
    Kind("yearly", _renewal(365, 0.05, (0.25, 50), 100)),
    Kind("slowing down", _slowing),
)


class Drawn(NamedTuple):
    """What a shop's customers bought, and of each (in the order of their names) who they are and when they came.

    Times are by the shop's clock, which the season drives; `until` is what it says at the end of the last known day,
    `ends` what at those of the days to come, and `lately` how fast it ran in the last six weeks, on average.
    """

    purchases: Purchases
    people: list[tuple[Person, np.ndarray]]
    until: float
    ends: np.ndarray
    lately: float

    def oracle(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the means and chances of who knows each one's rhythm."""
        return foretell(self._rhythms(), self.until, self.ends)

    def futures(self, seed: int) -> np.ndarray:
        """Return how often each customer (a row) comes in each of many futures (a column) of the same past."""
        return redraw(self._rhythms(), self.until, self.ends, seed)

    def futures_as_lately(self, seed: int) -> np.ndarray:
        """Return the same where the shop stays as busy as it was in the last six weeks."""
        ends = self.until + self.lately * np.arange(1.0, len(self.ends) + 1)
        return redraw(self._rhythms(), self.until, ends, seed)

    def _rhythms(self) -> list[tuple[Rhythm, np.ndarray]]:
        return [(person.rhythm, times) for person, times in self.people]


def draw(kind: Kind, customers: int, days: int, seed: int) -> Purchases:
    """Draw what such a shop's customers bought in so many days and in the `HORIZON` after them."""
    return draw_people(kind, customers, days, seed).purchases


def draw_people(kind: Kind, customers: int, days: int, seed: int) -> Drawn:
    """Draw the same, with the people.

    They first come on any day of those; with a season more of them when there is more trade.
    """
    chance = np.random.default_rng([seed, days, *kind.name.encode()])
    whole = np.arange(BEGIN, BEGIN + days + HORIZON + 1)
    trade = np.ones(len(whole)) if kind.season is None else kind.season(whole.astype(np.float64))
    clock = np.concatenate([[0.0], np.cumsum(trade)])
    buyers, people = {}, []
    for number in range(customers):
        first = float(chance.uniform(0, clock[days])) if number else 0.0
        person = kind.customer(chance)
        times = np.array([first, *person.visits(chance, first, float(clock[-1]) - 1e-6)])
        found = np.unique(np.searchsorted(clock, times, side="right") - 1)
        buyers[f"{number:05}"] = Buyer({BEGIN + int(day): 10 * MICRO for day in found})
        people.append((person, times))
    purchases = Purchases(buyers, BEGIN + days + HORIZON, "", has_profit=False)
    lately = float(trade[max(0, days + 1 - _LATELY) : days + 1].mean())
    return Drawn(purchases, people, float(clock[days + 1]), clock[days + 2 :], lately)

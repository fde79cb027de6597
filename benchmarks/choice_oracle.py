"""What could be known at most of the customers of a drawn shop: an oracle that knows each one's rhythm.

It knows how somebody's gaps are drawn and how likely they are to leave at a visit, and not whether they have left or
pause; no model can know more. Its means and chances are the right ones, so how they rank is how right ones rank.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import gammaincc, gammainccinv

Floats = np.ndarray
Integers = np.ndarray
DRAWS: Final = 400
"""Futures of each customer."""
_STEEPEST: Final = 700.0
_LEAST: Final = 1e-300


@dataclass(frozen=True)
class Rhythm:
    """Gaps are gamma of a mean and a shape; at a visit somebody leaves with the chance `stops`.

    `pause` is the chance that a gap is one instead, and how long those are in the mean, exponentially. Each gap is
    `slower` times as long as the one before. With `dies`, a rate a day, somebody leaves at any time; then gaps are of
    shape 1 and without pauses.
    """

    mean: float
    shape: float
    stops: float
    pause: tuple[float, float] = (0.0, 1.0)
    slower: float = 1.0
    dies: float = 0.0

    def gap(self, chance: np.random.Generator) -> float:
        """Draw one gap."""
        if self.pause[0] and chance.random() < self.pause[0]:
            return float(chance.exponential(self.pause[1]))
        return float(chance.gamma(self.shape, self.mean / self.shape))

    def gaps(self, chance: np.random.Generator, count: int) -> Floats:
        """Draw so many."""
        usual = chance.gamma(self.shape, self.mean / self.shape, count)
        pauses = chance.random(count) < self.pause[0]
        return np.where(pauses, chance.exponential(self.pause[1], count), usual)

    def foretold(self, chance: np.random.Generator, quiet: float, ends: Floats, repeats: int) -> tuple[float, float]:
        """Return the mean number of purchase days to come and the chance of any, after so long without one.

        `ends` says when each day to come ends, from now on; `repeats` is how often they have come again.
        """
        alive, came = self.futures(chance, quiet, ends, repeats)
        return alive * float(came.mean()), alive * float((came > 0).mean())

    def futures(self, chance: np.random.Generator, quiet: float, ends: Floats, repeats: int) -> tuple[float, Floats]:
        """Return the chance that they have not left, and how often they come if so, drawn `DRAWS` times."""
        mean = self.mean * self.slower**repeats
        usual = (1 - self.pause[0]) * gammaincc(self.shape, quiet * self.shape / mean)
        pausing = self.pause[0] * np.exp(-quiet / self.pause[1])
        there = (1 - self.stops) * (usual + pausing)
        alive = self._undying(quiet) if self.dies else there / max(there + self.stops, _LEAST)
        pauses = chance.random(DRAWS) < pausing / max(usual + pausing, _LEAST)
        survives = np.maximum(chance.random(DRAWS) * usual / (1 - self.pause[0]), _LEAST)
        rest = gammainccinv(self.shape, survives) * mean / self.shape - quiet
        at = np.where(pauses, chance.exponential(self.pause[1], DRAWS), np.maximum(rest, 0.0))
        until = np.minimum(ends[-1], chance.exponential(1 / self.dies, DRAWS)) if self.dies else ends[-1]
        came, last, going, slow = np.zeros(DRAWS), np.full(DRAWS, -1), at < until, mean / self.mean
        while going.any():
            day = np.searchsorted(ends, at, side="right")
            came += going & (day != last)
            last = np.where(going, day, last)
            going &= chance.random(DRAWS) >= self.stops
            slow *= self.slower
            at = at + slow * self.gaps(chance, DRAWS)
            going &= at < until
        return alive, came

    def _undying(self, quiet: float) -> float:
        """Return the chance to be there still of who comes at one rate and leaves at another (Schmittlein, 1987)."""
        both = self.dies + 1 / self.mean
        return 1 / (1 + self.dies / both * math.expm1(min(both * quiet, _STEEPEST)))


def foretell(people: Sequence[tuple[Rhythm, Floats]], until: float, ends: Floats) -> tuple[Floats, Floats]:
    """Return means and chances of customers who first came before `until`; of each when they came by the shop's clock.

    `ends` says when each day to come ends by it.
    """
    chance = np.random.default_rng(1)
    found = [rhythm.foretold(chance, *_now(times, until, ends)) for rhythm, times in people]
    return np.array([mean for mean, _ in found]), np.array([p for _, p in found])


def redraw(people: Sequence[tuple[Rhythm, Floats]], until: float, ends: Floats, seed: int) -> Integers:
    """Return how often each customer (a row) comes in each of `DRAWS` futures (a column) of the same past."""
    chance = np.random.default_rng([7, seed])
    rows = []
    for rhythm, times in people:
        alive, came = rhythm.futures(chance, *_now(times, until, ends))
        rows.append(np.where(chance.random(DRAWS) < alive, came, 0))
    return np.array(rows, dtype=np.int64)


def _now(times: Floats, until: float, ends: Floats) -> tuple[float, Floats, int]:
    """Return for how long nobody came, when days to come end from now on, and how often they came again."""
    known = times[times < until]
    return until - float(known[-1]), ends - until, len(known) - 1

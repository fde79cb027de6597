"""What could be known at most of the customers of a drawn shop: an oracle that knows each one's rhythm.

It knows how somebody's gaps are drawn and how likely they are to leave at a visit, and not whether they have left or
pause; no model can know more. Its means and chances are the right ones, so how they rank is how right ones rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import gammaincc, gammainccinv

Floats = np.ndarray
_DRAWS: Final = 400
_LEAST: Final = 1e-300


@dataclass(frozen=True)
class Rhythm:
    """Gaps are gamma of a mean and a shape; at a visit somebody leaves with the chance `stops`.

    `pause` is the chance that a gap is one instead, and how long those are in the mean, exponentially.
    """

    mean: float
    shape: float
    stops: float
    pause: tuple[float, float] = (0.0, 1.0)

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

    def foretold(self, chance: np.random.Generator, quiet: float, ends: Floats) -> tuple[float, float]:
        """Return the mean number of purchase days to come and the chance of any, after so long without one.

        `ends` says when each day to come ends, from now on.
        """
        usual = (1 - self.pause[0]) * gammaincc(self.shape, quiet * self.shape / self.mean)
        pausing = self.pause[0] * np.exp(-quiet / self.pause[1])
        there = (1 - self.stops) * (usual + pausing)
        alive = there / max(there + self.stops, _LEAST)
        pauses = chance.random(_DRAWS) < pausing / max(usual + pausing, _LEAST)
        survives = np.maximum(chance.random(_DRAWS) * usual / (1 - self.pause[0]), _LEAST)
        rest = gammainccinv(self.shape, survives) * self.mean / self.shape - quiet
        at = np.where(pauses, chance.exponential(self.pause[1], _DRAWS), np.maximum(rest, 0.0))
        came, last, going = np.zeros(_DRAWS), np.full(_DRAWS, -1), at < ends[-1]
        while going.any():
            day = np.searchsorted(ends, at, side="right")
            came += going & (day != last)
            last = np.where(going, day, last)
            going &= chance.random(_DRAWS) >= self.stops
            at = at + self.gaps(chance, _DRAWS)
            going &= at < ends[-1]
        return alive * float(came.mean()), alive * float((came > 0).mean())


def foretell(people: Sequence[tuple[Rhythm, Floats]], until: float, ends: Floats) -> tuple[Floats, Floats]:
    """Return means and chances of customers who first came before `until`; of each when they came by the shop's clock.

    `ends` says when each day to come ends by it.
    """
    chance = np.random.default_rng(1)
    found = [rhythm.foretold(chance, until - float(times[times < until][-1]), ends - until) for rhythm, times in people]
    return np.array([mean for mean, _ in found]), np.array([p for _, p in found])

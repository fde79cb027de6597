"""How far to believe each of several models together, by how each foretold what came after the cuts of a rehearsal.

What is gone by is a linear pool of them: as a mixture its log score is at most the shares' mean of theirs, so it cannot
be much worse than the best of them, whichever that turns out to be. `pool_weights` finds the shares; whatever would be
believed next to nothing is left out, for it costs time and tells little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from stamgast.clv.data.rows import Floats
from stamgast.clv.ensemble.weights import pool_weights

LEAST_SHARE: Final = 0.05


def shares_of(chances: Sequence[Mapping[str, Floats]], names: Sequence[str]) -> dict[str, float]:
    """Return what each of the models `names` is believed; they sum to 1, and those that are not believed are not in it.

    `chances` has, for each cut, the chance that each model gave to what each customer did.
    """
    believed = list(names)
    while True:
        weights = pool_weights([np.column_stack([given[name] for name in believed]) for given in chances])
        found = dict(zip(believed, map(float, weights), strict=True))
        least = min(found, key=lambda name: found[name])
        if found[least] >= LEAST_SHARE or len(found) == 1:
            return found
        believed.remove(least)


def mixed(given: Mapping[str, Floats], shares: Mapping[str, float]) -> Floats:
    """Return the chances of the pool, given those of each."""
    total: Floats = sum((share * given[name] for name, share in shares.items()), np.zeros(()))
    return total

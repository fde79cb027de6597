"""Which models are in the combined model's pool: three always, MBG/CNBD-k where earlier days show that it belongs.

MBG/CNBD-k is the odd one out. It has the likelihood of every gap in it, which its order k can win by far, and then
takes a long pause for leaving sooner than the others do: over a horizon longer than those of the cuts it can be
ruinous. So a better likelihood is not enough, nor is the weight that a pool would give it for being different. It is
in where it foretold what came after the cuts better than each of the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stamgast.clv.data.rows import Floats
from stamgast.clv.selection.forecasts import LEAST_CHANCE
from stamgast.domain.attrition import MBG_CNBD_K


def admitted(names: Sequence[str], chances: Sequence[Floats]) -> list[str]:
    """Return those of the models `names` that are in the pool, in their order.

    `chances` has one array per cut, a row per customer and a column per model: the chance of what the customer did.
    Each cut counts by its customers.
    """
    if MBG_CNBD_K not in names:
        return list(names)
    surprise = dict(zip(names, -np.log(np.maximum(np.vstack(chances), LEAST_CHANCE)).mean(axis=0), strict=True))
    odd = surprise.pop(MBG_CNBD_K)
    return list(names) if odd < min(surprise.values()) else list(surprise)

"""How sure a difference between two forecasts of the same customers is."""

from __future__ import annotations

from typing import Final

import numpy as np

from stamgast.clv.data.rows import Floats

DRAWS: Final = 2_000
SEED: Final = 7
_AT_ONCE: Final = 300_000


def interval_of_mean(differences: Floats, draws: int = DRAWS, seed: int = SEED) -> tuple[float, float]:
    """Return the 95 % interval of the mean of paired differences: the percentiles of a bootstrap over customers.

    Customers are drawn with replacement as often as there are; nothing is refitted, so the interval is that of the
    fitted models. The same seed draws the same customers whatever is compared (Efron and Tibshirani, 1993).
    """
    rng = np.random.default_rng(seed)
    size = len(differences)
    means: list[float] = []
    while len(means) < draws:
        some = min(max(1, _AT_ONCE // size), draws - len(means))
        means.extend(differences[rng.integers(0, size, (some, size))].mean(axis=1))
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)

"""What is foretold without a model: everybody goes on as so far, for ever.

They give a number and no chances. They are here to be compared with, for they are what people reckon by hand.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from stamgast.clv.data.rows import Floats
from stamgast.clv.data.sample import Sample

NAIVE_AOV: Final = "naive_aov"
NAIVE_REPEAT_RATE: Final = "naive_repeat_rate"
SHORTEST: Final = 1.0
"""Weeks since the first purchase that a rate is taken over at least: whoever came yesterday does not come daily."""


def average_order_value(sample: Sample) -> Floats:
    """Return each customer's average over all purchase days, in major units."""
    average: Floats = sample.all_spend / (sample.rows.x + 1)
    return average


def purchases_at_own_frequency(sample: Sample, weeks: float) -> Floats:
    """Return (x + 1) / T * weeks: average order value times this is `naive_aov`, the simple formula of a customer."""
    expected: Floats = (sample.rows.x + 1) / np.maximum(sample.rows.T, SHORTEST) * weeks
    return expected


def purchases_at_repeat_rate(sample: Sample, weeks: float) -> Floats:
    """Return x / T * weeks (`naive_repeat_rate`): whoever came once is expected never again."""
    expected: Floats = sample.rows.x / np.maximum(sample.rows.T, SHORTEST) * weeks
    return expected

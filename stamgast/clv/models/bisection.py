"""Where rising functions become positive, one for each row."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stamgast.clv.data.rows import Floats

_DOUBLINGS = 200
_HALVINGS = 60


def crossings(function: Callable[[Floats], Floats], step: Floats) -> Floats:
    """Find where each of the functions, which rise from 0 on, is 0; 0 where it is not negative there.

    `function` takes a point for each row; `step` is the first guess. Infinite where none is found.
    """
    low, high = np.zeros_like(step), step.copy()
    never = np.zeros(len(step), dtype=bool)
    for _ in range(_DOUBLINGS):
        short = function(high) < 0
        if not short.any():
            break
        low, high = np.where(short, high, low), np.where(short, high * 2, high)
    else:
        never = short
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        short = function(middle) < 0
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    found: Floats = np.where(never, np.inf, np.where(function(np.zeros_like(step)) >= 0, 0.0, high))
    return found

"""How long to wait before the next try of what failed: twice as long each time up to a bound, and never quite the same.

Without the chance in it, everybody who was refused together would come back together.
"""

from __future__ import annotations

import random
from collections.abc import Callable

_DOUBLINGS = 30


def pause_after(
    failures: int, *, first_s: float = 0.25, most_s: float = 5.0, chance: Callable[[], float] = random.random
) -> float:
    """Seconds to wait after so many failures in a row (from 1 on): up to half less than the bound of that try."""
    doubled: float = first_s * 2 ** min(max(failures, 1) - 1, _DOUBLINGS)
    return min(most_s, doubled) * (1 - chance() / 2)

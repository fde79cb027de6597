"""When Python looks for cyclic garbage. What a step or a request leaves is freed by reference counts, nearly all of it.

With Python's own thresholds (a look every 700 new containers) a worker's step that holds thousands of events is
searched over and over while it lasts: measured, a third of the CPU time of a small job and more than that of the
customers service. Web stood still for 80 to 110 ms again and again, whenever all that was ever imported was searched.
"""

from __future__ import annotations

import gc
from typing import Final

_YOUNG: Final = 400_000
_MIDDLE: Final = 10
_OLD: Final = 10


def collect_rarely() -> None:
    """Set what was imported aside for good and look seldom from now on. Call it once, when a process has started."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)

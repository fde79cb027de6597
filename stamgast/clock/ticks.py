"""Who looks at something again and again looks when the others of its process do.

A process that has nothing to do pays for each time it wakes, and little for what it does then. Eight partitions that
look for timers at eight moments wake it eight times, and ask Redis eight times; at one moment once.
"""

from __future__ import annotations

import time
from typing import Final

_BEGAN: Final = time.monotonic()
"""Each process has ticks of its own, so that not all of a machine's wake together."""
_LEAST: Final = 0.25
"""Of the distance of two ticks: whoever took long to look has at least so much rest."""


def until_tick(every_s: float, now: float) -> float:
    """Seconds from `now` (monotonic) to the next of this process's ticks that lie `every_s` apart.

    Between a quarter and five quarters of `every_s`.
    """
    since = now - _BEGAN
    passed = (since + every_s * _LEAST) // every_s
    return (passed + 1) * every_s - since

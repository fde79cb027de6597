"""This machine's time, as far as the clocks of Redis and Kafka bear it out.

A machine's clock may be wrong, or jump. What this one says lies within a minute of what others last said it was, moved
on by the machine's monotonic time, which no jump moves. `stamgast.clock.watch` asks the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from stamgast.clock.shop_time import Clock, RealClock
from stamgast.domain.units import MINUTE, Millis

TOLERANCE: Final = MINUTE
"""So far apart may clocks be that are kept by a time service."""


class ClockUnknownError(RuntimeError):
    """No other clock has borne this machine's out yet: nothing may be stamped."""


class BoundedClock(RealClock):
    """See the module."""

    def __init__(self, machine: Clock | None = None, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._machine = machine or RealClock()
        self._monotonic = monotonic
        self._borne_out: tuple[Millis, float] | None = None
        self.log_lag: Millis = 0
        """How far Kafka's clock is behind the others', if that is more than clocks differ."""

    def machine_now(self) -> Millis:
        """What the machine itself says."""
        return self._machine.now()

    def bear_out(self, moment: Millis, at: float) -> None:
        """Learn what time it was by others, `at` a monotonic time of this machine."""
        self._borne_out = (moment, at)

    @property
    def by_others(self) -> Millis | None:
        """What time it is by the others' clocks; None until one was heard."""
        if self._borne_out is None:
            return None
        moment, at = self._borne_out
        return moment + int((self._monotonic() - at) * 1_000)

    @property
    def strays(self) -> bool:
        """Say whether the machine's time is further off than it may be: it is time to ask the others again."""
        others = self.by_others
        return others is not None and abs(self.machine_now() - others) > TOLERANCE

    def now(self) -> Millis:
        """Return the machine's time, held to within a minute of the others'. Raises ClockUnknownError."""
        others = self.by_others
        if others is None:
            raise ClockUnknownError("this machine's clock has not been compared with another one yet")
        return min(max(self.machine_now(), others - TOLERANCE), others + TOLERANCE)


def log_lag_of(clock: Clock) -> Millis:
    """How far the log's own time is behind this clock; 0 unless Kafka's clock is wrong."""
    return clock.log_lag if isinstance(clock, BoundedClock) else 0

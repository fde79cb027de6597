"""Driven shop time: it stands still while anything is left to do, and stops at every timer on its way.

So nothing is late because the trial runs fast, quiet hours and lapses happen at their own hour, and a sale at the till
is never overtaken by the clock.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Final

from stamgast.clock.shop_time import DrivenClock
from stamgast.demo.settling import Engine
from stamgast.domain.units import DAY, MINUTE, Millis

GRID: Final[Millis] = 10 * MINUTE
"""Timers are met at the next full ten minutes, so that a thousand of them do not make a thousand stops."""
_SPEED_OVER_S: Final = 3.0


class ShopTime:
    """Moves the clock that all processes share."""

    def __init__(self, clock: DrivenClock, engine: Engine) -> None:
        self.still = asyncio.Lock()
        """Held while the clock may not move: whoever sends a purchase at "now" holds it."""
        self._clock = clock
        self._engine = engine
        self._passed: deque[tuple[float, Millis]] = deque()

    def now(self) -> Millis:
        """Return shop time."""
        return self._clock.now()

    async def pass_to(self, moment: Millis) -> None:
        """Let time pass, timer by timer; return when it is `moment` and nothing is left to do."""
        while True:
            await self._engine.settle(self._clock.now())  # not holding `still`: nobody at the till should wait for that
            async with self.still:
                now = self._clock.now()
                look = await self._engine.look(now)
                if look.waits_for:
                    continue
                if now >= moment:
                    return
                self._clock.move_to(next_stop(now, look.next_due, moment))
                self._note()

    def days_per_second(self) -> float:
        """Return how many shop days go into a second of the machine's, over the last few seconds."""
        self._forget_old()
        if len(self._passed) < 2:
            return 0.0
        since, first = self._passed[0]
        return (self._passed[-1][1] - first) / DAY / max(0.1, time.monotonic() - since)

    def _note(self) -> None:
        self._passed.append((time.monotonic(), self._clock.now()))
        self._forget_old()

    def _forget_old(self) -> None:
        while self._passed and self._passed[0][0] < time.monotonic() - _SPEED_OVER_S:
            self._passed.popleft()


def next_stop(now: Millis, next_due: Millis | None, moment: Millis) -> Millis:
    """Choose where the clock goes next: to the earliest timer's ten minutes, or where it was to go."""
    if next_due is None:
        return moment
    return min(moment, max(-(-next_due // GRID) * GRID, now + 1))

"""The one place where tests let time pass on purpose.

Customers do not wait for the engine, so whatever stands for them must not either: an open-loop producer sends by the
clock, also while everything is broken, and a STOP or a fault comes at a moment that was drawn beforehand. Waiting for
a condition instead would tie the load to the engine's own pace, and a proof would no longer see it late. No verdict
may depend on these moments; what a test waits *for* it asks for with `eventually`.
"""

from __future__ import annotations

import asyncio
import time


async def until(moment: float) -> None:
    """Come back at a moment of the monotonic clock; at once if it has passed."""
    await asyncio.sleep(max(0.0, moment - time.monotonic()))


class Pace:
    """Ticks at a fixed rate; those that were missed are not made up for."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._next = time.monotonic()

    async def tick(self) -> None:
        """Wait for the next one."""
        self._next = max(self._next + self._every_s, time.monotonic())
        await until(self._next)

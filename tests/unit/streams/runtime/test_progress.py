"""How far intake has got is kept from the start on, also where nobody has compared the machine's clock yet."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from stamgast.clock.bounded import ClockUnknownError
from streams.runtime.progress import IntakeProgress


class SlowClock:
    """A machine that is so busy when it starts that its clock is compared only after some asking."""

    def __init__(self) -> None:
        self.asked = 0
        self.known = asyncio.Event()

    def now(self) -> int:
        self.asked += 1
        if self.asked < 3:
            raise ClockUnknownError("this machine's clock has not been compared with another one yet")
        self.known.set()
        return 1_790_000_000_000


async def test_a_clock_that_is_compared_late_breaks_no_worker() -> None:
    async def ends(_: Any) -> dict[int, int]:
        return {}

    clock = SlowClock()
    progress = IntakeProgress(SimpleNamespace(owned={}, ends=ends), clock)  # type: ignore[arg-type]
    await progress.start()
    try:
        async with asyncio.timeout(20):
            await clock.known.wait()
        assert not progress.crashed
    finally:
        await progress.stop()

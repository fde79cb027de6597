"""The noting worker with a carrier that takes its time; it also notes takings and how long its loop stood still.

Beside the lines of `noting_worker`: `B topic partition time` when a taking begins, `L seconds` whenever the loop stood
still for longer than before.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

from benchmarks.noting_worker import NotingChannel, main
from channels.model import Found, Prepared, SendResult
from streams.runtime.ownership import Ownership

CARRIER_S = 0.1
"""What a request to Twilio takes."""
_TICK_S = 0.005


class SlowChannel(NotingChannel):
    """Answers after as long as a carrier."""

    async def send(self, prepared: Prepared, attempt_id: str, status_callback: str) -> SendResult:
        """Note, send and wait."""
        answer = await super().send(prepared, attempt_id, status_callback)
        await asyncio.sleep(CARRIER_S)
        return answer

    async def find(self, *about: Any) -> Found:
        """Wait and look."""
        await asyncio.sleep(CARRIER_S)
        found: Found = await self._within.find(*about)
        return found


def note_takings() -> None:
    """Note when each taking begins."""
    take = Ownership._take  # noqa: SLF001  the benchmark looks over its shoulder

    async def noted(owned: Ownership) -> None:
        sys.stdout.write(f"B {owned.pair.topic} {owned.number} {time.time():.6f}\n")
        await take(owned)

    Ownership._take = noted  # type: ignore[method-assign,assignment]  # noqa: SLF001


async def note_the_loop() -> None:
    """Note how much later than it should the loop comes round, whenever that is worse than ever before."""
    worst = 0.0
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(_TICK_S)
        late = time.perf_counter() - begun - _TICK_S
        if late > worst:
            worst = late
            sys.stdout.write(f"L {late:.6f}\n")


async def run() -> int:
    """Run until SIGTERM."""
    note_takings()
    watching = asyncio.create_task(note_the_loop())
    try:
        return await main(SlowChannel)
    finally:
        watching.cancel()


if __name__ == "__main__":
    sys.exit(asyncio.run(run()))

"""Messages are made off the event loop, one at a time, within a bound of processor time.

What a template can make is bounded by its language (`rules.program.template_language`); the bound here is for what
nobody thought of. A thread cannot be ended from outside: one that goes beyond the bound is left to itself, its message
fails, and the next one is made by another thread. Processor time counts, so that a machine that stands still, or has
much else to do, blames nobody's template.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from channels.model import Carrier, Fault, Message, Prepared, Refusal
from stamgast.domain.units import Millis

MOST_S: Final = 1.0
"""Processor time of one message. The worst that the language allows takes some hundredths of it (ADR 102)."""
_LOOK_EVERY_S: Final = 0.25


class Rendering:
    """Makes messages for all partitions of a process."""

    def __init__(self, most_s: float = MOST_S, look_every_s: float = _LOOK_EVERY_S) -> None:
        self._most_s = most_s
        self._look_every_s = look_every_s
        self._one_at_a_time = asyncio.Lock()
        self._thread: _Thread | None = None

    async def prepare(self, carrier: Carrier, message: Message, now: Millis) -> Prepared | Refusal:
        """Make a message, or say why there is none."""
        async with self._one_at_a_time:
            thread = self._thread = self._thread or _Thread()
            before = await thread.begun()
            work = asyncio.get_running_loop().run_in_executor(thread.pool, carrier.prepare, message, now)
            while not (await asyncio.wait({work}, timeout=self._look_every_s))[0]:
                if thread.spent() - before > self._most_s:
                    self._thread = None
                    thread.pool.shutdown(wait=False, cancel_futures=True)
                    where = f"template {message.template} ({message.locale})"
                    return Refusal(Fault.COSTLY, f"{where}: takes more than {self._most_s:g} s to fill in")
            return work.result()

    def close(self) -> None:
        """Wait for nothing."""
        if self._thread is not None:
            self._thread.pool.shutdown(wait=False, cancel_futures=True)


class _Thread:
    """One thread, and how much processor time it has had."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="rendering")
        self._clock: int | None = None

    async def begun(self) -> float:
        """Let it run, and return what it had by now."""
        if self._clock is None:
            number = await asyncio.get_running_loop().run_in_executor(self.pool, threading.get_ident)
            self._clock = time.pthread_getcpuclockid(number)
        return self.spent()

    def spent(self) -> float:
        """Processor time, in seconds."""
        return time.clock_gettime(self._clock) if self._clock is not None else 0.0

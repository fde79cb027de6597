"""How a command ends: the first Ctrl-C or SIGTERM asks it to, a second one ends it at once, and so do ten seconds.

Asking is not enough. A library may swallow a cancellation, an interrupt may be raised where nobody can catch it, and
a thread may wait for a broker that is away; whoever pressed Ctrl-C wants an end all the same, with no process left.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, NoReturn, Self, TypeVar

from stamgast.local.processes import kill_children

GRACE_S: Final = 10.0
_SAME_S: Final = 0.5
"""Signals closer together are one: `timeout` and shells send theirs to a process and once more to its group."""
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

T = TypeVar("T")


class Ending:
    """Takes SIGINT and SIGTERM while its context is open (in the main thread); leaves no child process if asked.

    The first signal raises KeyboardInterrupt where the main thread stands, or does what `asking` was given.
    """

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self._asked_at: float | None = None
        self._grace_s = grace_s
        self._ask: Callable[[], None] = _interrupt
        self._before: dict[int, Any] = {}
        self._force: threading.Timer | None = None

    @property
    def asked(self) -> bool:
        """Say whether a signal came."""
        return self._asked_at is not None

    def __enter__(self) -> Self:
        # SIGINT too: a shell starts its background jobs with it ignored.
        self._before = {number: signal.signal(number, self._take) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._force is not None:
            self._force.cancel()
            kill_children()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def asking(self, ask: Callable[[], None]) -> Iterator[None]:
        """While this is open a signal calls `ask`, in the main thread and between any two of its instructions."""
        before, self._ask = self._ask, ask
        try:
            yield
        finally:
            self._ask = before

    async def over(self, work: Coroutine[Any, Any, T]) -> T:
        """Await work that a signal cancels."""
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
        with self.asking(lambda: _call(loop, task.cancel)):
            return await task

    def _take(self, number: int, _frame: object) -> None:
        now = time.monotonic()
        if self._asked_at is not None:
            if now - self._asked_at > _SAME_S:
                end_now(128 + number)
            return
        self._asked_at = now
        self._force = threading.Timer(self._grace_s, self._give_up, (128 + number,))
        self._force.daemon = True
        self._force.start()
        self._ask()

    def _give_up(self, code: int) -> None:
        # Not by `print`: whatever holds the process up may hold the stream's lock.
        os.write(2, f"not ended within {self._grace_s:g} s of being asked to; ended by force\n".encode())
        end_now(code)


def end_now(code: int) -> NoReturn:
    """End this process and its children at once, whatever its threads and tasks still do."""
    kill_children()
    os._exit(code)


def end_process(code: int) -> NoReturn:
    """End this process when all that mattered is done: threads that still wait for something keep nobody waiting."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    end_now(code)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[[], Any]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(callback)

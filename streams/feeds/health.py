"""How the other side of a feed is, by its answers: while it takes nothing, one asks at a time, ever more rarely."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from stamgast.clock.pauses import pause_after
from stamgast.domain.units import Millis
from stamgast.feeds.posting import Answer, Came
from stamgast.tills.client import Pace

WIDTH: Final = 8
"""Posts of a feed at once."""

_TOLD: Final = 3
"""Failures in a row."""

Post = Callable[[], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long it is tried, and after how many failures one record is laid aside that others were taken beside."""

    first_s: float = 0.5
    most_s: float = 300.0
    refused: int = 5
    later: int = 12
    own_first_s: float = 1.0
    own_most_s: float = 60.0
    post_s: float = 15.0


class Health:
    """Shared by everything that is sent to one feed from this process. `wall` is the machine's clock in seconds."""

    def __init__(self, per_second: float, patience: Patience, wall: Callable[[], float] = time.time) -> None:
        self._patience = patience
        self._wall = wall
        self._pace = Pace(per_second, WIDTH)
        self._width = asyncio.Semaphore(WIDTH)
        self._probe = asyncio.Lock()
        self._not_before = 0.0
        self._failed_at = 0.0
        self.failures = 0
        """In a row; posts that failed side by side are one."""
        self.failing_since: Millis = 0
        self.trouble = ""
        self.taken = 0
        self.last_taken: Millis = 0
        self.gone = False

    @property
    def is_told(self) -> bool:
        """Whether people are to know: one that refuses a single record is not down."""
        return self.failures >= _TOLD

    @property
    def is_down(self) -> bool:
        """Whether it took nothing of late."""
        return self.failures > 0

    async def send(self, post: Post) -> Answer:
        """Post when it is time to; while the other side is down, after those that wait already."""
        while True:
            if self.failures:
                async with self._probe:
                    if self.failures:
                        await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
                        return await self._send(post)
            async with self._width:
                if not self.failures:
                    return await self._send(post)

    async def _send(self, post: Post) -> Answer:
        await self._pace.wait()
        began = time.monotonic()
        answer = await post()
        self._note(answer, began)
        return answer

    def _note(self, answer: Answer, began: float) -> None:
        if answer.came is Came.TAKEN:
            self.failures, self.failing_since, self.trouble = 0, 0, ""
            self.taken += 1
            self.last_taken = int(self._wall() * 1000)
            return
        now = time.monotonic()
        if began >= self._failed_at:
            self.failures += 1
            self._failed_at = now
        pause_s = pause_after(self.failures, first_s=self._patience.first_s, most_s=self._patience.most_s)
        self._not_before = max(self._not_before, now + pause_s)
        self._pace.rest(answer.wait_s)
        self.failing_since = self.failing_since or int(self._wall() * 1000)
        self.trouble = answer.why
        self.gone = self.gone or answer.came is Came.GONE

"""What waits in an owned partition, by lane: merchant and channel, one sender's queue.

All of it stands in Redis. A lane reads it in windows from the head of its queue, so a partition holds as much in memory
with a million waiting as with a hundred, and a lane that is slow or held up fills nobody's window but its own. What is
committed while everything that waits is in the window joins it at once, without being read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from stamgast.domain.activation import Submission
from stamgast.domain.units import Millis
from stamgast.state.outbox import Lane, Outbox

_WINDOW: Final = 64
"""So many submissions a lane reads ahead, while there are few lanes."""
_ROOM: Final = 2_048
"""So many are read ahead by all lanes of a partition together; each may have as many as it submits side by side."""


class Waiting:
    """One lane: what was read ahead, what is in hand, and whether there may be more."""

    __slots__ = ("in_hand", "lane", "more", "reading", "running", "window")

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.window: dict[str, Submission] = {}
        self.in_hand: dict[str, Submission] = {}
        """Taken out of the window; it stands in the queue until it is claimed."""
        self.more = True
        """Whether something may wait in Redis that is not in the window."""
        self.reading = asyncio.Lock()
        self.running = 0


class Lanes:
    """The lanes of one owned partition, each with some workers that submit side by side."""

    def __init__(
        self,
        outbox: Outbox,
        width: int,
        submit: Callable[[Submission], Awaitable[None]],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._outbox = outbox
        self._width = width
        self._submit = submit
        self._spawn = spawn
        self._lanes: dict[Lane, Waiting] = {}
        self._closed = False

    async def open(self) -> None:
        """Begin with whatever waits. Raises StateError."""
        async for lane in self._outbox.lanes():
            self.look_again(lane)

    def add(self, submission: Submission) -> None:
        """Take up what was committed just now; it stands at the end of its lane."""
        waiting = self._of((submission.merchant, submission.channel))
        if submission.activation in waiting.in_hand:
            return  # it was read before it was heard of
        if waiting.more or waiting.reading.locked() or len(waiting.window) >= self._room():
            waiting.more = True
        else:
            waiting.window[submission.activation] = submission
        self._wake(waiting)

    def look_again(self, lane: Lane) -> None:
        """Something waits there that was not added: it was put back, or stood there before."""
        waiting = self._of(lane)
        waiting.more = True
        self._wake(waiting)

    def drop(self, lane: Lane, activation: str) -> None:
        """Forget what has ended."""
        if lane in self._lanes:
            self._lanes[lane].window.pop(activation, None)

    def close(self) -> None:
        """Begin nothing more."""
        self._closed = True
        self._lanes.clear()

    @property
    def oldest(self) -> Millis | None:
        """When the oldest of those at the heads was decided (asked from another thread, hence the copies)."""
        heads = [each for one in list(self._lanes.values()) for each in (*one.in_hand.values(), *one.window.values())]
        return min((submission.decided_at for submission in heads), default=None)

    # -- within

    def _of(self, lane: Lane) -> Waiting:
        waiting = self._lanes.get(lane)
        if waiting is None:
            waiting = self._lanes[lane] = Waiting(lane)
        return waiting

    def _room(self) -> int:
        return max(self._width, min(_WINDOW, _ROOM // max(1, len(self._lanes))))

    def _wake(self, waiting: Waiting) -> None:
        """One worker more, if there is something to do for it."""
        unread = waiting.more and not waiting.reading.locked()
        if not self._closed and waiting.running < self._width and (waiting.window or unread):
            waiting.running += 1
            self._spawn(self._work(waiting))

    async def _work(self, waiting: Waiting) -> None:
        try:
            while (submission := await self._next(waiting)) is not None:
                try:
                    await self._submit(submission)
                finally:
                    waiting.in_hand.pop(submission.activation, None)
        finally:
            waiting.running -= 1

    async def _next(self, waiting: Waiting) -> Submission | None:
        """The lane's next entry, or None if nothing waits. Whatever holds a lane up does so here."""
        while not waiting.window and waiting.more and not self._closed:
            async with waiting.reading:
                if not waiting.window and waiting.more:
                    await self._read_on(waiting)
        if not waiting.window or self._closed:
            return None
        activation = next(iter(waiting.window))
        submission = waiting.in_hand[activation] = waiting.window.pop(activation)
        self._wake(waiting)
        return submission

    async def _read_on(self, waiting: Waiting) -> None:
        """Fill the empty window from the head of the queue; only there, what is in hand may still stand."""
        in_hand = set(waiting.in_hand)
        waiting.more = False
        found, more = await self._outbox.window(waiting.lane, self._room() + len(in_hand))
        waiting.window = {each.activation: each for each in found if each.activation not in in_hand}
        waiting.more = waiting.more or more  # or something was committed meanwhile

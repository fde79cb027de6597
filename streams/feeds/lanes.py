"""What is on its way to a feed: of each customer one after the other, of several customers side by side.

A record that the other side does not take is tried again, and its customer's later ones wait for it. It is laid aside
when it failed often enough *while others were taken*: if nothing is taken, it is the other side that is down.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from stamgast.clock.pauses import pause_after
from stamgast.feeds.happened import Happened
from stamgast.feeds.posting import Answer, Came
from streams.feeds.health import Health, Patience


class Sent(NamedTuple):
    """One record on its way."""

    topic: str
    offset: int
    happened: Happened


Lay = Callable[[Sent, str], bool]
"""Lay one aside for a reason; False where there is no room for it."""
Lane = tuple[str, str]
"""Topic and customer."""


class Lanes:
    """Those of one partition of a feed."""

    def __init__(
        self,
        post: Callable[[Happened], Awaitable[Answer]],
        health: Health,
        patience: Patience,
        *,
        done: Callable[[Sent], None],
        lay_aside: Lay,
    ) -> None:
        self._post = post
        self._health = health
        self._patience = patience
        self._done = done
        self._lay_aside = lay_aside
        self._waiting: dict[Lane, deque[Sent]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.open = 0
        """Records on their way."""

    def put(self, sent: Sent) -> None:
        """Send one, behind what is on its way to the same customer."""
        self.open += 1
        lane = (sent.topic, sent.happened.customer)
        behind = self._waiting.get(lane)
        if behind is not None:
            behind.append(sent)
            return
        self._waiting[lane] = deque([sent])
        task = asyncio.create_task(self._run(lane), name="feed lane")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Send no more."""
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, lane: Lane) -> None:
        waiting = self._waiting[lane]
        while waiting:
            await self._send(waiting[0])
            self.open -= 1
            self._done(waiting.popleft())
        del self._waiting[lane]

    async def _send(self, sent: Sent) -> None:
        """Return when it was taken, or laid aside."""
        own, others = 0, self._health.taken
        while True:
            answer = await self._health.send(lambda: self._post(sent.happened))
            if answer.came is Came.TAKEN:
                return
            if answer.came is Came.GONE:
                await asyncio.Event().wait()  # whoever looks after the feed ends it
            if self._health.taken > others:
                own, others = own + 1, self._health.taken
            most = self._patience.refused if answer.came is Came.REFUSED else self._patience.later
            if own >= most and self._lay_aside(sent, answer.why):
                return
            await asyncio.sleep(
                pause_after(own + 1, first_s=self._patience.own_first_s, most_s=self._patience.own_most_s)
            )

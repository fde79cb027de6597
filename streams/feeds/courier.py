"""One feed in this process: its parts, and what they share of the other side."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

from msgspec.structs import replace

from stamgast.domain.units import Millis
from stamgast.feeds.happened import Happened
from stamgast.feeds.posting import Answer, Poster
from stamgast.feeds.record import Feed, Progress, Written, encode, fresh, progress_key
from streams.feeds.health import WIDTH, Health, Patience
from streams.feeds.part import MOST_OPEN, Part
from streams.feeds.pieces import Pieces
from streams.metrics import Metrics

_STALE: Final = 60_000
"""Milliseconds after which progress is written although only positions of others' records moved."""


class Courier:
    """See the module. Made anew whenever its feed's record changes."""

    def __init__(
        self,
        feed: Feed,
        secrets: list[str],
        *,
        pieces: Pieces,
        prefix: str,
        metrics: Metrics,
        patience: Patience,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Raise `AddressError`, or ValueError where a secret is none."""
        self.feed = feed
        self._pieces = pieces
        self._prefix = prefix
        self._metrics = metrics
        self._patience = patience
        self._wall = wall
        self.health = Health(feed.per_second, patience, wall)
        self._poster = Poster(feed.url, secrets, width=WIDTH, within_s=patience.post_s, wall=wall)
        self._parts: dict[int, tuple[Part, asyncio.Task[None]]] = {}
        self._written: dict[int, Progress] = {}

    @property
    def behind(self) -> int:
        """Offsets up to the ends that are known."""
        return sum(part.behind for part, _ in self._parts.values())

    async def carry(self, owned: Collection[int], known: Mapping[int, Progress]) -> list[Written]:
        """Send of these partitions, and of no others; return what is to be written of those that went."""
        gone = [number for number in self._parts if number not in owned]
        left = [written for number in gone for written in self._progress_of(number, anyway=True)]
        for number in gone:
            await self._end(number)
        for number in set(owned) - set(self._parts):
            begun = known.get(number)
            if begun is None or begun.turn != self.feed.turn:
                begun = fresh(self.feed, number, self._now(), begun)
            part = Part(
                self.feed,
                number,
                begun,
                pieces=self._pieces,
                prefix=self._prefix,
                post=self._post,
                health=self.health,
                patience=self._patience,
                metrics=self._metrics,
                room=self._room,
                now=self._now,
            )
            self._written[number] = begun
            self._parts[number] = (part, asyncio.create_task(part.run(), name=f"feed {self.feed.name}"))
        return left

    def look(self, ends: Mapping[tuple[str, int], int]) -> None:
        """Learn up to where the topics can be read. Raises what a part broke of."""
        for part, task in self._parts.values():
            if task.done():
                task.result()
            part.look(ends)

    def moved(self, *, anyway: bool = False) -> list[Written]:
        """Progress that was made since it was asked for last."""
        return [written for number in self._parts for written in self._progress_of(number, anyway=anyway)]

    async def close(self) -> None:
        """Send no more."""
        for number in [*self._parts]:
            await self._end(number)
        await self._poster.__aexit__()

    async def _end(self, number: int) -> None:
        _, task = self._parts.pop(number)
        self._written.pop(number, None)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def _progress_of(self, number: int, *, anyway: bool = False) -> list[Written]:
        now, before = self._parts[number][0].progress(), self._written[number]
        same = replace(now, at=before.at)
        if same == before:
            return []
        only_passed = same == replace(before, reached=now.reached)  # others' records, or of kinds that nobody asked for
        if only_passed and not anyway and now.at - before.at < _STALE:
            return []
        self._written[number] = now
        return [(progress_key(self.feed.id, number), encode(now))]

    async def _post(self, happened: Happened) -> Answer:
        answer = await self._poster.post(happened)
        self._metrics.feed_posts.labels(self.feed.merchant, self.feed.name, answer.came.name.lower()).inc()
        return answer

    def _room(self) -> int:
        return MOST_OPEN - sum(part.open for part, _ in self._parts.values())

    def _now(self) -> Millis:
        return int(self._wall() * 1000)

"""What the owner of a partition of customers does for draws: ask when it is time, tell its tickets, tell who took part.

Each of these is said again until the log shows that it was heard. What is told follows from what stands beside the
states, which does not change from the moment on at which the draw was called: so whoever owns the partition by then,
and however often somebody was killed, tells the same.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from stamgast.clock.shop_time import Clock
from stamgast.domain.draw_events import DrawnFor, DrawTicketed, DrawWished, PrizePassed
from stamgast.domain.draws import Best, Winner
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import AnyEvent, encode_event, key_of
from stamgast.domain.urns import URN, DrawMark, Drawn, Name
from stamgast.service import PASSES
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing, concerned
from streams.runtime.emission import append
from streams.runtime.job import OwnedPartition

_AT_ONCE: Final = 500
"""Customers that are looked at, or told, at once."""
_WINDOWS: Final = 10
"""So many times that in one look."""
_AGAIN_S: Final = 10.0
"""What was not heard by then is said again."""
_LOOK_AGAIN_S: Final = 30.0
"""So long after everybody was told it is looked whether a prize has to go on."""
_MOST_COMPILED: Final = 2
_decode: Final = msgspec.json.Decoder(Best).decode


@dataclass(slots=True)
class _Count:
    """A partition's tickets, as far as they were looked through."""

    places: int
    cursor: bytes = b"0"
    seen: set[bytes] = field(default_factory=set)
    entries: int = 0
    lowest: list[Winner] = field(default_factory=list)

    def add(self, name: bytes, value: bytes) -> None:
        """Redis may show one twice."""
        if name in self.seen:
            return
        try:
            best = _decode(value)
        except UNREADABLE:  # `verify` tells of it
            return
        self.seen.add(name)
        self.entries += best.entries
        self.lowest.append(Winner(name.rpartition(b":")[2].decode(), best.entry, best.ticket))

    def keep(self) -> None:
        """Only the lowest few are needed."""
        self.lowest = heapq.nsmallest(self.places, self.lowest, key=lambda each: each.rank)


class DrawErrands:
    """Those of one owned partition; `look` does some."""

    def __init__(self, owned: OwnedPartition, topic: str, partitions: int, *, bundles: Bundles, clock: Clock) -> None:
        self._owned = owned
        self._topic = topic
        self._partitions = partitions
        self._bundles = bundles
        self._clock = clock
        self._told_at = -1
        """Offset of the last thing that was said to customers of the partition."""
        self._said: dict[str, float] = {}
        """What was said to the first partition -> when, by the process's clock."""
        self._counts: dict[Name, _Count] = {}
        self._cursors: dict[Name, bytes] = {}
        self._rest: dict[Name, float] = {}
        """Drawn, and everybody is told: until when it is not looked at."""

    async def look(self, standing: Standing) -> None:
        """Do what can be done. Raises StateError or EmitError."""
        await self._wish(standing)
        for name, mark in sorted(standing.draws.marks.items()):
            if mark.is_called and mark.drawn is None:
                await self._tell_tickets(name, mark)
            elif mark.drawn is not None:
                await self._tell_entrants(name, mark.drawn)

    async def _wish(self, standing: Standing) -> None:
        for bundle in await concerned(standing, self._bundles, lambda seen: seen.may_have_draws, most=_MOST_COMPILED):
            program, now = bundle.program, self._clock.now()
            for draw in program.draws.values():
                mark = standing.draws.marks.get((program.merchant, draw.id))
                if mark is None or mark.is_called or now < draw.drawn_at or not self._may_say(f"wish:{draw.id}"):
                    continue
                event = DrawWished(
                    merchant=program.merchant, customer="", at=now, draw=draw.id, by=self._owned.number,
                    of=self._partitions,
                )  # fmt: skip
                await self._tell(URN, [event])

    async def _tell_tickets(self, name: Name, mark: DrawMark) -> None:
        count = self._counts.get(name)
        if count is None:
            if not self._may_say(f"tickets:{':'.join(name)}"):
                return
            count = self._counts[name] = _Count(mark.places)
        for _ in range(_WINDOWS):
            count.cursor, words = await self._some(name, count.cursor)
            for place in range(0, len(words), 2):
                count.add(words[place], words[place + 1])
            count.keep()
            if count.cursor == b"0":
                break
        else:
            return
        del self._counts[name]
        event = DrawTicketed(
            merchant=name[0], customer="", at=self._clock.now(), draw=name[1], by=self._owned.number,
            of=self._partitions, entrants=len(count.seen), entries=count.entries, lowest=tuple(count.lowest),
        )  # fmt: skip
        await self._tell(URN, [event])

    async def _tell_entrants(self, name: Name, drawn: Drawn) -> None:
        """A few of those who were not told yet; what was told is applied before the next few are."""
        if self._told_at > self._owned.lease.watermark or time.monotonic() < self._rest.get(name, 0.0):
            return
        cursor, words = await self._some(name, self._cursors.get(name, b"0"))
        self._cursors[name] = cursor
        won = {each.customer: (each.reward, place) for place, each in enumerate(drawn.winners, 1) if not each.passed}
        news: list[AnyEvent] = []
        for customer, value in zip(words[::2], words[1::2], strict=True):
            who = customer.rpartition(b":")[2].decode()
            if value.startswith(PASSES):
                news += await self._pass_on(name, drawn, who, int(value[len(PASSES) :]))
                continue
            reward, place = won.get(who, ("", 0))
            news.append(self._news(name, drawn, who, reward=reward, place=place if reward else 0))
        if news:
            self._told_at = await self._tell(self._owned.number, news)
        elif cursor == b"0":
            may_pass = any(each.reward and not each.passed for each in drawn.winners)
            self._rest[name] = time.monotonic() + _LOOK_AGAIN_S if may_pass else float("inf")

    async def _pass_on(self, name: Name, drawn: Drawn, customer: str, place: int) -> Sequence[AnyEvent]:
        """Say that a prize is to go on until it has; then nothing more is to be said of that customer."""
        if 0 < place <= len(drawn.winners) and drawn.winners[place - 1].passed:
            return [self._news(name, drawn, customer)]
        if self._may_say(f"pass:{':'.join(name)}:{place}"):
            event = PrizePassed(
                merchant=name[0], customer="", at=self._clock.now(), draw=name[1], by=self._owned.number, place=place
            )
            await self._tell(URN, [event])
        return []

    def _news(self, name: Name, drawn: Drawn, customer: str, *, reward: str = "", place: int = 0) -> DrawnFor:
        return DrawnFor(
            merchant=name[0], customer=customer, at=self._clock.now(), draw=name[1], reward=reward, place=place,
            drawn_at_offset=drawn.offset,
        )  # fmt: skip

    async def _some(self, name: Name, cursor: bytes) -> tuple[bytes, list[bytes]]:
        lease = self._owned.lease
        about = f"{name[0]}:{name[1]}:*"
        found = await lease.call("HSCAN", lease.keys.entries, cursor, "MATCH", about, "COUNT", _AT_ONCE)
        return found[0], list(found[1])

    def _may_say(self, what: str) -> bool:
        """Whether it was not said just now."""
        now = time.monotonic()
        if now - self._said.get(what, -_AGAIN_S) < _AGAIN_S:
            return False
        self._said[what] = now
        return True

    async def _tell(self, partition: int, events: Sequence[AnyEvent]) -> int:
        records = [(key_of(event.merchant, event.customer), encode_event(event)) for event in events]
        return (await append(self._owned.emitters, self._topic, partition, records))[-1]

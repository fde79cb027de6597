"""Customers of a merchant in an owned partition are gone through, in short turns, and something is said of some.

One partition of a process walks at a time, so that everybody else's events go on between the turns. How far a walk is
by now stands in Redis for whoever looks on; nothing is decided by it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from stamgast.campaigns.buyers import Search
from stamgast.clock.shop_time import Clock
from stamgast.domain.campaign_events import AudienceListed
from stamgast.domain.events import AnyEvent, decode_event, encode_event, key_of
from stamgast.domain.units import Millis
from stamgast.log.reading import LogReader, TopicPartition
from stamgast.state.campaign_marks import campaign_of
from stamgast.state.roll import some_of
from streams.runtime.emission import append
from streams.runtime.job import OwnedPartition

_AT_ONCE: Final = 200
"""Customers that are looked at without a pause: some two milliseconds."""
_TURN_S: Final = 0.1
_AT_LEAST: Final = 2_000
"""Customers of a turn, however slowly they come: what a turn says at its end costs as much as some hundreds of them."""
_MOST_UNDER_WAY: Final = 1_000
"""Records of the log that may be appended and not applied yet."""
_PIECE: Final = 10_000
"""Customers of a list that are read at once, at least."""

_PIECE_OF_LOG: Final = 20_000
"""Records of a log that is searched in one turn, about."""

Ask = Callable[[str, bytes, Millis], tuple[bool, AnyEvent | None]]
"""(customer, state, now) -> whether it may concern them, and what is to be said if it was not said yet."""


Done = Callable[["Walk", Millis], AnyEvent]
"""What is to be said behind the last."""


class Members(Protocol):
    """Whom to go through."""

    async def some(self, merchant: str) -> tuple[list[str], bool]:
        """The next few, and whether there are no more."""
        ...


class Everybody:
    """All customers of the merchant: each stands once on the partition's roll."""

    def __init__(self, owned: OwnedPartition) -> None:
        self._lease = owned.lease
        self._next = 0

    async def some(self, merchant: str) -> tuple[list[str], bool]:
        """The next few as they stand there."""
        found = await some_of(self._lease.call, self._lease.keys, merchant, self._next, _AT_ONCE)
        self._next += len(found)
        return found, len(found) < _AT_ONCE


class Nobody:
    """Nobody can be asked."""

    async def some(self, merchant: str) -> tuple[list[str], bool]:  # noqa: ARG002 - as of the others
        """There is none."""
        return [], True


class Listed:
    """Those on a campaign's list: its parts stand in the partition's own log, before the record that started it."""

    def __init__(self, bootstrap: str, where: tuple[str, int], campaign: tuple[str, Millis], between: range) -> None:
        self._bootstrap = bootstrap
        self._where = where
        self._campaign = campaign
        self._next, self._end = between.start, between.stop
        self._read: list[str] = []

    async def some(self, merchant: str) -> tuple[list[str], bool]:
        """The next few of the list."""
        if not self._read and self._next < self._end:
            await self._read_on(merchant)
        found, self._read = self._read[:_AT_ONCE], self._read[_AT_ONCE:]
        return found, not self._read and self._next >= self._end

    async def _read_on(self, merchant: str) -> None:
        key = key_of(merchant, "")
        async with LogReader(self._bootstrap, client_id="stamgast-audience") as reader:
            async for records in reader.read(*self._where, self._next, self._end):
                for record in records:
                    self._next = record.offset + 1
                    event = decode_event(record.value) if record.key == key else None
                    if isinstance(event, AudienceListed) and (event.rule, event.occasion) == self._campaign:
                        self._read += event.customers
                    if len(self._read) >= _PIECE:
                        return
        self._next = self._end


class Bought:
    """Those who have bought something between two days, by what the partition's own log says up to an offset."""

    def __init__(self, bootstrap: str, where: tuple[str, int], search: Search, end: int) -> None:
        self._bootstrap = bootstrap
        self._where = where
        self._search = search
        self._next, self._end = 0, end
        self._found: list[str] | None = None

    async def some(self, merchant: str) -> tuple[list[str], bool]:  # noqa: ARG002 - the search is of one merchant
        """Nobody while the log is read, a piece a turn; then the next few."""
        if self._found is None:
            await self._read_on()
            return [], self._found == []
        found, self._found = self._found[:_AT_ONCE], self._found[_AT_ONCE:]
        return found, not self._found

    async def _read_on(self) -> None:
        read = 0
        async with LogReader(self._bootstrap, client_id="stamgast-buyers") as reader:
            begin = (await reader.begins([self._where]))[TopicPartition(*self._where)]
            self._next = max(self._next, begin)
            async for records in reader.read(*self._where, self._next, self._end):
                for record in records:
                    self._search.see(record)
                self._next, read = records[-1].offset + 1, read + len(records)
                if read > _PIECE_OF_LOG:
                    return
        self._found = sorted(self._search.found)


@dataclass(slots=True)
class Walk:
    """Customers are gone through for an occasion of a rule."""

    merchant: str
    rule: str
    occasion: Millis
    members: Members
    looked: int = 0
    matched: int = 0
    unsaid: list[AnyEvent] = field(default_factory=list)
    """What is found and not appended yet: it is kept until Kafka has taken it."""
    is_over: bool = False
    """Nobody is left to be looked at."""
    shown: tuple[int, int] = (-1, -1)
    """What was shown last."""


class Walker:
    """Goes through them in one owned partition; `turns` is shared by all partitions of a process."""

    def __init__(self, owned: OwnedPartition, topic: str, *, clock: Clock, turns: asyncio.Lock) -> None:
        self._owned = owned
        self._topic = topic
        self._clock = clock
        self._turns = turns
        self._told_at = -1
        """Offset of the last event that was appended."""

    @property
    def is_heard(self) -> bool:
        """Whether all that was said has been applied."""
        return self._told_at <= self._owned.lease.watermark

    async def go_on(self, walk: Walk, ask: Ask, done: Done) -> bool:
        """Look at some more, say what was found, and `done` behind the last; return whether it is.

        What one turn finds is appended together: a step of its own for every few would cost far more than to ask.
        Raises StateError or EmitError.
        """
        ends, enough = time.monotonic() + _TURN_S, walk.looked + _AT_LEAST
        while not walk.is_over and self._may_say_more(walk) and (walk.looked < enough or time.monotonic() < ends):
            async with self._turns:
                await self._look_at_some(walk, ask, done)
            await asyncio.sleep(0)
        if walk.unsaid:
            await self.tell(walk.unsaid)
            walk.unsaid = []
        await self._show(walk)
        return walk.is_over

    def _may_say_more(self, walk: Walk) -> bool:
        under_way = max(0, self._told_at - self._owned.lease.watermark)
        return under_way + len(walk.unsaid) < _MOST_UNDER_WAY

    async def _look_at_some(self, walk: Walk, ask: Ask, done: Done) -> None:
        lease, now = self._owned.lease, self._clock.now()
        names, walk.is_over = await walk.members.some(walk.merchant)
        keys = (lease.keys.customer(walk.merchant, name) for name in names)
        values = await lease.call("MGET", *keys) if names else []
        for name, value in zip(names, values, strict=True):
            matches, event = (False, None) if value is None else ask(name, value, now)
            walk.matched += matches
            if event is not None:
                walk.unsaid.append(event)
        walk.looked += len(names)
        if walk.is_over:
            walk.unsaid.append(done(walk, now))

    async def _show(self, walk: Walk) -> None:
        lease, shown = self._owned.lease, (walk.looked, walk.matched)
        name = f"{walk.merchant}:{campaign_of(walk.rule, walk.occasion)}"
        if walk.is_over:
            await lease.call("HDEL", lease.keys.walks, name)
        elif shown != walk.shown:
            await lease.call("HSET", lease.keys.walks, name, f"{walk.looked}|{walk.matched}")
            walk.shown = shown

    async def tell(self, events: Sequence[AnyEvent]) -> None:
        """Append events to the partition. Raises EmitError."""
        records = [(key_of(event.merchant, event.customer), encode_event(event)) for event in events]
        self._told_at = (await append(self._owned.emitters, self._topic, self._owned.number, records))[-1]

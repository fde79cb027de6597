"""One partition of a feed: what it reads, what is on its way, and how far it has come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from stamgast.domain.units import Millis
from stamgast.feeds.happened import SENT_TOPICS, Happened, is_wanted, read_happened
from stamgast.feeds.posting import Answer
from stamgast.feeds.record import MOST_REFUSED, Feed, Progress, Refused
from stamgast.log.reading import LogTruncatedError
from stamgast.logs import get_logger
from streams.feeds.health import WIDTH, Health, Patience
from streams.feeds.lanes import Lanes, Sent
from streams.feeds.pieces import Pieces
from streams.feeds.window import Window
from streams.metrics import Metrics
from streams.runtime.job import TROUBLE

log = get_logger(__name__)

MOST_OPEN: Final = 256
"""Records of a feed that this process holds; each part may have one more."""
_BREATH: Final = 100
"""Records that are looked at before others have their turn."""
_AGAIN_S: Final = 1.0


class Part:
    """See the module. `room` says how many more records the feed may hold."""

    def __init__(
        self,
        feed: Feed,
        number: int,
        begun: Progress,
        *,
        pieces: Pieces,
        prefix: str,
        post: Callable[[Happened], Awaitable[Answer]],
        health: Health,
        patience: Patience,
        metrics: Metrics,
        room: Callable[[], int],
        now: Callable[[], Millis],
    ) -> None:
        self._feed = feed
        self._number = number
        self._pieces = pieces
        self._prefix = prefix
        self._health = health
        self._metrics = metrics
        self._room = room
        self._now = now
        self._begun = begun
        self._key = f"{feed.merchant}:".encode()
        self._windows = {topic: Window(begun.reached[topic]) for topic in SENT_TOPICS}
        self._ends: dict[str, int] = {}
        self._woken = asyncio.Event()
        self._again = feed.again if begun.again < feed.again else 0
        self._refused = [] if self._again else [*begun.refused]
        self._to_repeat = {(each.topic, each.offset): each for each in begun.refused} if self._again else {}
        self._sent, self._lost, self._unreadable = begun.sent, begun.lost, begun.unreadable
        self._stuck = ""
        """Why nothing can be read."""
        self._lanes = Lanes(post, health, patience, done=self._done, lay_aside=self._lay_aside)

    @property
    def open(self) -> int:
        """Records on their way."""
        return self._lanes.open

    @property
    def behind(self) -> int:
        """Offsets up to the ends that are known."""
        return sum(max(0, end - self._windows[topic].reached) for topic, end in self._ends.items())

    def progress(self) -> Progress:
        """How far it is now."""
        begun, health = self._begun, self._health
        return Progress(
            self._now(),
            self._feed.turn,
            {topic: window.reached for topic, window in self._windows.items()},
            again=begun.again if self._to_repeat else self._feed.again,
            refused=(*self._to_repeat.values(), *self._refused),
            sent=self._sent,
            last_sent=max(begun.last_sent, health.last_taken),
            failing_since=health.failing_since,
            trouble=self._stuck or health.trouble,
            gone_at_wake=self._feed.wake if health.gone else -1,
            lost=self._lost,
            unreadable=self._unreadable,
        )

    def look(self, ends: Mapping[tuple[str, int], int]) -> None:
        """Learn up to where the topics can be read."""
        found = {topic: ends.get((self._prefix + topic, self._number)) for topic in SENT_TOPICS}
        self._ends |= {topic: end for topic, end in found.items() if end is not None}
        beyond = [topic for topic, end in self._ends.items() if end < self._windows[topic].next]
        self._stuck = (
            f"{beyond[0]} ends before what it sent: `stamgast feeds replay` says where to go on" if beyond else ""
        )
        self._woken.set()

    async def run(self) -> None:
        """Send what comes, until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._repeat())
                for topic in SENT_TOPICS:
                    group.create_task(self._follow(topic))
        finally:
            await self._lanes.stop()

    async def _follow(self, topic: str) -> None:
        window = self._windows[topic]
        while True:
            self._woken.clear()
            end = self._ends.get(topic, 0)
            while window.next < end and self._may_take(window):
                try:
                    await self._take_some(topic, window, end)
                except LogTruncatedError:
                    if not await self._pass_a_gap(topic, window):
                        await asyncio.sleep(_AGAIN_S)
                except TROUBLE as error:
                    log.warning("a feed could not read", why=repr(error), **self._named())
                    await asyncio.sleep(_AGAIN_S)
            await self._woken.wait()

    def _may_take(self, window: Window) -> bool:
        room = self._room()
        if self._health.is_down:  # few more: it may be one record that is not taken, and others tell
            return window.has_room and room > MOST_OPEN - WIDTH
        return window.has_room and (room > 0 or not window)

    async def _take_some(self, topic: str, window: Window, end: int) -> None:
        piece = await self._pieces.read(self._prefix + topic, self._number, window.next, end)
        for count, record in enumerate(piece.records):
            if not self._may_take(window):
                return
            if count % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
            happened = self._read(topic, record)
            if happened is None:
                window.next = record.offset + 1
            else:
                window.take(record.offset)
                self._lanes.put(Sent(topic, record.offset, happened))
        window.next = max(window.next, piece.next)

    def _read(self, topic: str, record: Any) -> Happened | None:
        """What is to be sent of a record, if anything is."""
        if not (record.key or b"").startswith(self._key):
            return None
        happened = read_happened(topic, record.value)
        if happened is None or happened.merchant != self._feed.merchant:
            self._unreadable += 1
            log.error("a record is no line of ours, and no feed sends it", offset=record.offset, **self._named())
            return None
        return happened if is_wanted(self._feed.only, happened.type) else None

    async def _pass_a_gap(self, topic: str, window: Window) -> bool:
        """Go on where the log begins, and tell what is lost; False if it begins no later."""
        begin = await self._pieces.begin(self._prefix + topic, self._number)
        if begin <= window.next:
            return False
        self._lost += begin - window.next
        self._metrics.feed_lost.labels(self._feed.merchant, self._feed.name).inc(begin - window.next)
        log.error("retention removed what a feed had not sent", offsets=begin - window.next, **self._named())
        window.next = begin
        return True

    async def _repeat(self) -> None:
        """Send what was laid aside once more, if somebody asked for that."""
        for place, each in [*self._to_repeat.items()]:
            happened = await self._found(each)
            if happened is None:
                log.error("what was laid aside cannot be found any more", offset=each.offset, **self._named())
                self._to_repeat.pop(place, None)
            else:
                self._lanes.put(Sent(each.topic, each.offset, happened))

    async def _found(self, refused: Refused) -> Happened | None:
        topic, offset = self._prefix + refused.topic, refused.offset
        while True:
            try:
                piece = await self._pieces.read(topic, self._number, offset, offset + 1)
            except LogTruncatedError:
                return None
            except TROUBLE:
                await asyncio.sleep(_AGAIN_S)
            else:
                return read_happened(refused.topic, piece.records[0].value) if piece.records else None

    def _done(self, sent: Sent) -> None:
        if self._to_repeat.pop((sent.topic, sent.offset), None) is None:
            self._windows[sent.topic].done(sent.offset)
        self._sent += 1
        self._woken.set()

    def _lay_aside(self, sent: Sent, why: str) -> bool:
        if len(self._refused) + len(self._to_repeat) >= MOST_REFUSED + (self._is_repeated(sent)):
            return False
        self._refused.append(Refused(sent.topic, sent.offset, why, self._now()))
        self._sent -= 1  # it counts as done, and was not sent
        self._metrics.feed_refused.labels(self._feed.merchant, self._feed.name).inc()
        log.error("a feed's other side does not take a record", why=why, id=sent.happened.id, **self._named())
        return True

    def _is_repeated(self, sent: Sent) -> bool:
        return (sent.topic, sent.offset) in self._to_repeat

    def _named(self) -> dict[str, Any]:
        return {"merchant": self._feed.merchant, "feed": self._feed.name, "partition": self._number}

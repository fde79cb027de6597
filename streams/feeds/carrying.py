"""Sends every feed that is in force, of the partitions that this worker owns, and writes down how far each has come.

Facts and activations of a customer stand in the partition of their number, so who owns customers sends what happens to
them. It is no Faust agent: an agent has one position for everything that it reads, and a feed needs its own, so that
one that is down holds up no other and goes back in time alone (docs/adr/0157).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import Any, Final

from mode import Service

from stamgast.clock.shop_time import Clock, RealClock
from stamgast.clock.ticks import until_tick
from stamgast.domain.alerts import AlertKind, Stopped
from stamgast.domain.units import MINUTE, Millis
from stamgast.feeds.address import AddressError
from stamgast.feeds.happened import SENT_TOPICS
from stamgast.feeds.record import Feed, Name, Written, read_key
from stamgast.feeds.secrets import FeedSeal, SecretError
from stamgast.feeds.table import FeedTable
from stamgast.log.appender import NotAppendedError
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.state.errors import StateError
from streams.customers.staff_news import ToStaff
from streams.feeds.courier import Courier
from streams.feeds.health import Patience
from streams.feeds.pieces import Pieces
from streams.metrics import Metrics
from streams.runtime.job import TROUBLE

log = get_logger(__name__)

_LOOK_EVERY_S: Final = 0.5
_SETTLE_S: Final = 1.0
"""After a partition came here: who had it writes down how far it is, and that has to be read."""
_WRITE_EVERY_S: Final = 1.0
_LAST_WRITE_S: Final = 0.8
_TELL_EVERY_S: Final = 30.0
_DOWN: Final = 10 * MINUTE
"""So long a feed takes nothing before staff hear of it."""

Append = Callable[[str, Sequence[Written]], Awaitable[Any]]


class Carrying(Service):
    """See the module. `owned` are the partitions of customers in this worker's hands."""

    def __init__(
        self,
        owned: Callable[[], Collection[int]],
        table: FeedTable,
        seal: FeedSeal,
        *,
        bootstrap: str,
        topics: Topics,
        append: Append,
        metrics: Metrics,
        staff: ToStaff | None = None,
        clock: Clock | None = None,
        patience: Patience | None = None,
        wall: Callable[[], float] = time.time,
        every_s: float = _LOOK_EVERY_S,
        settle_s: float = _SETTLE_S,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._owned = owned
        self._table = table
        self._seal = seal
        self._topics = topics
        self._append = append
        self._metrics = metrics
        self._staff = staff
        self._clock = clock or RealClock()
        self._told_at = 0.0
        self._patience = patience or Patience()
        self._wall = wall
        self._every_s = every_s
        self._settle_s = settle_s
        self._owned_since: dict[int, float] = {}
        self._pieces = Pieces(bootstrap)
        self._couriers: dict[Name, Courier] = {}
        self._to_write: dict[bytes, bytes | None] = {}
        self._wrote_at = 0.0
        self._unusable: dict[Name, tuple[Feed, str]] = {}
        self._was_down: set[Name] = set()
        self._at_work = asyncio.Lock()
        """Held by a look: nothing is closed under it, and none begins once all is closed."""

    def notes(self) -> list[str]:
        """What is wrong with feeds, for people: one feed's trouble is no reason to call the worker unready."""
        down = [
            f"feed {name.feed} of {name.merchant}: {courier.health.trouble}"
            for name, courier in sorted(self._couriers.items())
            if courier.health.is_told
        ]
        return [*down, *(f"feed {name.feed} of {name.merchant}: {why}" for name, (_, why) in self._unusable.items())]

    @Service.task
    async def _keep(self) -> None:
        while not self.should_stop:
            try:
                async with self._at_work:
                    if not self.should_stop:
                        await self.look()
            except (NotAppendedError, *TROUBLE) as error:
                log.warning("feeds wait for Kafka", why=repr(error))
            except Exception as error:
                log.error("a look at feeds broke; all begin again where they were", exc_info=error)
                await self._end([*self._couriers])
            await self.sleep(until_tick(self._every_s, time.monotonic()))

    async def on_stop(self) -> None:
        """Send no more, and write down how far it came, if there is time for that."""
        with suppress(TimeoutError):  # one that waits for Kafka is cut off
            async with asyncio.timeout(_LAST_WRITE_S):
                await self._at_work.acquire()
        await self._end([*self._couriers])
        with suppress(TimeoutError, NotAppendedError, *TROUBLE):
            async with asyncio.timeout(_LAST_WRITE_S):
                await self._write()
        await self._pieces.close()

    async def look(self) -> None:
        """Begin and end what has to be, and see what is new. Raises `NotAppendedError`, `TROUBLE`."""
        if not self._table.loaded:
            return
        running = {feed.id: feed for feed in self._table.all() if not feed.paused and not self._table.is_gone(feed)}
        over = [name for name, courier in self._couriers.items() if running.get(name) != courier.feed]
        await self._end(over)
        owned = self._settled()
        for name, feed in running.items():
            if name not in over:  # what it came to has to be read first
                await self._carry(feed, owned)
        self._unusable = {name: each for name, each in self._unusable.items() if running.get(name) == each[0]}
        if self._couriers:
            pairs = {(self._topics.prefix + topic, number) for topic in SENT_TOPICS for number in owned}
            self._pieces.forget(pairs)
            ends = await self._pieces.ends(pairs)
            for courier in self._couriers.values():
                courier.look(ends)
        self._show()
        await self._write_sometimes()
        await self._tell_sometimes()

    def _settled(self) -> set[int]:
        """Partitions that are owned for long enough."""
        now = time.monotonic()
        self._owned_since = {number: self._owned_since.get(number, now) for number in self._owned()}
        return {number for number, since in self._owned_since.items() if now - since >= self._settle_s}

    async def _carry(self, feed: Feed, owned: Collection[int]) -> None:
        courier = self._couriers.get(feed.id)
        if courier is None:
            courier = self._opened(feed)
            if courier is None:
                return
            self._couriers[feed.id] = courier
        self._note(await courier.carry(owned, self._table.progress(feed)))

    def _opened(self, feed: Feed) -> Courier | None:
        known = self._unusable.get(feed.id)
        if known is not None and known[0] == feed:
            return None
        try:
            secrets = self._seal.open(feed)
            return Courier(
                feed,
                secrets,
                pieces=self._pieces,
                prefix=self._topics.prefix,
                metrics=self._metrics,
                patience=self._patience,
                wall=self._wall,
            )
        except (SecretError, AddressError, ValueError) as error:
            self._unusable[feed.id] = (feed, str(error))
            log.error("a feed cannot be used", merchant=feed.merchant, feed=feed.name, why=str(error))
            return None

    async def _end(self, names: Sequence[Name]) -> None:
        for name in names:
            courier = self._couriers.pop(name)
            self._note(courier.moved(anyway=True))
            await courier.close()
            self._metrics.forget_feed(*name)

    def _note(self, written: Sequence[Written]) -> None:
        self._to_write.update(written)

    async def _write_sometimes(self) -> None:
        gone = any(courier.health.gone for courier in self._couriers.values())
        if not gone and not self._to_write and time.monotonic() - self._wrote_at < _WRITE_EVERY_S:
            return
        for courier in self._couriers.values():
            self._note(courier.moved())
        await self._write()

    async def _write(self) -> None:
        self._wrote_at = time.monotonic()
        writing = {key: value for key, value in self._to_write.items() if self._is_kept(key)}
        if writing:
            await self._append(self._topics.feeds, [*writing.items()])
        for key, value in writing.items():
            self._table.note(key, value)
        self._to_write.clear()

    async def _tell_sometimes(self) -> None:
        """Staff hear of feeds to which nothing is sent."""
        if self._staff is None or time.monotonic() - self._told_at < _TELL_EVERY_S:
            return
        self._told_at, now, wall = time.monotonic(), self._clock.now(), int(self._wall() * 1000)
        for name, courier in sorted(self._couriers.items()):
            since = courier.health.failing_since
            if courier.health.is_told and since and wall - since >= _DOWN:
                await self._tell(name, Stopped.DOWN, "", now, now - (wall - since))
        for name in sorted(self._unusable):
            await self._tell(name, Stopped.UNUSABLE, "", now, now)
        for feed in self._table.all():
            if not feed.paused and self._table.is_gone(feed):
                await self._tell(feed.id, Stopped.GONE, str(feed.wake), now, now)

    async def _tell(self, name: Name, how: Stopped, mark: str, now: Millis, since: Millis) -> None:
        """Of one day once, whichever workers find it, where nothing marks it."""
        if self._staff is None:
            return
        try:
            await self._staff.tell(name.merchant, AlertKind.FEED_DOWN, name.feed, how, mark=mark, at=now, since=since)
        except (StateError, *TROUBLE) as error:  # it is said again, and no feed waits for that
            log.warning("staff are told later", merchant=name.merchant, feed=name.feed, why=repr(error))

    def _is_kept(self, key: bytes) -> bool:
        """What was removed meanwhile must not come back by its progress."""
        named = read_key(key)
        return named is not None and self._table.find(named.name) is not None

    def _show(self) -> None:
        for name, courier in self._couriers.items():
            since = courier.health.failing_since
            self._metrics.feed_failing.labels(*name).set(since / 1000)
            self._metrics.feed_behind.labels(*name).set(courier.behind)
            if courier.health.is_told and name not in self._was_down:
                log.warning("a feed is down", merchant=name.merchant, feed=name.feed, why=courier.health.trouble)
            if not courier.health.is_told and name in self._was_down:
                log.info("a feed is up again", merchant=name.merchant, feed=name.feed)
        self._was_down = {name for name, courier in self._couriers.items() if courier.health.is_told}

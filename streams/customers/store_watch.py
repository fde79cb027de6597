"""Is each store's till still heard as is usual for it? What changes is said to every partition of customers.

Only where a programme asks (`feed: {by_store: true}`). What is judged by (`stamgast.tills.hearing`) is on no log and
may be lost; so what was found is said on the log, where rules read it (`stamgast.domain.feed_events.FeedsTurned`), and
a rebuild gets the same answers. A store is quiet now and then: that is an event, where another bundle would be kept for
ever and compiled by everybody. Staff hear once of a store that has become stale.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from stamgast.clock.shop_time import Clock
from stamgast.domain.alerts import LONGEST, STAFF_ROOM, STORE_STALE, AlertKind
from stamgast.domain.events import StaffAlerted, encode_event, key_of
from stamgast.domain.feed_events import FeedsTurned
from stamgast.domain.feed_health import Health
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.programs.record import Glance
from stamgast.service import Bundle
from stamgast.state.feed_marks import Unwell
from stamgast.state.views import NotLoadedError
from stamgast.tills.hearing import Heard
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing
from streams.customers.merchant_watch import WATCHING, MerchantWatch
from streams.metrics import Metrics
from streams.runtime.emission import append
from streams.runtime.job import OwnedPartition

log = get_logger(__name__)

HearsStores = Callable[[Program, Millis], Awaitable[Mapping[str, Heard]]]
"""How a programme's stores are heard at a moment. Raises `NotLoadedError`, `StateError`."""

_AGAIN_S: Final = 60.0
"""So long what was said may take to be heard."""
_SHOWN: Final[Mapping[Health, int]] = {Health.HEALTHY: 0, Health.QUIET: 1, Health.STALE: 2}


class StoreWatch(MerchantWatch):
    """Judges every store of a merchant who asked for it."""

    def __init__(
        self,
        owned: OwnedPartition,
        topics: Topics,
        bundles: Bundles,
        clock: Clock,
        metrics: Metrics,
        *,
        hears: HearsStores | None,
    ) -> None:
        super().__init__(owned, topics, bundles, clock, metrics)
        self._hears = hears
        self._said: dict[str, tuple[Unwell, float]] = {}
        """merchant -> what was said of it, and until when (monotonic) it is not said again."""

    def _may_concern(self, seen: Glance) -> bool:
        return seen.may_watch_feed

    async def _judge(self, bundles: Sequence[Bundle], standing: Standing) -> None:
        for bundle in bundles:
            program = bundle.program
            if self._hears is None or not program.store_feeds.by_store:
                continue
            now = self._clock.now()
            try:
                heard = await self._hears(program, now)
            except NotLoadedError:
                continue  # nothing is known of its tills yet
            self._show(program, heard)
            unwell = {store: each.health for store, each in heard.items() if each.health is not Health.HEALTHY}
            if unwell != standing.store_feeds.get(program.merchant, {}):
                await self._say(program.merchant, now, unwell)
            await self._tell(program, heard, now)

    def _show(self, program: Program, heard: Mapping[str, Heard]) -> None:
        for store, each in heard.items():
            self._metrics.store_feed.labels(program.merchant, store).set(_SHOWN[each.health])

    async def _say(self, merchant: str, now: Millis, unwell: Unwell) -> None:
        """Our own partition hears it last: until it has, what the others may have missed is said again."""
        said, until = self._said.get(merchant, ({}, 0.0))
        machine = time.monotonic()
        if said == unwell and machine < until:
            return
        log.info("feeds of stores", merchant=merchant, **{store: each.value for store, each in unwell.items()})
        event = FeedsTurned(merchant=merchant, customer="", at=now, unwell=unwell)
        records = [(key_of(merchant, ""), encode_event(event))]
        topic, emitters = self._topics.customer_events, self._owned.emitters
        others = [each for each in range(self._topics.partitions) if each != WATCHING]
        await asyncio.gather(*(append(emitters, topic, each, records) for each in others))
        await append(emitters, topic, WATCHING, records)
        self._said[merchant] = unwell, machine + _AGAIN_S

    async def _tell(self, program: Program, heard: Mapping[str, Heard], now: Millis) -> None:
        """Where no till can be polled that is told of its connection: this is about silence."""
        for store, each in heard.items():
            if each.health is Health.STALE and not each.failing_since:
                await self._news.tell(program, _news(program.merchant, store, each.last, now))


def _news(merchant: str, store: str, last: Millis, now: Millis) -> StaffAlerted:
    return StaffAlerted(
        merchant=merchant,
        customer=STAFF_ROOM,
        at=now,
        kind=AlertKind.FEED_STALE,
        what=store[:LONGEST],
        how=STORE_STALE,
        mark=str(last),
        since=now,
        found=last,
    )

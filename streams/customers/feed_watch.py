"""Is a shop's till still telling us of purchases? Where it is not, nobody is called absent.

A till whose feed broke looks like a shop whose customers all stay away. So a merchant may say after how many open days
without any purchase the feed counts as broken (`feed: {stale_after: 2 days}`). That enters the log as a bundle of its
own (invariant 6): timers of staying away then rest, and go on once purchases come in again. The owner of the first
partition of customers looks for all of them; two owners who think that they are would append the same bundle.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from stamgast.clock.shop_time import Clock
from stamgast.domain.calendar import business_day
from stamgast.domain.program import Program
from stamgast.domain.units import DAY, Millis
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.programs.record import with_feed
from stamgast.state.keys import transactions
from stamgast.state.partition_meta import NEWEST_PURCHASE
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing, concerned
from streams.metrics import Metrics
from streams.runtime.emission import append
from streams.runtime.job import OwnedPartition

log = get_logger(__name__)

WATCHING: Final = 0
"""The partition of customers whose owner looks."""
_EVERY_S: Final = 5.0
_MOST_COMPILED: Final = 5
"""At a look: what is judged by days may begin a little later where many merchants ask for it."""


class FeedWatch:
    """Looks every few seconds; `look` does nothing for the owners of other partitions."""

    def __init__(self, owned: OwnedPartition, topics: Topics, bundles: Bundles, clock: Clock, metrics: Metrics) -> None:
        self._owned = owned
        self._topics = topics
        self._bundles = bundles
        self._clock = clock
        self._metrics = metrics
        self._looked = 0.0
        self._added_to: dict[str, int] = {}
        """merchant -> number of the bundle that our word was added to; it counts only if none came between."""

    async def look(self, standing: Standing) -> None:
        """Judge every merchant who asked for it. Raises StateError, ElsewhereError or EmitError."""
        machine = time.monotonic()
        if self._owned.number != WATCHING or machine - self._looked < _EVERY_S:
            return
        self._looked = machine
        asking = await concerned(standing, self._bundles, lambda seen: seen.may_watch_feed, most=_MOST_COMPILED)
        newest_purchase = await self._newest_purchases(
            [bundle.program.merchant for bundle in asking if bundle.program.feed_stale_after]
        )
        for bundle in asking:
            program, merchant = bundle.program, bundle.program.merchant
            self._metrics.feed_stale.labels(merchant).set(not program.feed_healthy)
            healthy = _is_healthy(program, newest_purchase.get(merchant, 0), self._clock.now())
            number, newest = self._bundles.newest[merchant]
            asked_anew = self._added_to.get(merchant, -1) != number
            if healthy != program.feed_healthy and bundle.hash == newest and asked_anew:
                await self._append(merchant, number, newest, healthy=healthy)

    async def _append(self, merchant: str, based: int, content: str, *, healthy: bool) -> None:
        log.warning("a shop's feed", merchant=merchant, healthy=healthy)
        packed = await self._bundles.packed(merchant, content)
        record = with_feed(packed, self._clock.now(), healthy=healthy, based=based)
        programs = self._topics.programs
        await append(self._owned.emitters, programs, 0, [(merchant.encode(), record)])
        self._added_to[merchant] = based

    async def _newest_purchases(self, merchants: Sequence[str]) -> dict[str, Millis]:
        """Recorded time of each merchant's newest purchase; 0 for one of whom there was none yet."""
        if not merchants:
            return {}
        look, names = self._owned.lease.look_elsewhere, [NEWEST_PURCHASE.name(merchant) for merchant in merchants]
        asked = (look("HMGET", transactions(n).meta, *names) for n in range(self._topics.partitions))
        answers = await asyncio.gather(*asked)
        newest = (max(NEWEST_PURCHASE.read(each) for each in theirs) for theirs in zip(*answers, strict=True))
        return dict(zip(merchants, newest, strict=True))


def _is_healthy(program: Program, newest: Millis, now: Millis) -> bool:
    return program.feed_stale_after == 0 or newest == 0 or _open_time(program, newest, now) <= program.feed_stale_after


def _open_time(program: Program, since: Millis, now: Millis) -> Millis:
    """How long the shop was open since then, in whole days of the shop beside the hours of today."""
    first, last = (business_day(at, program.time_zone) for at in (since, now))
    closed = last - first - program.closed.open_between(first, last)
    return max(0, now - since - closed * DAY)

"""Is a shop's till still telling us of purchases? Where it is not, nobody is called absent.

A till whose feed broke looks like a shop whose customers all stay away. So a merchant may say after how many open days
without any purchase the feed counts as broken (`feed: {stale_after: 2 days}`). That enters the log as a bundle of its
own (`streams.customers.merchant_watch`): timers of staying away then rest, and go on once purchases come in again.
Staff hear of it once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from stamgast.domain.alerts import STAFF_ROOM, STALE, AlertKind
from stamgast.domain.calendar import business_day
from stamgast.domain.events import StaffAlerted
from stamgast.domain.program import Program
from stamgast.domain.units import DAY, Millis
from stamgast.logs import get_logger
from stamgast.programs.record import Glance, with_feed
from stamgast.service import Bundle
from stamgast.state.keys import transactions
from stamgast.state.partition_meta import NEWEST_PURCHASE
from streams.customers.in_force import Standing
from streams.customers.merchant_watch import MerchantWatch

log = get_logger(__name__)


class FeedWatch(MerchantWatch):
    """Judges every merchant who asked for it."""

    def _may_concern(self, seen: Glance) -> bool:
        return seen.may_watch_feed

    async def _judge(self, bundles: Sequence[Bundle], _standing: Standing) -> None:
        newest_purchase = await self._newest_purchases(
            [bundle.program.merchant for bundle in bundles if bundle.program.feed_stale_after]
        )
        for bundle in bundles:
            program, now = bundle.program, self._clock.now()
            self._metrics.feed_stale.labels(program.merchant).set(not program.feed_healthy)
            newest = newest_purchase.get(program.merchant, 0)
            healthy = _is_healthy(program, newest, now)
            if not healthy and not program.feed_healthy:
                await self._news.tell(program, _news(program, newest, now))
            if healthy != program.feed_healthy and self._is_settled(bundle):
                await self._say(program.merchant, now, healthy=healthy)

    async def _say(self, merchant: str, now: Millis, *, healthy: bool) -> None:
        log.warning("a shop's feed", merchant=merchant, healthy=healthy)
        await self._append(merchant, lambda packed, number: with_feed(packed, now, healthy=healthy, based=number))

    async def _newest_purchases(self, merchants: Sequence[str]) -> dict[str, Millis]:
        """Recorded time of each merchant's newest purchase; 0 for one of whom there was none yet."""
        if not merchants:
            return {}
        look, names = self._owned.lease.look_elsewhere, [NEWEST_PURCHASE.name(merchant) for merchant in merchants]
        asked = (look("HMGET", transactions(n).meta, *names) for n in range(self._topics.partitions))
        answers = await asyncio.gather(*asked)
        newest = (max(NEWEST_PURCHASE.read(each) for each in theirs) for theirs in zip(*answers, strict=True))
        return dict(zip(merchants, newest, strict=True))


def _news(program: Program, newest: Millis, now: Millis) -> StaffAlerted:
    return StaffAlerted(
        merchant=program.merchant,
        customer=STAFF_ROOM,
        at=now,
        kind=AlertKind.FEED_STALE,
        what="feed",
        how=STALE,
        mark=str(newest),
        since=now,
        found=newest,
    )


def _is_healthy(program: Program, newest: Millis, now: Millis) -> bool:
    return program.feed_stale_after == 0 or newest == 0 or _open_time(program, newest, now) <= program.feed_stale_after


def _open_time(program: Program, since: Millis, now: Millis) -> Millis:
    """How long the shop was open since then, in whole days of the shop beside the hours of today."""
    first, last = (business_day(at, program.time_zone) for at in (since, now))
    closed = last - first - program.closed.open_between(first, last)
    return max(0, now - since - closed * DAY)

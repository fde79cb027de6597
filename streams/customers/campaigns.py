"""Campaigns of a partition of customers: what a person started is walked, what they stopped is called off.

`stamgast campaign start` appends to every partition's log that it starts here, behind the list of those whom it is for,
if it is not for everybody. From then on it is as with an occasion of a schedule (`streams.customers.schedules`): an
owner that finds one begun and not done walks again from the start, and passes over those who were told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from rules.engine import RUNNING
from stamgast.clock.shop_time import Clock
from stamgast.domain.campaign_events import CampaignDone, CampaignEnd
from stamgast.domain.events import AnyEvent
from stamgast.domain.units import Millis
from stamgast.logs import get_logger
from stamgast.service import Bundle
from stamgast.state.campaign_marks import STOPPING, UNDER_WAY, CampaignMark, rule_of
from stamgast.state.schedule_marks import Name
from streams.customers.in_force import Standing
from streams.customers.questions import CallingOff, Question
from streams.customers.walks import Ask, Everybody, Listed, Members, Walk, Walker
from streams.runtime.job import OwnedPartition

log = get_logger(__name__)

FindBundle = Callable[[str], Awaitable[Bundle | None]]


class Campaigns:
    """Those of one owned partition. `look` does a little; `turns` is shared by all partitions of a process."""

    def __init__(self, owned: OwnedPartition, topic: str, bootstrap: str, *, clock: Clock, turns: asyncio.Lock) -> None:
        self._owned = owned
        self._topic = topic
        self._bootstrap = bootstrap
        self._clock = clock
        self._walker = Walker(owned, topic, clock=clock, turns=turns)
        self._walk: tuple[Walk, str] | None = None
        """With what it was begun for: it is another one once it was stopped."""

    async def look(self, standing: Standing, find: FindBundle) -> None:
        """Go on with the oldest that is under way. Raises StateError or EmitError."""
        under_way = sorted((mark.occasion, name) for name, mark in standing.campaigns.items() if mark.how in UNDER_WAY)
        for _, name in under_way:
            bundle = await find(name[0])
            if bundle is not None:  # else its turn comes once there is one
                await self._go_on(name, standing.campaigns[name], bundle)
                return
        self._walk = None

    async def _go_on(self, name: Name, mark: CampaignMark, bundle: Bundle) -> None:
        if self._walk is not None and self._walk[1] != _begun_for(name, mark):
            self._walk = None
        if self._walk is None and not self._walker.is_heard:  # what was said is still to be read
            return
        merchant, rule_id = name[0], rule_of(name[1])
        if mark.how == STOPPING:
            ask: Ask = CallingOff(merchant, rule_id, mark.occasion).ask
            how: CampaignEnd = "stopped"
        else:
            rule, now = bundle.rules.by_id.get(rule_id), self._clock.now()
            if rule is None or rule.status not in RUNNING or rule.trigger.schedule is None:
                await self._end(name, mark, "over", now)
                return
            if now - mark.occasion > bundle.program.timers_fresh_for:
                log.warning("a campaign is too late", merchant=merchant, rule=rule_id, at=mark.occasion)
                await self._end(name, mark, "late", now)
                return
            ask, how = Question(bundle, rule, mark.occasion).ask, "walked"
        if self._walk is None:
            log.info("a campaign", merchant=merchant, rule=rule_id, how=mark.how, partition=self._owned.number)
            walk = Walk(merchant, rule_id, mark.occasion, self._members(rule_id, mark))
            self._walk = (walk, _begun_for(name, mark))
        if await self._walker.go_on(self._walk[0], ask, partial(_done, how)):
            self._walk = None

    def _members(self, rule: str, mark: CampaignMark) -> Members:
        if not mark.is_list:
            return Everybody(self._owned)
        first = mark.place.first if mark.place.first >= 0 else mark.start
        return Listed(
            self._bootstrap, (self._topic, self._owned.number), (rule, mark.occasion), range(first, mark.start)
        )

    async def _end(self, name: Name, mark: CampaignMark, how: CampaignEnd, now: Millis) -> None:
        self._walk = None
        event = CampaignDone(
            merchant=name[0], customer="", at=now, rule=rule_of(name[1]), occasion=mark.occasion, how=how,
            looked=mark.looked, matched=mark.matched,
        )  # fmt: skip
        await self._walker.tell([event])


def _begun_for(name: Name, mark: CampaignMark) -> str:
    return f"{name[0]}:{name[1]}:{mark.how}"


def _done(how: CampaignEnd, walk: Walk, now: Millis) -> AnyEvent:
    return CampaignDone(
        merchant=walk.merchant, customer="", at=now, rule=walk.rule, occasion=walk.occasion, how=how,
        looked=walk.looked, matched=walk.matched,
    )  # fmt: skip

"""Schedules of a partition of customers: when an occasion has come, its merchant's customers are walked.

The owner appends *due*, looks at the customers of that merchant, some at a time, appends one event for each who
matches, and *done*. What is applied is judged again, once per occasion; so an owner that finds a due without done
simply walks again from the start, and passes over those who were answered. The list that is walked is the partition's
roll (`stamgast.state.roll`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from rules.engine import CompiledRule
from stamgast.campaigns.buyers import Search
from stamgast.clock.bounded import log_lag_of
from stamgast.clock.shop_time import Clock
from stamgast.domain.calendar import business_day
from stamgast.domain.events import AnyEvent, ScheduleDone, ScheduleDue, ScheduleEnd
from stamgast.domain.units import Millis
from stamgast.logs import get_logger
from stamgast.service import Bundle
from stamgast.state.campaign_marks import CampaignMark, list_of
from stamgast.state.schedule_marks import Name, ScheduleMark
from streams.customers.in_force import Standing
from streams.customers.questions import Question
from streams.customers.timers import Timers
from streams.customers.walks import Bought, Everybody, Listed, Members, Nobody, Walk, Walker
from streams.runtime.job import OwnedPartition

log = get_logger(__name__)

FindBundle = Callable[[str], Awaitable[Bundle | None]]


class Schedules:
    """The schedules of one owned partition. `look` does a little; `turns` is shared by all partitions of a process."""

    def __init__(
        self,
        owned: OwnedPartition,
        topic: str,
        bootstrap: str,
        timers: Timers,
        *,
        clock: Clock,
        turns: asyncio.Lock,
    ) -> None:
        self._owned = owned
        self._where = (topic, owned.number)
        self._bootstrap = bootstrap
        self._timers = timers
        self._clock = clock
        self._walker = Walker(owned, topic, clock=clock, turns=turns)
        self._walk: Walk | None = None
        self._next: dict[Name, tuple[int, Millis, Millis | None]] = {}
        """Whose next occasion is when, by the number of a bundle and what is done."""
        self._told_of: dict[Name, Millis] = {}
        """Whose occasion waits for a list."""

    async def look(self, standing: Standing, find: FindBundle) -> None:
        """Go on with the walk that has begun, or see whether one has to. Raises StateError or EmitError."""
        if self._walk is not None:
            await self._go_on(self._walk, find)
        elif self._walker.is_heard:  # else what was said is still to be read
            await self._see(standing, find)

    async def _see(self, standing: Standing, find: FindBundle) -> None:
        asking = {bundle.program.merchant for bundle in standing.in_force.values() if bundle.rules.scheduled}
        asking.update(merchant for merchant, _ in standing.schedules)
        now = self._clock.now()
        for merchant in sorted(asking):
            bundle = await find(merchant)
            if bundle is None:
                continue
            marks = {rule: mark for (of, rule), mark in standing.schedules.items() if of == merchant}
            if news := [*self._begun_and_over(bundle, marks, now)]:
                await self._walker.tell(news)
                return
            for rule in bundle.rules.scheduled:
                if await self._has_begun_walking(bundle, rule, marks[rule.id], standing, now):
                    return

    def _begun_and_over(self, bundle: Bundle, marks: dict[str, ScheduleMark], now: Millis) -> Iterator[AnyEvent]:
        """What is before a rule comes into force is none of its occasions; one that goes and comes back begins anew."""
        merchant = bundle.program.merchant
        running = {rule.id for rule in bundle.rules.scheduled}
        for rule in sorted(running - marks.keys()):
            yield _done((merchant, rule), now, "begun", now)
        for rule in sorted(marks.keys() - running):
            yield _done((merchant, rule), now, "over", now)

    async def _has_begun_walking(
        self, bundle: Bundle, rule: CompiledRule, mark: ScheduleMark, standing: Standing, now: Millis
    ) -> bool:
        """Say whether something was begun, or said, of that rule."""
        name = (bundle.program.merchant, rule.id)
        occasion = mark.due or await self._occasion_of(name, bundle, rule, mark, now)
        if occasion is None:
            return False
        if now - occasion > bundle.program.timers_fresh_for:
            log.warning("an occasion of a schedule is too late", merchant=name[0], rule=rule.id, at=occasion)
            await self._walker.tell([_done(name, occasion, "late", now)])
            return True
        members = self._members(bundle, rule, list_of(standing.campaigns, name), occasion)
        if members is None:
            self._tell_that_it_waits(name, occasion)
            return False
        if not mark.due:
            event = ScheduleDue(merchant=name[0], customer="", at=now, rule=rule.id, occasion=occasion)
            await self._walker.tell([event])
        log.info("a schedule's occasion", merchant=name[0], rule=rule.id, at=occasion, partition=self._owned.number)
        self._walk = Walk(*name, occasion, members)
        return True

    def _members(
        self, bundle: Bundle, rule: CompiledRule, listed: CampaignMark | None, occasion: Millis
    ) -> Members | None:
        """Whom to go through; None: that is still to be said."""
        audience, schedule = rule.trigger.audience, rule.trigger.schedule
        if audience is None or schedule is None:
            return Everybody(self._owned)
        is_fixed = audience.file or schedule.once is not None
        if is_fixed and listed is not None and listed.audience == audience.name:
            first = listed.place.first if listed.place.first >= 0 else listed.start
            return Listed(self._bootstrap, self._where, (rule.id, listed.occasion), range(first, listed.start))
        if audience.file:
            return None
        if audience.bought is None:
            return Everybody(self._owned)
        search = Search(bundle.program, audience.bought)
        if audience.bought.is_too_far_back(business_day(occasion, bundle.program.time_zone)):
            log.error("an audience asks about purchases too long ago", merchant=search.merchant, audience=audience.name)
            return Nobody()
        return Bought(self._bootstrap, self._where, search, self._owned.lease.watermark + 1)

    def _tell_that_it_waits(self, name: Name, occasion: Millis) -> None:
        if self._told_of.get(name) != occasion:
            self._told_of[name] = occasion
            log.warning("an occasion waits for the list of whom it is for", merchant=name[0], rule=name[1], at=occasion)

    async def _occasion_of(
        self, name: Name, bundle: Bundle, rule: CompiledRule, mark: ScheduleMark, now: Millis
    ) -> Millis | None:
        """The newest that has come and is not done with, as far as intake has got; those before it were missed."""
        schedule, zone = rule.trigger.schedule, bundle.program.time_zone
        if schedule is None:
            return None
        number, done, following = self._next.get(name, (-2, -1, None))
        if (number, done) != (bundle.number, mark.done):
            following = schedule.after(mark.done, zone)
            self._next[name] = (bundle.number, mark.done, following)
        by_log = now - log_lag_of(self._clock)
        if following is None or following > by_log:
            return None
        return schedule.latest(mark.done, min(by_log, await self._timers.intake_has_reached()), zone)

    async def _go_on(self, walk: Walk, find: FindBundle) -> None:
        bundle = await find(walk.merchant)
        rule = None if bundle is None else bundle.rules.by_id.get(walk.rule)
        if bundle is None or rule is None or rule not in bundle.rules.scheduled:
            self._walk = None  # it is over, which is said with the next look
            return
        # Of a list, and of who has bought something, whoever is gone through is in it.
        audience = rule.trigger.audience if isinstance(walk.members, Everybody) else None
        question = Question(bundle, rule, walk.occasion, audience)
        if await self._walker.go_on(walk, question.ask, _walked):
            self._walk = None


def _walked(walk: Walk, now: Millis) -> AnyEvent:
    return ScheduleDone(
        merchant=walk.merchant, customer="", at=now, rule=walk.rule, occasion=walk.occasion, how="walked",
        looked=walk.looked, matched=walk.matched,
    )  # fmt: skip


def _done(name: Name, occasion: Millis, how: ScheduleEnd, now: Millis) -> ScheduleDone:
    merchant, rule = name
    return ScheduleDone(merchant=merchant, customer="", at=now, rule=rule, occasion=occasion, how=how)

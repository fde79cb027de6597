"""Schedules of a partition of customers: when an occasion has come, its merchant's customers are walked.

The owner appends *due*, looks at the customers of that merchant, some at a time, appends one event for each who
matches, and *done*. What is applied is judged again, once per occasion; so an owner that finds a due without done
simply walks again from the start, and passes over those who were answered. Every customer has one member in the
partition's timers, those with nothing due at the end of them: that is the list that is walked.

One partition of a process walks at a time, and in short turns, so that everybody else's events go on between them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rules.engine import CompiledRule, View
from stamgast.clock.bounded import log_lag_of
from stamgast.clock.shop_time import Clock
from stamgast.domain.customer import decode_customer
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import AnyEvent, Scheduled, ScheduleDone, ScheduleDue, ScheduleEnd, encode_event, key_of
from stamgast.domain.facts import Fact
from stamgast.domain.units import Millis
from stamgast.logs import get_logger
from stamgast.service import Bundle
from stamgast.service.schedules import fact_of, is_for
from stamgast.state.schedule_marks import Name, ScheduleMark
from streams.customers.in_force import Standing
from streams.customers.timers import Timers
from streams.runtime.emission import append
from streams.runtime.job import OwnedPartition

log = get_logger(__name__)

FindBundle = Callable[[str], Awaitable[Bundle | None]]
_AT_ONCE: Final = 100
"""Customers that are looked at without a pause: some two milliseconds."""
_TURN_S: Final = 0.1
_MOST_UNDER_WAY: Final = 1_000
"""Records of the log that may be appended and not applied yet."""


@dataclass(slots=True)
class _Walk:
    """Customers of a merchant are gone through for an occasion."""

    name: Name
    occasion: Millis
    cursor: bytes = b"0"
    looked: int = 0
    matched: int = 0


class _Question(NamedTuple):
    """What is asked of every customer."""

    bundle: Bundle
    rule: CompiledRule
    fact: Fact

    def may_concern(self, name: str, value: bytes, now: Millis) -> bool:
        """Whether the occasion may be for somebody with that state."""
        try:
            state = decode_customer(value)
        except UNREADABLE:  # the steps tell of it
            return False
        return is_for(View(state, self.bundle.program, now, self.fact, name), self.rule)


class Schedules:
    """The schedules of one owned partition. `look` does a little; `turns` is shared by all partitions of a process."""

    def __init__(
        self,
        owned: OwnedPartition,
        topic: str,
        timers: Timers,
        *,
        clock: Clock,
        turns: asyncio.Lock,
    ) -> None:
        self._owned = owned
        self._topic = topic
        self._timers = timers
        self._clock = clock
        self._turns = turns
        self._walk: _Walk | None = None
        self._told_at = -1
        """Offset of the last event that was appended."""
        self._next: dict[Name, tuple[int, Millis, Millis | None]] = {}
        """Whose next occasion is when, by the number of a bundle and what is done."""

    async def look(self, standing: Standing, find: FindBundle) -> None:
        """Go on with the walk that has begun, or see whether one has to. Raises StateError or EmitError."""
        if self._walk is not None:
            await self._go_on(self._walk, find)
        elif self._told_at <= self._owned.lease.watermark:  # else what was said is still to be read
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
                await self._tell(news)
                return
            for rule in bundle.rules.scheduled:
                if await self._has_begun_walking(bundle, rule, marks[rule.id], now):
                    return

    def _begun_and_over(self, bundle: Bundle, marks: dict[str, ScheduleMark], now: Millis) -> Iterator[AnyEvent]:
        """What is before a rule comes into force is none of its occasions; one that goes and comes back begins anew."""
        merchant = bundle.program.merchant
        running = {rule.id for rule in bundle.rules.scheduled}
        for rule in sorted(running - marks.keys()):
            yield _done((merchant, rule), now, "begun", now)
        for rule in sorted(marks.keys() - running):
            yield _done((merchant, rule), now, "over", now)

    async def _has_begun_walking(self, bundle: Bundle, rule: CompiledRule, mark: ScheduleMark, now: Millis) -> bool:
        """Say whether something was begun, or said, of that rule."""
        name = (bundle.program.merchant, rule.id)
        occasion = mark.due or await self._occasion_of(name, bundle, rule, mark, now)
        if occasion is None:
            return False
        if now - occasion > bundle.program.timers_fresh_for:
            log.warning("an occasion of a schedule is too late", merchant=name[0], rule=rule.id, at=occasion)
            await self._tell([_done(name, occasion, "late", now)])
            return True
        if not mark.due:
            event = ScheduleDue(merchant=name[0], customer="", at=now, rule=rule.id, occasion=occasion)
            await self._tell([event])
        log.info("a schedule's occasion", merchant=name[0], rule=rule.id, at=occasion, partition=self._owned.number)
        self._walk = _Walk(name, occasion)
        return True

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

    async def _go_on(self, walk: _Walk, find: FindBundle) -> None:
        bundle = await find(walk.name[0])
        rule = None if bundle is None else bundle.rules.by_id.get(walk.name[1])
        if bundle is None or rule is None or rule not in bundle.rules.scheduled:
            self._walk = None  # it is over, which is said with the next look
            return
        ends, question = time.monotonic() + _TURN_S, _Question(bundle, rule, fact_of(rule.id, walk.occasion))
        lease = self._owned.lease
        while time.monotonic() < ends and self._told_at - lease.watermark < _MOST_UNDER_WAY:
            async with self._turns:
                await self._look_at_some(walk, question)
            if self._walk is None:
                return
            await asyncio.sleep(0)

    async def _look_at_some(self, walk: _Walk, question: _Question) -> None:
        merchant, lease, now = walk.name[0], self._owned.lease, self._clock.now()
        cursor, flat = await lease.call(
            "ZSCAN", lease.keys.timers, walk.cursor, "MATCH", f"{merchant}:*", "COUNT", _AT_ONCE
        )
        names = [member.decode().rpartition(":")[2] for member in flat[::2]]
        values = await lease.call("MGET", *(lease.keys.customer(merchant, name) for name in names)) if names else []
        found: list[AnyEvent] = [
            Scheduled(merchant=merchant, customer=name, at=now, rule=walk.name[1], occasion=walk.occasion)
            for name, value in zip(names, values, strict=True)
            if value is not None and question.may_concern(name, value, now)
        ]
        walk.cursor = cursor
        walk.looked += len(names)
        walk.matched += len(found)
        if cursor == b"0":
            found.append(_done(walk.name, walk.occasion, "walked", now, walk))
            self._walk = None
        if found:
            await self._tell(found)

    async def _tell(self, events: Sequence[AnyEvent]) -> None:
        records = [(key_of(event.merchant, event.customer), encode_event(event)) for event in events]
        self._told_at = (await append(self._owned.emitters, self._topic, self._owned.number, records))[-1]


def _done(name: Name, occasion: Millis, how: ScheduleEnd, now: Millis, walk: _Walk | None = None) -> ScheduleDone:
    looked, matched = (walk.looked, walk.matched) if walk is not None else (0, 0)
    merchant, rule = name
    return ScheduleDone(
        merchant=merchant, customer="", at=now, rule=rule, occasion=occasion, how=how, looked=looked, matched=matched
    )

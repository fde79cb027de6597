"""Rules that were launched lately: what trips a wire is paused, in all partitions, and it is told.

What each partition counts of a launch stands in its read model, in its owner's commit. The owner of the first partition
of customers sums it up every few seconds and appends a bundle in which the rule is paused. So the pause is a version
like any other: it has a barrier, stands in the history, and outlives what is published.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from rules.engine import SPEAKING, CompiledRule
from stamgast.clock.shop_time import Clock
from stamgast.domain.calendar import business_day
from stamgast.domain.trip_wires import Watched, watched_counter
from stamgast.domain.vocabulary import BETWEEN, RuleStatus, counter
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.programs.record import with_pause
from stamgast.service import Bundle
from stamgast.state.keys import customers
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
"""At a look."""


class LaunchWatch:
    """Looks every few seconds; `look` does nothing for the owners of other partitions."""

    def __init__(self, owned: OwnedPartition, topics: Topics, bundles: Bundles, clock: Clock, metrics: Metrics) -> None:
        self._owned = owned
        self._topics = topics
        self._bundles = bundles
        self._clock = clock
        self._metrics = metrics
        self._looked = 0.0
        self._paused_in: dict[str, int] = {}
        """merchant -> number of the bundle that our pause was made from; it counts only if none came between."""

    async def look(self, standing: Standing) -> None:
        """Judge every launch that is watched. Raises StateError, ElsewhereError or EmitError."""
        machine = time.monotonic()
        if self._owned.number != WATCHING or machine - self._looked < _EVERY_S:
            return
        self._looked = machine
        for bundle in await concerned(standing, self._bundles, lambda seen: seen.has_launches, most=_MOST_COMPILED):
            merchant, now = bundle.program.merchant, self._clock.now()
            number, newest = self._bundles.newest[merchant]
            if bundle.hash != newest or self._paused_in.get(merchant, -1) == number:
                continue  # another is on its way
            for rule in bundle.rules.all:
                if _is_watched(rule, bundle, now) and (why := await self._tripped(rule, bundle, now)):
                    await self._pause(merchant, rule.id, why, number, newest)
                    break  # one a look: the next one is made from this

    async def _tripped(self, rule: CompiledRule, bundle: Bundle, now: int) -> str:
        program = bundle.program
        today = business_day(now, program.time_zone)
        counts = await self._counts(program.merchant, rule, counter(Watched.DAY, str(today)))
        expected = rule.expected * (rule.canary / 100 if rule.status == RuleStatus.CANARY else 1)
        return program.trip_wires.tripped(counts, today, expected, program.currency)

    async def _counts(self, merchant: str, rule: CompiledRule, today: str) -> Mapping[str, int]:
        """What all partitions count of its launch."""
        whats = (Watched.SENT, Watched.OPTED_OUT, Watched.FAILED, Watched.COST, today)
        names = [f"{merchant}{BETWEEN}{watched_counter(rule.id, rule.launched_at, what)}" for what in whats]
        look = self._owned.lease.look_elsewhere
        asked = (look("HMGET", customers(each).stats, *names) for each in range(self._topics.partitions))
        answers = await asyncio.gather(*asked)
        return {what: sum(int(each[place] or 0) for each in answers) for place, what in enumerate(whats)}

    async def _pause(self, merchant: str, rule: str, why: str, number: int, content: str) -> None:
        log.error("a trip wire pauses a rule", merchant=merchant, rule=rule, why=why)
        packed = await self._bundles.packed(merchant, content)
        record = with_pause(packed, rule, self._clock.now(), why, based=number)
        await append(self._owned.emitters, self._topics.programs, 0, [(merchant.encode(), record)])
        self._metrics.rules_tripped.labels(merchant, rule).inc()
        self._paused_in[merchant] = number


def _is_watched(rule: CompiledRule, bundle: Bundle, now: int) -> bool:
    recent = rule.launched_at and now - rule.launched_at <= bundle.program.trip_wires.watch_for
    return bool(recent) and rule.status in SPEAKING

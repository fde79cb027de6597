"""Rules that were launched lately: what trips a wire is paused, in all partitions, and it is told.

What each partition counts of a launch stands in its read model, in its owner's commit. It is summed up every few
seconds, and a bundle is appended in which the rule is paused (`streams.customers.merchant_watch`). So the pause is a
version like any other: it has a barrier, stands in the history, and outlives what is published. Staff hear of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from rules.engine import SPEAKING, CompiledRule
from stamgast.domain.alerts import STAFF_ROOM, AlertKind
from stamgast.domain.calendar import business_day
from stamgast.domain.counters import BETWEEN, counter
from stamgast.domain.events import StaffAlerted
from stamgast.domain.trip_wires import Tripped, Watched, watched_counter
from stamgast.domain.vocabulary import RuleStatus
from stamgast.logs import get_logger
from stamgast.programs.record import Glance, with_pause
from stamgast.service import Bundle
from stamgast.state.keys import customers
from streams.customers.in_force import Standing
from streams.customers.merchant_watch import MerchantWatch

log = get_logger(__name__)


class LaunchWatch(MerchantWatch):
    """Judges every launch that is watched."""

    def _may_concern(self, seen: Glance) -> bool:
        return seen.has_launches

    async def _judge(self, bundles: Sequence[Bundle], _standing: Standing) -> None:
        for bundle in filter(self._is_settled, bundles):
            now = self._clock.now()
            await self._tell_staff(bundle, now)
            for rule in bundle.rules.all:
                if _is_watched(rule, bundle, now) and (tripped := await self._tripped(rule, bundle, now)):
                    await self._pause(bundle.program.merchant, rule.id, tripped, now)
                    break  # one a look: the next one is made from this

    async def _tripped(self, rule: CompiledRule, bundle: Bundle, now: int) -> Tripped | None:
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

    async def _pause(self, merchant: str, rule: str, tripped: Tripped, now: int) -> None:
        log.error("a trip wire pauses a rule", merchant=merchant, rule=rule, why=tripped.why)
        await self._append(merchant, lambda packed, number: with_pause(packed, rule, now, tripped, based=number))
        self._metrics.rules_tripped.labels(merchant, rule).inc()

    async def _tell_staff(self, bundle: Bundle, now: int) -> None:
        """What is paused stands in the bundle in force, so whoever looks next tells of what the last one could not."""
        program = bundle.program
        for rule, launch in self._bundles.glance(program.merchant, bundle.hash).paused:
            found, of = launch.figures
            news = StaffAlerted(
                merchant=program.merchant, customer=STAFF_ROOM, at=now, kind=AlertKind.RULE_PAUSED, what=rule,
                how=launch.wire, mark=str(launch.tripped_at), since=launch.tripped_at, found=found, of=of,
            )  # fmt: skip
            await self._news.tell(program, news)


def _is_watched(rule: CompiledRule, bundle: Bundle, now: int) -> bool:
    recent = rule.launched_at and now - rule.launched_at <= bundle.program.trip_wires.watch_for
    return bool(recent) and rule.status in SPEAKING

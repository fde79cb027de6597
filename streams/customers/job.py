"""The customers service's job: events of a partition in, states, timers, outbox and answers out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, cast

from stamgast.clock.pauses import pause_after
from stamgast.clock.shop_time import Clock, RealClock, pause_of
from stamgast.clock.ticks import until_tick
from stamgast.clock.watch import span
from stamgast.domain.alerts import Broken
from stamgast.domain.events import RulePaused, encode_event, key_of
from stamgast.domain.recorded import is_ahead
from stamgast.log.address import signatures_at
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.service import Bundle
from stamgast.state import keys
from stamgast.state.errors import ElsewhereError, StateError
from stamgast.state.keys import PartitionKeys
from stamgast.state.outbox import Outbox
from streams.customers import standing_counts
from streams.customers.activation_log import ActivationLog
from streams.customers.batch import Batch
from streams.customers.budget_watch import BudgetWatch
from streams.customers.bundles import Bundles
from streams.customers.campaigns import Campaigns
from streams.customers.cashier import Cashier
from streams.customers.claims_watch import ClaimsWatch
from streams.customers.code_desk import CodeDesk
from streams.customers.code_watch import CodeWatch
from streams.customers.counters import Counters, added_by
from streams.customers.doubts import write_doubts
from streams.customers.draw_errands import DrawErrands
from streams.customers.feed_watch import FeedWatch
from streams.customers.in_force import Standing, bundle_of, judge_newest, standing_of
from streams.customers.launch_watch import LaunchWatch
from streams.customers.missing_barriers import MissingBarriers
from streams.customers.old_days import OldDays
from streams.customers.parking import Parked, TakingUp, park
from streams.customers.rate_limits import Limits
from streams.customers.rates import AwaitedRates
from streams.customers.replan import Review
from streams.customers.roll import complete
from streams.customers.schedules import Schedules
from streams.customers.sending import OpensSending, Sending
from streams.customers.staff_news import news_of_broken, placed
from streams.customers.state_cache import RecentStates
from streams.customers.store_watch import HearsStores, StoreWatch
from streams.customers.timers import Timers
from streams.customers.told_others import told_others
from streams.customers.writes import Written, write, write_codes
from streams.metrics import Metrics
from streams.runtime.dead_letters import LayingAside
from streams.runtime.emission import Emission
from streams.runtime.job import TROUBLE, Effects, Owned, OwnedPartition, Record, own_of

log = get_logger(__name__)

_LOOK_EVERY_S: Final = 0.2
_TROUBLE_PAUSE_S: Final = 1.0
_LONG_TROUBLE_PAUSE_S: Final = 10.0


class OwnedCustomers:
    """What the owner keeps between two steps."""

    def __init__(
        self,
        standing: Standing,
        limits: Limits,
        activations: ActivationLog,
        *,
        taking_up: TakingUp,
        barriers: MissingBarriers,
        timers: Timers,
        review: Review,
        rates: AwaitedRates,
        feeds: FeedWatch,
        stores: StoreWatch,
        claims: ClaimsWatch,
        launches: LaunchWatch,
        schedules: Schedules,
        campaigns: Campaigns,
        cashier: Cashier,
        desk: CodeDesk,
        draws: DrawErrands,
        budgets: BudgetWatch,
        codes: CodeWatch,
        old_days: OldDays,
        sending: Sending | None,
    ) -> None:
        self.standing = standing
        self.taking_up = taking_up
        self.recent = RecentStates()
        self.counters = Counters()
        self.limits = limits
        self.activations = activations
        self.barriers = barriers
        self.timers = timers
        self.review = review
        self.rates = rates
        self.feeds = feeds
        self.stores = stores
        self.claims = claims
        self.launches = launches
        self.schedules = schedules
        self.campaigns = campaigns
        self.cashier = cashier
        self.desk = desk
        self.draws = draws
        self.budgets = budgets
        self.codes = codes
        self.old_days = old_days
        self.sending = sending
        self.sending_open = False
        self.errands: asyncio.Task[None] | None = None
        self.judging: asyncio.Task[None] | None = None


class CustomersJob:
    """See the module."""

    name = "customers"
    begins_late = False

    def __init__(
        self,
        *,
        bootstrap: str,
        topics: Topics,
        bundles: Bundles,
        aside: LayingAside,
        clock: Clock,
        voucher_key: bytes,
        metrics: Metrics,
        sending: OpensSending | None = None,
        hears: HearsStores | None = None,
    ) -> None:
        self.topic = topics.customer_events
        self._bootstrap = bootstrap
        signatures = signatures_at(bootstrap)
        self._believes = partial(signatures.believes, self.topic) if signatures.checks(self.topic) else None
        self._topics = topics
        self._bundles = bundles
        self._aside = aside
        self._clock = clock
        self._voucher_key = voucher_key
        self._metrics = metrics
        self._laid_aside = metrics.dead_letters.labels(self.name)
        self._sending = sending
        self._hears = hears
        self._turns = asyncio.Lock()
        """Of walks over customers: one at a time."""

    def keys(self, partition: int) -> PartitionKeys:
        """Name the partition's keys."""
        return keys.customers(partition)

    async def taken(self, owned: Owned[OwnedCustomers], reader: LogReader) -> None:
        """Read the log of activations to its end."""
        await self._bundles.loaded()
        await complete(owned.lease)
        await standing_counts.complete(owned.lease)
        standing = standing_of(owned.lease.meta)
        standing.go_on_from(owned.lease.watermark + 1, real=isinstance(self._clock, RealClock))
        self._warn_of_its_time(owned, standing)
        outbox = Outbox(owned.lease)
        limits = Limits(self._bundles, outbox, self._clock, owned.number)
        activations = ActivationLog(owned, outbox, self._topics, self._bootstrap, limits.recount)
        timers = Timers(owned, self.topic, self._topics.partitions, self._clock, self._metrics)
        sending = self._sending.partition(owned, outbox, activations) if self._sending else None
        review = Review(owned, self.topic, self._clock, self._metrics)
        rates = AwaitedRates(owned, self.topic, self._clock)
        watching = (owned, self._topics, self._bundles, self._clock, self._metrics)
        feeds, launches = FeedWatch(*watching), LaunchWatch(*watching)
        schedules = Schedules(owned, self.topic, self._bootstrap, timers, clock=self._clock, turns=self._turns)
        campaigns = Campaigns(owned, self.topic, self._bootstrap, clock=self._clock, turns=self._turns)
        taking_up = TakingUp(owned.lease, standing, self._bundles, owned.committed_to_kafka)
        barriers = MissingBarriers(owned, self.topic, self._bundles, self._clock)
        own = owned.own = OwnedCustomers(
            *(standing, limits, activations),
            taking_up=taking_up, barriers=barriers, timers=timers, review=review, rates=rates, feeds=feeds,
            stores=StoreWatch(*watching, hears=self._hears),
            claims=ClaimsWatch(owned, self._topics, self._metrics), launches=launches,
            schedules=schedules, campaigns=campaigns,
            cashier=Cashier(owned, self.topic, self._topics.partitions, self._clock),
            desk=CodeDesk(owned, self.topic, self._topics.partitions, self._clock),
            draws=DrawErrands(
                owned, self.topic, self._topics.partitions, bundles=self._bundles, clock=self._clock
            ),
            budgets=BudgetWatch(*watching),
            codes=CodeWatch(*watching),
            old_days=OldDays(owned),
            sending=sending,
        )  # fmt: skip
        await activations.open(reader)
        owned.waiting = own.taking_up
        own.errands = owned.spawn(self._run_errands(owned, own), "errands")
        own.judging = owned.spawn(judge_newest(standing, self._bundles), "judging")

    def _warn_of_its_time(self, owned: OwnedPartition, standing: Standing) -> None:
        """Time never goes back: what a wrong clock did once a person has to mend."""
        now = self._clock.now()
        if isinstance(self._clock, RealClock) and is_ahead(standing.time, now):
            why = f"its time is {span(standing.time - now)} ahead; `stamgast clock repair` says what to do"
            log.error("a wrong clock moved this partition's time", partition=owned.number, why=why)

    async def step(self, owned: Owned[OwnedCustomers], records: Sequence[Record]) -> Effects[Written]:
        """Think a chunk through, or a piece of what waits."""
        own = own_of(owned)
        batch = Batch(
            owned.lease, own.standing.copy(), self._bundles, owned.number, self._voucher_key, recent=own.recent,
            believes=self._believes,
        )  # fmt: skip
        if records[0].offset > owned.lease.watermark:
            await batch.sort(records)
            return await self._effects(owned, batch, records[-1].offset, quiet=owned.is_repeated(records))
        waited, taking_up = cast(Sequence[Parked], records), own.taking_up
        await batch.take_up(waited, own.standing.backlogs[taking_up.merchant])
        cut_off = taking_up.cut_off(waited, batch.standing)
        effects = await self._effects(owned, batch, owned.lease.watermark, quiet=taking_up.is_settled(waited[0]))
        effects.writes.do(*cut_off)
        self._metrics.taken_up.labels(taking_up.merchant).inc(len(waited))
        return effects

    async def _effects(
        self, owned: Owned[OwnedCustomers], batch: Batch, place: int, *, quiet: bool
    ) -> Effects[Written]:
        own = own_of(owned)
        results = await batch.think()
        written = Written(batch.standing, [(result.name, result.value) for result in results])
        written.counters = await own.counters.after(owned.lease, added_by(results))
        effects = Effects(written)
        write(results, owned.lease.keys, effects.writes, written, place, quiet=quiet)
        if self._sending is not None:
            now, first_look = self._clock.now(), self._sending.first_look
            written.doubtful = await write_doubts(results, owned.lease, effects.writes, now, first_look)
        written.parked = park(batch.parked, owned.lease.keys, effects.writes)
        write_codes(batch.brought, owned.lease.keys, effects.writes)
        effects.writes.meta.update(batch.standing.changes_since(own.standing))
        effects.writes.meta.update(own.review.to_note())
        if not quiet:
            for record, reason in batch.rejected:
                effects.emissions.append(self._aside.letter(self.topic, owned.number, record, reason))
            effects.emissions += self._pausing(owned, batch)
            effects.emissions += self._answering(batch)
            effects.emissions += told_others(results, self._topics)
        self._count(batch)
        return effects

    def passing_over(self, owned: Owned[OwnedCustomers], record: Record, reason: str) -> Effects[Written]:
        """Lay a record aside."""
        own = own_of(owned)
        standing, quiet = own.standing.copy(), owned.is_repeated([record])
        effects = Effects(Written(standing))
        if record.offset <= owned.lease.watermark:
            waited = cast(Parked, record)
            effects.writes.do(*own.taking_up.cut_off([waited], standing))
            effects.writes.meta.update(standing.changes_since(own.standing))
            quiet = own.taking_up.is_settled(waited)
        if not quiet:
            effects.emissions.append(self._aside.letter(self.topic, owned.number, record, reason))
        self._laid_aside.inc()
        return effects

    def _pausing(self, owned: OwnedPartition, batch: Batch) -> Iterator[Emission]:
        """A rule that raised rests from that place in the log on, so that every reading of it agrees.

        It raised under the bundle of that number: the next one, perhaps in force since the same step, mended it.
        """
        for merchant, number, rule, reason in sorted(batch.failures):
            event = RulePaused(
                merchant=merchant, customer="", at=batch.standing.time, number=number, rule=rule, reason=reason
            )
            yield Emission(self.topic, owned.number, key_of(merchant, ""), encode_event(event))
            bundle = batch.standing.in_force.get(merchant)
            at = batch.standing.time
            news = bundle and news_of_broken(bundle.program, rule, Broken.RAISED, number, at)
            if news:
                partition, record = placed(news, self._topics)
                yield Emission(self.topic, partition, *record)

    def _answering(self, batch: Batch) -> Iterator[Emission]:
        """What the first partition leased of budgets, what is said of draws: whatever comes twice counts once."""
        for partition, event in batch.answers:
            yield Emission(self.topic, partition, key_of(event.merchant, event.customer), encode_event(event))

    def committed(self, owned: Owned[OwnedCustomers], effects: Effects[Written], cancelled: Sequence[str]) -> None:
        """Move on, and let notes and messages go their way."""
        own = own_of(owned)
        written = effects.kept
        own.standing = written.standing
        own.recent.keep(written.states)
        own.counters.keep(written.counters)
        own.taking_up.committed(own.standing, written.parked)
        up_to = own.taking_up.settled(owned.lease.watermark + 1)
        own.activations.note(written.notes, written.told, written.note_ids, up_to)
        if own.sending is not None and own.sending_open:
            own.sending.committed(written, cancelled)

    def released(self, owned: Owned[OwnedCustomers]) -> None:
        """Stop what was going on beside the steps."""
        own = owned.own
        owned.own = None
        if own is None:
            return
        for task in (own.errands, own.judging):
            if task is not None:
                task.cancel()
        if own.sending is not None:
            own.sending.close()
        own.activations.close()

    def _count(self, batch: Batch) -> None:
        metrics = self._metrics
        if batch.repeats:
            metrics.skipped.labels(self.name, "repeat").inc(batch.repeats)
        for merchant, records in batch.parked.items():
            metrics.park(merchant, len(records))
        for merchant, _, rule, what in sorted(batch.failures):
            log.error("a rule raised and is paused; the event was applied", merchant=merchant, rule=rule, why=what)
            metrics.rules_paused.labels(merchant, rule).inc()
        if batch.rejected:
            self._laid_aside.inc(len(batch.rejected))

    # -- what the owner does beside the steps, once it has caught up

    async def _run_errands(self, owned: OwnedPartition, own: OwnedCustomers) -> None:
        failures = 0
        while True:
            try:
                if owned.caught_up:
                    if own.sending is not None:
                        await own.limits.hand_in()
                    if own.sending is not None and not own.sending_open:
                        own.sending_open = True  # first: what is committed from now on is told to it
                        await own.sending.open()
                    elif own.sending is not None:
                        await own.sending.count()
                    await own.barriers.look(own.standing)
                    if not own.standing.taking_up:  # a backlog must not make anybody look absent
                        await own.timers.look(own.standing.with_bundle)
                        await own.schedules.look(own.standing, partial(self._bundle_of, own))
                        await own.campaigns.look(own.standing, partial(self._bundle_of, own))
                    await own.review.look(partial(self._bundle_of, own), own.standing.numbers)
                    await own.rates.look(partial(self._bundle_of, own), own.standing.numbers)
                    await own.feeds.look(own.standing)
                    await own.stores.look(own.standing)
                    await own.claims.look()
                    await own.launches.look(own.standing)
                    await own.cashier.look(own.standing, partial(self._bundle_of, own))
                    await own.desk.look(own.standing)
                    if not own.standing.taking_up:  # what waits may hold entries
                        await own.draws.look(own.standing)
                    await own.budgets.look(own.standing)
                    await own.codes.look(own.standing)
                    await own.old_days.look(own.standing.time)
                failures = 0
                pause = until_tick(pause_of(self._clock, _LOOK_EVERY_S), time.monotonic())
            except TROUBLE as error:
                if isinstance(error, StateError) and not isinstance(error, ElsewhereError):
                    owned.take_again(f"an errand failed: {error!r}")
                    return
                failures += 1
                pause = pause_after(failures, first_s=_TROUBLE_PAUSE_S, most_s=_LONG_TROUBLE_PAUSE_S)
                log.warning("errand failed; trying again", partition=owned.number, why=repr(error))
            await asyncio.sleep(pause)

    async def _bundle_of(self, own: OwnedCustomers, merchant: str) -> Bundle | None:
        return await bundle_of(own.standing, merchant, self._bundles)

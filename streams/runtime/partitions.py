"""The partition service: a consumer of our own whose every owned partition works side by side with the others.

Why not Faust's own consumer: it hands out one event at a time, and what it had fetched at a rebalance is lost to the
agents (docs/adr). Faust's app starts, supervises and stops this service.

One task fetches for all partitions and puts what came into their inboxes; each partition's `Ownership` applies it.
A partition that is being taken, or whose inbox is full, is not fetched; the others do not notice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any, Generic

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError, OffsetOutOfRangeError
from mode import Service

from stamgast.clock.pauses import pause_after
from stamgast.clock.ticks import until_tick
from stamgast.log.address import aiokafka_at
from stamgast.log.producers import Emitters
from stamgast.logs import get_logger
from stamgast.state.errors import StateError
from stamgast.state.nodes import Redis
from streams.metrics import Metrics
from streams.runtime.cluster import ClusterFacts
from streams.runtime.fetching import LeanConsumer
from streams.runtime.job import Job, Kept, Own
from streams.runtime.ownership import Ownership
from streams.runtime.suspects import Turns

log = get_logger(__name__)

_REVOCATION_S = 2.0
_STOP_S = 0.5
_LAST_COMMIT_S = 0.2
_COMMIT_EVERY_S = 3.0
_POLL_MS = 500
_CROWDED_POLL_MS = 5
_COMPANY_S = 0.004
_FEW = 20
"""Of fewer records than that it is worth to wait a moment for more before the next are asked for."""
_RECONNECT_S = 0.5
_UNFIT_LOOK_S = 0.2


class PartitionService(Service, Generic[Own, Kept]):
    """Carries one job over all partitions of its topic that the group gives to this process."""

    def __init__(
        self,
        job: Job[Own, Kept],
        *,
        bootstrap: str,
        group: str,
        redis: Redis,
        emitters: Emitters,
        cluster: ClusterFacts,
        metrics: Metrics,
        turns: Turns | None = None,
        session_timeout_ms: int = 6_000,
        fit: Callable[[], bool] = lambda: True,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.job = job
        self.turns = turns or Turns()
        self.bootstrap = bootstrap
        self.group = group
        self.redis = redis
        self.emitters = emitters
        self.cluster = cluster
        self.metrics = metrics
        self.owned: dict[int, Ownership[Own, Kept]] = {}
        self.joined = asyncio.Event()
        self.polled_at = time.monotonic()
        """When the fetching task last came round, for the watchdog (monotonic seconds)."""
        self.left_at = time.monotonic()
        """When it was last without a group (monotonic seconds)."""
        self._fit = fit
        self._session_timeout_ms = session_timeout_ms
        self._consumer: Any = None

    @property
    def label(self) -> str:
        """How mode names it in logs."""
        return f"PartitionService({self.job.name})"

    @property
    def ready(self) -> bool:
        """Say whether the group was joined and every owned partition works, and that this process may own any."""
        works = all(owned.working and not owned.stalled for owned in self.owned.values())
        return self._fit() and self.joined.is_set() and works

    async def on_stop(self) -> None:
        """Hand the partitions over and leave the group at once."""
        try:
            async with asyncio.timeout(_LAST_COMMIT_S):
                await self.commit_offsets()
        except TimeoutError:
            log.info("offsets not committed in time", service=self.job.name)
        await self._give_up(_STOP_S)
        if self._consumer is not None:
            await _stop(self._consumer)

    # -- fetching

    @Service.task
    async def _fetch(self) -> None:
        failures = 0
        while not self.should_stop:
            if not self._fit():
                await self._rest(_UNFIT_LOOK_S)
                continue
            consumer = self._make_consumer()
            try:
                await consumer.start()
                self._consumer = consumer
                while not self.should_stop and self._fit():
                    await self._fetch_once(consumer)
                    failures = 0
                if not self.should_stop:
                    await self._hand_over(consumer)
            except ConsumerStoppedError:
                log.info("stopped", service=self.job.name)
            except KafkaError as error:
                failures += 1
                log.warning("consumer failed; making another one", service=self.job.name, why=repr(error))
                self.joined.clear()
                self.left_at = time.monotonic()
                await self._give_up(_REVOCATION_S)
                await self.sleep(pause_after(failures, first_s=_RECONNECT_S))
            finally:
                await _stop(consumer)

    async def _hand_over(self, consumer: LeanConsumer) -> None:
        """Let others have the partitions until this process is fit again."""
        log.warning("handing over", service=self.job.name, partitions=sorted(self.owned))
        await self.commit_offsets()
        await self._give_up(_REVOCATION_S)
        self._consumer = None
        await _stop(consumer)
        await self._give_up(_REVOCATION_S)  # what the group gave us while we were leaving
        self.joined.clear()

    async def _rest(self, seconds: float) -> None:
        """Do nothing for a while, which is no reason to end this process."""
        self.left_at = self.polled_at = time.monotonic()
        await self.sleep(seconds)

    def _make_consumer(self) -> LeanConsumer:
        consumer = AIOKafkaConsumer(
            **aiokafka_at(self.bootstrap),
            client_id=f"stamgast-{self.job.name}",
            group_id=self.group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            session_timeout_ms=self._session_timeout_ms,
            heartbeat_interval_ms=min(300, self._session_timeout_ms // 3),
        )
        lean = LeanConsumer(consumer)
        consumer.subscribe([self.job.topic], listener=_Listener(self, lean))
        return lean

    async def _fetch_once(self, consumer: LeanConsumer) -> None:
        self.polled_at = time.monotonic()
        roomy = [owned.pair for owned in self.owned.values() if owned.inbox.has_room]
        crowded = len(roomy) < len(self.owned)
        if crowded and not roomy:
            await asyncio.sleep(_CROWDED_POLL_MS / 1000)
            return
        try:
            fetched = await consumer.getmany(*roomy, timeout_ms=_CROWDED_POLL_MS if crowded else _POLL_MS)
        except OffsetOutOfRangeError as error:
            for pair in error.args[0]:
                if (owned := self.owned.get(pair.partition)) is not None:
                    owned.take_again("its position is not in the log")
            return
        for pair, records in fetched.items():
            if (owned := self.owned.get(pair.partition)) is not None and owned.working:
                owned.inbox.put(records)
        pause = company_s(sum(map(len, fetched.values())), crowded=crowded)
        if pause:
            await asyncio.sleep(pause)

    async def ends(self, numbers: Iterable[int]) -> dict[int, int]:
        """Ask Kafka where partitions end now. Raises KafkaError."""
        pairs = [TopicPartition(self.job.topic, number) for number in numbers]
        if not pairs or self._consumer is None:
            return {}
        ends = await self._consumer.end_offsets(pairs)
        # The embedded broker may answer too low an end; what came with the last fetch is right on every broker.
        return {pair.partition: max(ends[pair], _quietly(self._consumer.highwater, pair) or 0) for pair in pairs}

    # -- owning

    async def revoked(self) -> None:
        """Give every partition up, within two seconds (called by the consumer before it joins again)."""
        await self._give_up(_REVOCATION_S)

    def assigned(self, consumer: Any, numbers: Iterable[int]) -> None:
        """Begin to take partitions; they are fetched once they are taken."""
        for number in numbers:
            pair = TopicPartition(self.job.topic, number)
            consumer.seek(pair, 0)  # any position: without one the consumer would ask for a policy it does not have
            consumer.pause(pair)
            owned = Ownership(number, self.job, consumer, self)
            self.owned[number] = owned
            owned.start()
        self.metrics.owned.labels(self.job.name).set(len(self.owned))
        self.joined.set()
        log.info("assigned", service=self.job.name, partitions=sorted(self.owned))

    async def _give_up(self, within_s: float) -> None:
        leaving, self.owned = self.owned, {}
        if leaving:
            await asyncio.gather(*(owned.give_up(within_s) for owned in leaving.values()))
        self.metrics.owned.labels(self.job.name).set(0)

    def broke(self, error: BaseException) -> None:
        """Stop the worker: something happened that should never happen."""
        log.error("a partition's loop broke", service=self.job.name, why=repr(error), exc_info=error)
        self.add_future(self.crash(error))

    # -- telling Kafka, and people

    @Service.task
    async def _report(self) -> None:
        while not self.should_stop:
            await self.sleep(until_tick(_COMMIT_EVERY_S, time.monotonic()))
            await self.commit_offsets()
            await self._ask_redis()
            self._measure()

    async def commit_offsets(self) -> None:
        """Commit to Kafka what has had all its effects: for monitoring, and so that a rebuild repeats none of them."""
        offsets = {
            TopicPartition(self.job.topic, number): owned.settled
            for number, owned in self.owned.items()
            if owned.working and owned.settled > owned.committed_to_kafka
        }
        if offsets and self._consumer is not None:
            try:
                await self._consumer.commit(offsets)
            except (KafkaError, ConsumerStoppedError) as error:
                log.info("offsets not committed", service=self.job.name, why=repr(error))

    async def _ask_redis(self) -> None:
        """Take again what Redis forgot: while nothing happens no step would notice, and no timer would fire."""
        for owned in [each for each in self.owned.values() if each.working]:
            try:
                lost = await owned.lease.is_lost()
            except StateError as error:
                owned.take_again(f"Redis was away: {error!r}")
                continue
            if lost:
                owned.take_again("Redis no longer knows it, or somebody asked for it to be filled anew")

    def behind(self, owned: Ownership[Own, Kept]) -> int:
        """How many records wait in a partition, as far as it is known here: 0 while it is not at work."""
        if not owned.working or self._consumer is None:
            return 0
        end = _quietly(self._consumer.highwater, owned.pair) or owned.end_at_take
        return max(0, int(end) - owned.position)

    def _measure(self) -> None:
        name = self.job.name
        self.metrics.lag.labels(name).set(sum(map(self.behind, list(self.owned.values()))))
        self.metrics.alarms.labels(name).set(sum(bool(o.refused_because) for o in self.owned.values()))


def company_s(fetched: int, *, crowded: bool) -> float:
    """How long to wait after so many records before more are asked for, so that those that come do not come alone.

    What was fetched is at work meanwhile; who sells once a minute waits for nothing.
    """
    return _COMPANY_S if 0 < fetched < _FEW and not crowded else 0.0


class _Listener(ConsumerRebalanceListener):
    """Passes the group's decisions on. aiokafka swallows what is raised here, so nothing that can fail is done here."""

    def __init__(self, service: PartitionService[Any, Any], consumer: Any) -> None:
        self._service = service
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002
        await self._service.revoked()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._service.assigned(self._consumer, [pair.partition for pair in assigned])


def _quietly(ask: Any, pair: TopicPartition) -> Any:
    """The partition may have been revoked a moment ago; then there is nothing to ask."""
    try:
        return ask(pair)
    except (IllegalStateError, AssertionError):
        return None


async def _stop(consumer: Any) -> None:
    try:
        async with asyncio.timeout(5):
            await consumer.stop()
    except (KafkaError, TimeoutError, OSError) as error:
        log.info("consumer did not stop in order", why=repr(error))

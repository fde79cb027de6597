"""One of the product's own jobs, customers or intake, carried by the partition service in a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from operator import ge
from typing import Any, Generic

from benchmarks.bakery import BEGIN, VOUCHER_KEY
from benchmarks.locked import with_locks
from benchmarks.meter import Meter
from stamgast.api_keys.admin import Keyring
from stamgast.api_keys.table import ApiKeyTable
from stamgast.clock.since import Since
from stamgast.domain.units import Millis
from stamgast.identity.sealing import WrappingKeys
from stamgast.lifecycle.garbage import collect_rarely
from stamgast.log.dead_letters import DeadLetterSeal
from stamgast.log.producers import Emitters
from stamgast.log.reading import LogReader
from stamgast.log.signatures import UNSIGNED, Signatures
from stamgast.log.tail import Tail
from stamgast.log.topics import Topics
from stamgast.logs import configure_logs
from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from streams.customers.bundles import Bundles
from streams.customers.job import CustomersJob
from streams.intake.identity import Naming
from streams.intake.job import IntakeJob
from streams.intake.proving import Proving
from streams.intake.record_mac import Proofs
from streams.metrics import Metrics
from streams.runtime.cluster import ClusterFacts
from streams.runtime.dead_letters import LayingAside
from streams.runtime.job import Effects, Job, Kept, Own, Owned, Record
from streams.runtime.partitions import PartitionService

WRAPPING_KEYS = "bench:" + "A" * 43 + "="


@dataclass(frozen=True)
class Work:
    """What the process is told: each partition's records, and how many of them go before the clock starts."""

    job: str
    bootstrap: str
    redis_url: str
    prefix: str
    partitions: int
    events: list[int]
    warm_up: list[int]
    asked: bool = False
    """Whether it is asked whose the purchases are."""

    def as_dict(self) -> dict[str, Any]:
        """For the command line."""
        return asdict(self)


class StandingClock:
    """A clock before all timers: none of them comes due."""

    def now(self) -> Millis:
        """The moment at which the stream begins."""
        return BEGIN


class Counted(Generic[Own, Kept]):
    """A job, with its committed records counted."""

    def __init__(self, job: Job[Own, Kept], work: Work, meter: Meter) -> None:
        self.name, self.topic, self.begins_late = job.name, job.topic, job.begins_late
        self.done = asyncio.Event()
        self.measured = 0
        self._before = 0
        self._job, self._work, self._meter = job, work, meter
        self._counts = [0] * work.partitions
        self._sizes: dict[int, int] = {}
        self._warming = set(range(work.partitions))
        self._warm = asyncio.Event()

    def keys(self, partition: int) -> PartitionKeys:
        """As the job does."""
        return self._job.keys(partition)

    async def taken(self, owned: Owned[Own], reader: LogReader) -> None:
        """As the job does."""
        await self._job.taken(owned, reader)

    async def step(self, owned: Owned[Own], records: Sequence[Record]) -> Effects[Kept]:
        """As the job does; a partition that is warm waits here until all are, and then the clock starts."""
        if not self._warm.is_set() and self._counts[owned.number] >= self._work.warm_up[owned.number]:
            self._is_warm(owned.number)
            await self._warm.wait()
        self._sizes[owned.number] = len(records)
        return await self._job.step(owned, records)

    def passing_over(self, owned: Owned[Own], record: Record, reason: str) -> Effects[Kept]:
        """As the job does."""
        return self._job.passing_over(owned, record, reason)

    def committed(self, owned: Owned[Own], effects: Effects[Kept], cancelled: Sequence[str]) -> None:
        """As the job does, and count."""
        self._job.committed(owned, effects, cancelled)
        self._counts[owned.number] += self._sizes[owned.number]
        if self._counts[owned.number] >= self._work.events[owned.number]:
            self._is_warm(owned.number)
        if all(map(ge, self._counts, self._work.events)):
            self.measured = sum(self._counts) - self._before
            self.done.set()

    def _is_warm(self, partition: int) -> None:
        self._warming.discard(partition)
        if not self._warming and not self._warm.is_set():
            self._before = sum(self._counts)
            self._meter.start()
            self._warm.set()

    def released(self, owned: Owned[Own]) -> None:
        """As the job does."""
        self._job.released(owned)


def asking(topics: Topics) -> Signatures:
    """What signs purchases, and asks of all of them whose they are."""
    return Signatures(VOUCHER_KEY, open_topics=[topics.purchases], proven_since=Since(everybody=0))


def make_job(work: Work, topics: Topics, bundles: Bundles, metrics: Metrics) -> Job:
    """The job as the worker makes it, without an outbox at work: submissions lie there as in production."""
    clock = StandingClock()
    aside = LayingAside(topics, DeadLetterSeal(WrappingKeys.parse(WRAPPING_KEYS)), clock)
    if work.job == "intake":
        proofs = Proofs(VOUCHER_KEY, asking(topics) if work.asked else UNSIGNED, topics.purchases)
        ring = Keyring(work.bootstrap, topics.api_keys)
        return IntakeJob(
            topics=topics, naming=Naming(_Nobody(), _nowhere, _never), proofs=proofs,
            proving=Proving(ApiKeyTable(), ring, VOUCHER_KEY), aside=aside, clock=clock, metrics=metrics,
        )  # fmt: skip
    return CustomersJob(
        bootstrap=work.bootstrap, topics=topics, bundles=bundles, aside=aside, clock=clock, voucher_key=VOUCHER_KEY,
        metrics=metrics,
    )  # fmt: skip


class _Nobody:
    async def resolve_many(self, *_: Any) -> list[str]:
        raise RuntimeError("every record of this benchmark is canonical")

    async def unknown(self, *_: Any) -> frozenset[str]:
        raise RuntimeError("every record of this benchmark is canonical")

    def unseal(self, *_: Any) -> Any:
        raise RuntimeError("every record of this benchmark is canonical")


async def _never(_merchant: str, _customer: str) -> None:
    return None


async def _nowhere(_merchant: str) -> None:
    """No programme is asked for."""


async def main() -> None:
    """Carry the job until all events are committed."""
    configure_logs("warning", "console")
    work = Work(**json.loads(sys.argv[1]))
    work = replace(work, bootstrap=with_locks(work.bootstrap))
    topics, metrics, bundles, meter = Topics(work.partitions, work.prefix), Metrics(), Bundles(), Meter()
    reading = asyncio.create_task(Tail(work.bootstrap, {topics.programs: 1}, bundles, name="bundles").run())
    await bundles.loaded()
    for merchant, (_number, content) in bundles.newest.items():
        await bundles.get(merchant, content)
    job = Counted(make_job(work, topics, bundles, metrics), work, meter)
    redis, emitters = Redis(work.redis_url), Emitters(work.bootstrap)
    service = PartitionService(
        job, bootstrap=work.bootstrap, group=f"{work.prefix}{work.job}", redis=redis, emitters=emitters,
        cluster=ClusterFacts(work.bootstrap, topics), metrics=metrics,
    )  # fmt: skip
    collect_rarely()  # as the worker does
    await service.start()
    await job.done.wait()
    await service.commit_offsets()
    meter.tell(job.measured)
    await service.stop()
    reading.cancel()
    await emitters.close()
    redis.close()


if __name__ == "__main__":
    asyncio.run(main())

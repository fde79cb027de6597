"""The small job on the engine: its partition service, its emission, its commit. Nothing here is special to speed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from benchmarks.locked import with_locks
from benchmarks.meter import Meter
from benchmarks.scene import FewTopics
from benchmarks.small.job import apply, decode_purchase, decode_state, encode_state, fresh, messages
from benchmarks.small.settings import Settings
from stamgast.lifecycle.garbage import collect_rarely
from stamgast.log.producers import Emitters
from stamgast.log.reading import LogReader
from stamgast.logs import configure_logs
from stamgast.state import keys
from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from streams.metrics import Metrics
from streams.runtime.cluster import ClusterFacts
from streams.runtime.emission import Emission
from streams.runtime.job import Effects, OwnedPartition, Record
from streams.runtime.partitions import PartitionService

MERCHANT = "m"


class SmallJob:
    """A job of the partition service, as intake and customers are."""

    name = "small"
    begins_late = False

    def __init__(self, settings: Settings, meter: Meter) -> None:
        self.topic = settings.topic
        self.done = asyncio.Event()
        self._out = settings.out
        self._left = settings.events
        self._missing = settings.partitions
        self._all_taken = asyncio.Event()
        self._meter = meter

    def keys(self, partition: int) -> PartitionKeys:
        """Name the partition's keys."""
        return keys.customers(partition)

    async def taken(self, owned: OwnedPartition, reader: LogReader) -> None:
        """Wait until every partition is taken: measured is the work, not the joining."""
        self._missing -= 1
        if not self._missing:
            self._meter.start()
            self._all_taken.set()
        await self._all_taken.wait()

    async def step(self, owned: OwnedPartition, records: Sequence[Record]) -> Effects[Sequence[Record]]:
        """Read, think, say what to write."""
        effects = Effects(records)
        events = [decode_purchase(record.value or b"") for record in records]
        name = owned.lease.keys.customer
        names = {event.customer: name(MERCHANT, event.customer) for event in events}
        values = await owned.lease.read(list(names.values()))
        states = {
            customer: decode_state(value) if value else fresh() for customer, value in zip(names, values, strict=True)
        }
        emissions = effects.emissions
        for event in events:
            state = states[event.customer]
            reached = apply(state, event.event_id, event.amount, event.cost, event.at)
            if reached is not None:
                key = event.customer.encode()
                for message in messages(event.customer, event.event_id, reached, state[1]):
                    emissions.append(Emission(self._out, owned.number, key, message))
        for customer, key in names.items():
            effects.writes.set(key, encode_state(states[customer]))
        return effects

    def passing_over(self, owned: OwnedPartition, record: Record, reason: str) -> Effects[Sequence[Record]]:
        """No record of this job ends a process."""
        return Effects([record])

    def committed(self, owned: OwnedPartition, effects: Effects[Sequence[Record]], cancelled: Sequence[str]) -> None:
        """Count what is done."""
        owned.settled = effects.kept[-1].offset + 1
        self._left -= len(effects.kept)
        if self._left <= 0:
            self.done.set()

    def released(self, owned: OwnedPartition) -> None:
        """Nothing is kept of a partition."""


async def main() -> None:
    """Carry the job until all events are committed."""
    configure_logs("warning", "console")
    settings = Settings.from_command_line()
    meter = Meter()
    job = SmallJob(settings, meter)
    bootstrap = with_locks(settings.bootstrap)
    redis, emitters = Redis(settings.redis_url), Emitters(bootstrap)
    service = PartitionService(
        job,
        bootstrap=bootstrap,
        group=settings.group,
        redis=redis,
        emitters=emitters,
        cluster=ClusterFacts(bootstrap, FewTopics([settings.topic, settings.out], settings.partitions)),
        metrics=Metrics(),
    )
    collect_rarely()  # as the worker does
    await service.start()
    await job.done.wait()
    await service.commit_offsets()
    meter.tell(settings.events)
    await service.stop()
    await emitters.close()
    redis.close()


if __name__ == "__main__":
    asyncio.run(main())

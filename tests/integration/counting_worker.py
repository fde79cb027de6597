"""A tiny job on the real partition service: counts a customer's records and emits every count. Run as a process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

import msgspec

from stamgast.log.producers import Emitters
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.logs import configure_logs
from stamgast.state import keys
from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from streams.metrics import Metrics
from streams.runtime.cluster import ClusterFacts
from streams.runtime.emission import Emission
from streams.runtime.job import Effects, OwnedPartition, Record
from streams.runtime.partitions import PartitionService


class Count(msgspec.Struct):
    merchant: str
    customer: str
    number: int


decode = msgspec.json.Decoder(Count).decode


class Counting:
    """State of a customer: how many records, and the sum of their numbers."""

    name = "counting"
    begins_late = False

    def __init__(self, topics: Topics) -> None:
        self.topic = topics.customer_events
        self._out = topics.activations

    def keys(self, partition: int) -> PartitionKeys:
        return keys.customers(partition)

    async def taken(self, owned: OwnedPartition, reader: LogReader) -> None:
        print(f"took {owned.number}", flush=True)

    async def step(self, owned: OwnedPartition, records: Sequence[Record]) -> Effects[int]:
        effects = Effects(records[-1].offset)
        events = [decode(record.value or b"") for record in records]
        names = {event.customer: owned.lease.keys.customer("m", event.customer) for event in events}
        values = await owned.lease.read(list(names.values()))
        states = {c: msgspec.json.decode(v) if v else [0, 0] for c, v in zip(names, values, strict=True)}
        for record, event in zip(records, events, strict=True):
            state = states[event.customer]
            state[0] += 1
            state[1] += event.number
            value = msgspec.json.encode([event.customer, *state, owned.number, record.offset])
            if record.offset >= owned.committed_to_kafka:
                effects.emissions.append(Emission(self._out, event.number % 4, None, value))
        for customer, key in names.items():
            effects.writes.set(key, msgspec.json.encode(states[customer]))
        return effects

    def passing_over(self, owned: OwnedPartition, record: Record, reason: str) -> Effects[int]:
        return Effects(record.offset)

    def committed(self, owned: OwnedPartition, effects: Effects[int], cancelled: Sequence[str]) -> None:
        owned.settled = effects.kept + 1

    def released(self, owned: OwnedPartition) -> None:
        pass


async def main() -> None:
    configure_logs("info", "console")
    bootstrap, redis_url, prefix, partitions = sys.argv[1:5]
    topics = Topics(int(partitions), prefix)
    redis, emitters = Redis(redis_url), Emitters(bootstrap)
    service: PartitionService[None, int] = PartitionService(
        Counting(topics),
        bootstrap=bootstrap,
        group=f"{prefix}counting",
        redis=redis,
        emitters=emitters,
        cluster=ClusterFacts(bootstrap, topics),
        metrics=Metrics(),
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await service.start()
    waiting = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(service.wait_until_stopped())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if service.crash_reason:
        os._exit(3)
    await service.stop()
    await emitters.close()
    redis.close()


if __name__ == "__main__":
    asyncio.run(main())

"""The small job without a framework: confluent-kafka, one read and one compare-and-set script a chunk. The ceiling.

It survives no rebalance (positions come from the group), emits after the commit without waiting for it to be
acknowledged before the next chunk, and repeats nothing after a crash: the least that does the work at all.
"""

from __future__ import annotations

import gc
import time
from typing import Any

import redis
from confluent_kafka import Consumer, Message, Producer

from benchmarks.meter import Meter
from benchmarks.small.job import apply, decode_purchase, decode_state, encode_state, fresh, messages
from benchmarks.small.settings import Settings

CHUNK = 1_000
_COMMIT_EVERY_S = 3.0

COMMIT = """
local wm = redis.call('HGET', KEYS[1], 'wm') or '-1'
if wm ~= ARGV[1] then return redis.error_reply('STALE ' .. wm) end
local i, n = 3, #ARGV
while i <= n do
  local j = i + 3999
  if j > n then j = n end
  redis.call('MSET', unpack(ARGV, i, j))
  i = j + 1
end
redis.call('HSET', KEYS[1], 'wm', ARGV[2])
return 'OK'
"""


class Bare:
    """One consumer, one producer, one connection to Redis."""

    def __init__(self, settings: Settings) -> None:
        self.meter = Meter()
        self._out = settings.out
        self._redis = redis.Redis.from_url(settings.redis_url)
        self._sha = self._redis.script_load(COMMIT)
        self._marks: dict[int, int] = {}
        place = {"bootstrap.servers": settings.bootstrap}
        self.producer = Producer(place | {"linger.ms": 5, "acks": "all", "partitioner": "murmur2_random"})
        self.consumer = Consumer(
            place
            | {
                "group.id": settings.group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "session.timeout.ms": 6000,
                "fetch.wait.max.ms": 100,
                "fetch.queue.backoff.ms": 10,
            }
        )
        self.consumer.subscribe([settings.topic], on_assign=lambda *_: self.meter.start())

    def carry(self, count: int) -> None:
        """Work until so many events are done and everything is acknowledged."""
        committed = time.monotonic()
        while count > 0:
            by_partition: dict[int, list[Message]] = {}
            for message in self.consumer.consume(CHUNK, 0.02):
                if message.error() is None:
                    by_partition.setdefault(message.partition(), []).append(message)
            for partition, records in by_partition.items():
                self._step(partition, records)
                count -= len(records)
            if by_partition and time.monotonic() - committed > _COMMIT_EVERY_S:
                self._finish()
                committed = time.monotonic()
        self._finish()

    def _finish(self) -> None:
        self.producer.flush()
        self.consumer.commit(asynchronous=False)

    def _step(self, partition: int, records: list[Message]) -> None:
        meta, prefix = f"{{c{partition}}}:meta", f"{{c{partition}}}:c:m:"
        if partition not in self._marks:
            self._marks[partition] = int(self._redis.hget(meta, "wm") or -1)
        events = [decode_purchase(record.value()) for record in records]
        names = list(dict.fromkeys(event.customer for event in events))
        found: Any = self._redis.mget([prefix + name for name in names])
        states = {name: decode_state(v) if v else fresh() for name, v in zip(names, found, strict=True)}
        for event in events:
            state = states[event.customer]
            reached = apply(state, event.event_id, event.amount, event.cost, event.at)
            if reached is not None:
                for text in messages(event.customer, event.event_id, reached, state[1]):
                    self.producer.produce(self._out, text, key=event.customer.encode())
        words: list[Any] = [self._marks[partition], records[-1].offset()]
        for name, state in states.items():
            words += (prefix + name, encode_state(state))
        self._redis.evalsha(self._sha, 1, meta, *words)
        self._marks[partition] = records[-1].offset()
        self.producer.poll(0)


def main() -> None:
    """Carry the job."""
    settings = Settings.from_command_line()
    gc.freeze()  # the ceiling gets what the engine gets
    gc.set_threshold(50_000, 20, 50)
    bare = Bare(settings)
    bare.carry(settings.events)
    bare.meter.tell(settings.events)
    bare.consumer.close()


if __name__ == "__main__":
    main()

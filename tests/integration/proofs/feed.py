"""Producers that are not the engine's: a till's feed with Kafka's own partitioner, and one that gets it wrong."""

from __future__ import annotations

import asyncio
import random
import zlib
from collections import deque
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from stamgast.log.topics import Topics
from tests.builders import record
from tests.conftest import eventually
from tests.integration.pacing import Pace
from tests.integration.proofs.merchant import MERCHANT
from tests.integration.proofs.receipts import Delivery, Till, now

GARBAGE = (b"\xff\xfe\x00 no JSON at all", b'{"type": "nonsense", "merchant": 7}', b"")
NOBODY = "c" + "z" * 24
"""The customer of events that cannot be applied."""
POISON = (
    b'{"type":"purchase_changed","merchant":"%s","customer":"%s","at":%d,"transaction":"never seen",'
    b'"after":null,"before":{"occurred_at":1,"store":"shop","currency":"EUR","spend":1}}'
)
_AT_ONCE = 1_000


class Producer:
    """Appends until Kafka has acknowledged, through any trouble; a retry may append twice."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._producer: Any = None

    async def send(self, topic: str, records: Sequence[tuple[bytes | None, bytes | None, int | None]]) -> None:
        """Append (key, value, partition); without a partition Kafka's default partitioner (murmur2) chooses."""
        await eventually(lambda: self._sent(topic, records), seconds=120, every=0.2, why="Kafka takes the records")

    async def _sent(self, topic: str, records: Sequence[tuple[bytes | None, bytes | None, int | None]]) -> bool:
        try:
            producer = await self._started()
            sent = [await producer.send(topic, value, key, partition) for key, value, partition in records]
            await asyncio.gather(*sent)
        except (KafkaError, OSError):
            await self.close()
            return False
        return True

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                async with asyncio.timeout(3):
                    await producer.stop()
            except (KafkaError, OSError, TimeoutError):
                pass

    async def _started(self) -> Any:
        if self._producer is None:
            producer = AIOKafkaProducer(bootstrap_servers=self._bootstrap, acks="all", request_timeout_ms=5_000)
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer


class Feeder:
    """Tills at work: transactions at a rate, the deliveries of several mixed, until told to stop."""

    def __init__(self, bootstrap: str, topics: Topics, till: Till, *, rate: int = 20, live: float = 0.5) -> None:
        self.deliveries = self.letters = 0
        self.foreign = False
        """Whether records go where no partitioner of Kafka's would put them, or without a key."""
        self.forging = ""
        """Id of a topic: records claim to have been taken over from there, from places that no true one reaches."""
        self.rubbish = False
        """Whether garbage and poison come in between."""
        self._producer = Producer(bootstrap)
        self._topics = topics
        self._till = till
        self._rate, self._live = rate, live
        self._random = random.Random(99)
        self._open: deque[list[Delivery]] = deque()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Deliver what is still under way, and end."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error
        while self._open:
            await self._turn()
        await self._producer.close()

    async def transactions(self, count: int, *, live: bool | None = None) -> None:
        """Deliver so many transactions at once; every other one happens now, unless all or none do (`live`)."""
        for start in range(0, count, _AT_ONCE):
            for number in range(start, min(count, start + _AT_ONCE)):
                self._open.append(self._till.transaction(live=number % 2 == 0 if live is None else live))
            while self._open:
                await self._turn()

    async def _run(self) -> None:
        pace = Pace(0.1)
        while True:
            for _ in range(max(1, self._rate // 10)):
                self._open.append(self._till.transaction(live=self._random.random() < self._live))
            # Shielded: what was drawn is delivered, whenever `stop` comes.
            await asyncio.shield(asyncio.ensure_future(self._turn()))
            if self.rubbish and self._random.random() < 0.5:
                await asyncio.shield(asyncio.ensure_future(self.throw_rubbish()))
            await pace.tick()

    async def _turn(self) -> None:
        """The next delivery or two of some open transactions."""
        records = []
        for _ in range(min(len(self._open), 40)):
            deliveries = self._open.popleft()
            few = min(len(deliveries), self._random.choice((1, 2)))
            records += [self._place(deliveries.pop()) for _ in range(few)]
            if deliveries:
                self._open.append(deliveries)
        self.deliveries += len(records)
        await self._producer.send(self._topics.purchases, records)

    def _place(self, data: Delivery) -> tuple[bytes | None, bytes, int | None]:
        key, value = record(data, now(), MERCHANT)
        if self.forging and self._random.random() < 0.3:
            value = self._forged(value)
        if not self.foreign:
            return key, value, None
        partition = zlib.crc32(key) % self._topics.partitions
        if self._random.random() < 0.3:
            keyless = value[:-1] + b', "partitionkey": "' + key + b'"}'
            return None, keyless, partition
        return key, value, partition

    def _forged(self, value: bytes) -> bytes:
        place = f'"{self.forging}", {self._random.randrange(self._topics.partitions)}, {2**40}, 0'
        proof = self._random.choice(("", f',"stamgastproof":"{"A" * 43}"'))
        return value[:-1] + f', "stamgastsource": [{place}]{proof}}}'.encode()

    async def throw_rubbish(self) -> None:
        """One of everything that nobody can apply."""
        where = self._random.randrange(self._topics.partitions)
        poison = POISON % (MERCHANT.encode(), NOBODY.encode(), now())
        garbage = self._random.choice(GARBAGE)
        key = f"{MERCHANT}:{NOBODY}".encode()
        await self._producer.send(self._topics.customer_events, [(key, garbage, where), (key, poison, None)])
        await self._producer.send(self._topics.purchases, [(key, garbage, where)])
        self.letters += 3

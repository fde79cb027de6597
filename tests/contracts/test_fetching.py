"""Fetching by requests of our own, held to the brokers that have to answer them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import OffsetOutOfRangeError

from stamgast.local.brokers import Broker
from stamgast.log.producers import Emitter
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics, create_topics, delete_topics
from streams.runtime.fetching import LeanConsumer
from streams.runtime.job import Record
from tests.conftest import eventually

PARTITIONS = 3


@pytest.fixture
def topics(broker: Broker) -> Iterator[Topics]:
    mine = Topics(PARTITIONS, prefix=f"fetch{uuid.uuid4().hex[:6]}.")
    create_topics(broker.bootstrap, mine)
    yield mine
    delete_topics(broker.bootstrap, mine)


@pytest.fixture
async def emitter(broker: Broker) -> AsyncIterator[Emitter]:
    emitter = await Emitter.open(broker.bootstrap)
    yield emitter
    await emitter.close()


class Reading:
    """A consumer of all partitions of one topic, and what it has read of each."""

    def __init__(self, consumer: LeanConsumer, topic: str) -> None:
        self.consumer = consumer
        self.pairs = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        self.found: dict[int, list[Record]] = {number: [] for number in range(PARTITIONS)}

    async def read(self) -> bool:
        for pair, records in (await self.consumer.getmany(*self.pairs, timeout_ms=200)).items():
            self.found[pair.partition] += records
        return True

    async def until(self, *counts: int) -> bool:
        """Read until each partition has given so many."""

        async def enough() -> bool:
            await self.read()
            return [len(self.found[number]) for number in range(PARTITIONS)] == list(counts)

        return await eventually(enough, every=0)

    def values(self, partition: int) -> list[bytes | None]:
        return [record.value for record in self.found[partition]]


@pytest.fixture
async def reading(broker: Broker, topics: Topics) -> AsyncIterator[Reading]:
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=None, auto_offset_reset="none")
    made = Reading(LeanConsumer(consumer), topics.purchases)
    await made.consumer.start()
    consumer.assign(made.pairs)
    for pair in made.pairs:
        made.consumer.seek(pair, 0)
    yield made
    await made.consumer.stop()


def some(count: int, size: int = 20) -> list[tuple[bytes | None, bytes | None]]:
    return [(b"key%d" % number, b"%d" % number + b"." * size) for number in range(count)]


async def test_everything_is_read_once_in_its_order_from_every_partition(
    topics: Topics, emitter: Emitter, reading: Reading
) -> None:
    await emitter.emit(topics.purchases, 0, some(5))
    await emitter.emit(topics.purchases, 2, some(3_000, size=600))  # several batches, and more than one fetch
    await reading.until(5, 0, 3_000)
    await emitter.emit(topics.purchases, 1, [(None, b"without a key"), (b"k", None)])
    await reading.until(5, 2, 3_000)

    for number, sent in ((0, some(5)), (1, [(None, b"without a key"), (b"k", None)]), (2, some(3_000, size=600))):
        assert [(record.key, record.value) for record in reading.found[number]] == sent
        assert [record.offset for record in reading.found[number]] == list(range(len(sent)))
    assert all(record.timestamp > 0 for record in reading.found[0])
    assert reading.consumer.highwater(reading.pairs[2]) == 3_000


async def test_what_is_sought_is_read_from_there(topics: Topics, emitter: Emitter, reading: Reading) -> None:
    await emitter.emit(topics.purchases, 0, some(10))
    reading.consumer.seek(reading.pairs[0], 7)  # in the middle of the batch
    await reading.until(3, 0, 0)
    assert reading.values(0) == [value for _, value in some(10)[7:]]

    reading.consumer.seek(reading.pairs[0], 2)
    await reading.until(11, 0, 0)
    assert reading.values(0)[3:] == [value for _, value in some(10)[2:]]


async def test_while_nothing_comes_nothing_beside_it_looks_for_something_to_fetch(
    topics: Topics, emitter: Emitter, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    await emitter.emit(topics.purchases, 0, some(1))
    await reading.until(1, 0, 0)
    looked: list[object] = []
    look = Fetcher._get_actions_per_node

    def counting(self: Fetcher, assignment: object) -> object:
        looked.append(assignment)
        return look(self, assignment)

    monkeypatch.setattr(Fetcher, "_get_actions_per_node", counting)
    for _ in range(8):
        await reading.read()
    assert len(looked) <= 3  # five times a second by itself


async def test_a_paused_partition_gives_nothing_until_it_is_resumed(
    topics: Topics, emitter: Emitter, reading: Reading
) -> None:
    reading.consumer.pause(reading.pairs[0])
    for number in range(2):
        await emitter.emit(topics.purchases, number, some(4))
    await reading.until(0, 4, 0)
    await emitter.emit(topics.purchases, 1, some(1))
    await reading.until(0, 5, 0)

    reading.consumer.resume(reading.pairs[0])
    await reading.until(4, 5, 0)


async def test_a_position_that_the_log_does_not_reach_is_told_once_and_the_others_are_read(
    broker: Broker, topics: Topics, emitter: Emitter, reading: Reading
) -> None:
    if not broker.is_kafka:
        pytest.skip("the embedded broker answers with nothing instead of an error")
    await emitter.emit(topics.purchases, 0, some(2))
    await emitter.emit(topics.purchases, 1, some(3))
    reading.consumer.seek(reading.pairs[0], 99)
    with pytest.raises(OffsetOutOfRangeError) as told:
        await reading.until(2, 3, 0)  # never: the first one cannot be read
    assert told.value.args[0] == {reading.pairs[0]: 99}
    await reading.until(0, 3, 0)

    reading.consumer.seek(reading.pairs[0], 0)
    reading.consumer.resume(reading.pairs[0])
    await reading.until(2, 3, 0)


async def test_what_a_transactional_producer_compressed_is_read_without_its_markers(
    broker: Broker, topics: Topics, reading: Reading
) -> None:
    if not broker.is_kafka:
        pytest.skip("the embedded broker knows no transactions")
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap, transactional_id=uuid.uuid4().hex, compression_type="gzip"
    )
    await producer.start()
    for number in range(3):
        async with producer.transaction():
            for each in range(20):
                await producer.send(topics.purchases, b"%d" % (20 * number + each), partition=0)
    await producer.stop()

    reading.consumer.seek(reading.pairs[0], 5)
    await reading.until(55, 0, 0)
    assert reading.values(0) == [b"%d" % number for number in range(5, 60)]
    assert reading.found[0][-1].offset == 61  # two markers stand among them


async def test_of_a_transaction_that_was_aborted_nothing_is_read_and_of_an_open_one_nothing_yet(
    broker: Broker, topics: Topics, emitter: Emitter, reading: Reading
) -> None:
    if not broker.is_kafka:
        pytest.skip("the embedded broker knows no transactions")
    pair = reading.pairs[0]
    first, second = [await transactional(broker) for _ in range(2)]
    await emitter.emit(topics.purchases, 0, [(None, b"before")])  # 0
    await first.begin_transaction()
    await first.send_and_wait(topics.purchases, b"aborted", partition=0)  # 1
    await second.begin_transaction()
    await second.send_and_wait(topics.purchases, b"committed", partition=0)  # 2
    await first.send_and_wait(topics.purchases, b"aborted too", partition=0)  # 3
    await emitter.emit(topics.purchases, 0, [(None, b"beside")])  # 4
    await reading.until(1, 0, 0)
    await reading.read()
    assert (reading.values(0), reading.consumer.highwater(pair)) == ([b"before"], 1), (
        "nothing stands behind an open one"
    )
    async with LogReader(broker.bootstrap) as reader:
        assert (await reader.ends([pair]))[pair] == 1

    await first.abort_transaction()  # 5
    await second.commit_transaction()  # 6
    await reading.until(3, 0, 0)
    assert reading.values(0) == [b"before", b"committed", b"beside"]
    assert [record.offset for record in reading.found[0]] == [0, 2, 4]

    await first.begin_transaction()
    await first.send_and_wait(topics.purchases, b"committed now", partition=0)  # 7
    await first.commit_transaction()  # 8
    await second.begin_transaction()
    await second.send_and_wait(topics.purchases, b"aborted at the end", partition=0)  # 9
    await second.abort_transaction()  # 10
    await reading.until(4, 0, 0)
    assert reading.values(0)[3:] == [b"committed now"]

    async def passed() -> bool:
        await reading.read()
        return reading.consumer.passing(pair, 8) == 11

    await eventually(passed, why="what holds no records is known to be passed, up to the end")
    assert [reading.consumer.passing(pair, at) for at in (0, 1, 2, 3, 5, 7)] == [0, 2, 2, 4, 7, 7]
    async with LogReader(broker.bootstrap) as reader:
        assert (await reader.ends([pair]))[pair] == 11
        read = [record.value async for records in reader.read_all(topics.purchases, 0) for record in records]
    assert read == reading.values(0)
    for producer in (first, second):
        await producer.stop()


async def transactional(broker: Broker) -> AIOKafkaProducer:
    """A shop's own producer, which writes in transactions."""
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id=uuid.uuid4().hex)
    await producer.start()
    return producer

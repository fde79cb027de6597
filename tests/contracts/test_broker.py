"""What we need from a broker, asked of the one of this run and of the trial's embedded one."""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from stamgast.local.brokers import Broker
from stamgast.log.producers import EmitError, Emitter, Emitters, RecordTooLargeError, start_producer
from stamgast.log.reading import LogReader, LogTruncatedError
from stamgast.log.topics import (
    Topics,
    TopicsError,
    admin,
    check_topics,
    create_topics,
    delete_topics,
    differing_settings,
)
from tests.conftest import eventually, soon


@pytest.fixture(scope="module")
def topics(broker: Broker) -> Iterator[Topics]:
    mine = Topics(3, prefix=f"contract{uuid.uuid4().hex[:6]}.")
    create_topics(broker.bootstrap, mine)
    yield mine
    delete_topics(broker.bootstrap, mine)


@pytest.fixture
async def emitter(broker: Broker) -> AsyncIterator[Emitter]:
    emitter = await Emitter.open(broker.bootstrap)
    yield emitter
    await emitter.close()


@pytest.fixture
async def reader(broker: Broker) -> AsyncIterator[LogReader]:
    async with LogReader(broker.bootstrap) as reader:
        yield reader


def records(count: int, *, size: int = 3) -> list[tuple[bytes, bytes]]:
    return [(b"key%d" % number, b"%d" % number + b"." * size) for number in range(count)]


async def read_everything(reader: LogReader, topic: str, partition: int) -> list[tuple[int, bytes, bytes]]:
    return [
        (record.offset, record.key, record.value)
        async for chunk in reader.read_all(topic, partition)
        for record in chunk
    ]


def test_creating_topics_twice_gives_the_same_cluster_and_topic_ids(broker: Broker, topics: Topics):
    first = check_topics(broker.bootstrap, topics)
    again = create_topics(broker.bootstrap, topics)

    assert first == again
    assert len(set(first.topic_ids.values())) == len(list(topics))
    assert first.is_embedded is (broker.kind == "embedded")


def test_a_recreated_topic_has_another_id(broker: Broker):
    mine = Topics(1, prefix=f"recreated{uuid.uuid4().hex[:6]}.")
    before = create_topics(broker.bootstrap, mine)
    delete_topics(broker.bootstrap, mine)
    after = create_topics(broker.bootstrap, mine)

    assert before.id == after.id
    assert not set(before.topic_ids.values()) & set(after.topic_ids.values())
    delete_topics(broker.bootstrap, mine)


def test_topics_with_another_number_of_partitions_are_refused_by_name(broker: Broker, topics: Topics):
    other = Topics(topics.partitions + 1, prefix=topics.prefix)

    with pytest.raises(TopicsError, match=rf"{topics.purchases} has 3 partitions, not 4"):
        create_topics(broker.bootstrap, other)


def test_missing_topics_are_named_with_what_to_do(broker: Broker):
    with pytest.raises(
        TopicsError, match=r"topics nowhere\.purchases\.v1, .* are missing; run `stamgast topics create`"
    ):
        check_topics(broker.bootstrap, Topics(1, prefix="nowhere."))


def test_topics_have_the_settings_of_the_table(broker: Broker, topics: Topics):
    if broker.kind == "embedded":
        pytest.skip("the embedded broker keeps no topic settings (cleanup, retention, LogAppendTime)")

    assert differing_settings(broker.bootstrap, topics) == []


async def test_records_get_the_broker_s_time(broker: Broker, topics: Topics, emitter: Emitter, reader: LogReader):
    if broker.kind == "embedded":
        pytest.skip("the embedded broker keeps no topic settings (cleanup, retention, LogAppendTime)")
    await emitter.emit(topics.api_keys, 0, records(1))

    async for chunk in reader.read_all(topics.api_keys, 0):
        assert all(record.timestamp_type == 1 for record in chunk)


async def test_emitted_records_stand_in_order_at_the_offsets_that_were_acknowledged(
    topics: Topics, emitter: Emitter, reader: LogReader
):
    sent = [*records(5), (b"gone", None)]
    offsets = await emitter.emit(topics.customer_events, 1, sent[:2])
    offsets += await emitter.emit(topics.customer_events, 1, sent[2:])

    found = await read_everything(reader, topics.customer_events, 1)

    assert found == [(offset, key, value) for offset, (key, value) in zip(offsets, sent, strict=True)]
    assert offsets == list(range(6))


async def test_more_records_than_one_batch_holds_keep_their_order(topics: Topics, emitter: Emitter, reader: LogReader):
    sent = records(2_000, size=600)

    offsets = await emitter.emit(topics.customer_events, 2, sent)

    found = await read_everything(reader, topics.customer_events, 2)
    assert found == [(offset, key, value) for offset, (key, value) in zip(offsets, sent, strict=True)]


async def test_emits_at_the_same_time_keep_each_one_s_records_in_order(
    topics: Topics, emitter: Emitter, reader: LogReader
):
    sizes = (1, 2, 1_500, 1, 3)  # the third one needs more than one batch
    sent = [[(b"%d" % source, b"%d" % n + b"x" * 600) for n in range(size)] for source, size in enumerate(sizes)]

    offsets = await asyncio.gather(*(emitter.emit(topics.customer_events, 2, records) for records in sent))

    found = {offset: (key, value) for offset, key, value in await read_everything(reader, topics.customer_events, 2)}
    assert [[found[offset] for offset in each] for each in offsets] == sent
    assert all(each == sorted(each) for each in offsets)
    first = min(offset for each in offsets for offset in each)
    assert {offset for each in offsets for offset in each} == set(range(first, first + sum(sizes)))


async def test_a_failure_reaches_everyone_whose_records_it_may_have_kept_out(topics: Topics, emitter: Emitter):
    emits = [asyncio.create_task(emitter.emit(topics.customer_events, 0, records(1_500, size=600))) for _ in range(3)]
    await eventually(lambda: emitter.waiting == 3, every=0)
    await emitter.close()

    outcomes = await asyncio.gather(*emits, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [EmitError] * 3
    assert not emitter.waiting


async def test_what_nobody_waits_for_any_more_is_not_appended_behind_the_others(
    topics: Topics, emitter: Emitter, reader: LogReader
):
    emits = [asyncio.create_task(emitter.emit(topics.customer_events, 0, records(1_500, size=600))) for _ in range(3)]
    await eventually(lambda: emitter.waiting == 3, every=0)
    emits[1].cancel()

    first, _, third = await asyncio.gather(*emits, return_exceptions=True)
    assert isinstance(first, list)
    assert isinstance(third, list)
    assert [*first, *third] == list(range(first[0], first[0] + 3_000))
    assert (await read_everything(reader, topics.customer_events, 0))[-1][0] == third[-1]


async def test_single_sends_at_the_same_time_are_all_acknowledged(topics: Topics, emitter: Emitter, reader: LogReader):
    offsets = await asyncio.gather(*(emitter.send(topics.purchases, 0, b"k", b"%d" % n) for n in range(200)))

    assert sorted(offsets) == list(range(200))
    found = {offset: value for offset, _key, value in await read_everything(reader, topics.purchases, 0)}
    assert [found[offset] for offset in offsets] == [b"%d" % n for n in range(200)]


async def test_one_record_for_each_partition_is_acknowledged_without_a_task_for_each(
    topics: Topics, emitter: Emitter, reader: LogReader
):
    found = await emitter.send_each(topics.purchases, [(at, b"each", f"{at}".encode()) for at in range(3)])
    for at, offset in enumerate(found):
        last = [record async for piece in reader.read_all(topics.purchases, at) for record in piece][-1]
        assert (last.offset, last.key, last.value) == (offset, b"each", f"{at}".encode())
    with pytest.raises(EmitError):
        await emitter.send_each(topics.purchases, [(0, b"k", b"v"), (99, b"k", b"v")])
    assert emitter.closed
    with pytest.raises(EmitError):
        await emitter.send_each(topics.purchases, [(0, b"k", b"v")])


async def test_the_end_of_a_log_counts_every_record_of_its_last_batch(
    topics: Topics, emitter: Emitter, reader: LogReader
):
    pairs = [(topics.activations, partition) for partition in range(3)]
    assert set((await reader.ends(pairs)).values()) == {0}

    end = 0
    for count in (2, 3, 1, 7):
        await emitter.emit(topics.activations, 1, records(count))
        end += count
        ends = await reader.ends(pairs)
        assert [ends[TopicPartition(*pair)] for pair in pairs] == [0, end, 0]
        assert (await reader.begins(pairs))[TopicPartition(*pairs[1])] == 0


async def test_reading_stops_at_the_end_that_was_asked_for(topics: Topics, emitter: Emitter, reader: LogReader):
    await emitter.emit(topics.activations, 2, records(10))

    found = [record.offset async for chunk in reader.read(topics.activations, 2, 3, 7) for record in chunk]

    assert found == [3, 4, 5, 6]


async def test_reading_beyond_the_log_is_an_error(broker: Broker, topics: Topics, emitter: Emitter, reader: LogReader):
    if broker.kind == "embedded":
        pytest.skip("the embedded broker answers a fetch beyond its log's end with nothing")
    await emitter.emit(topics.programs, 0, records(2))

    with pytest.raises(LogTruncatedError):
        async for _chunk in reader.read(topics.programs, 0, 50, 60):
            pass


async def test_commits_are_remembered_by_the_group(broker: Broker, topics: Topics):
    pair = TopicPartition(topics.purchases, 1)
    group = f"g{uuid.uuid4().hex[:6]}"

    async with group_member(broker, group) as consumer:
        consumer.assign([pair])
        await consumer.commit({pair: 5})
    async with group_member(broker, group) as consumer:
        consumer.assign([pair])
        assert await consumer.committed(pair) == 5


async def test_a_group_member_gets_all_partitions_and_starts_where_it_seeks(
    broker: Broker, topics: Topics, emitter: Emitter
):
    await emitter.emit(topics.identities, 0, records(4))
    async with group_member(broker, f"g{uuid.uuid4().hex[:6]}") as consumer:
        consumer.subscribe([topics.identities])
        async with asyncio.timeout(60):
            while len(consumer.assignment()) < 3:
                with contextlib.suppress(OffsetOutOfRangeError):  # nothing committed yet, and no reset by itself
                    await consumer.getmany(timeout_ms=100)
        pair = TopicPartition(topics.identities, 0)
        consumer.seek(pair, 2)
        async with asyncio.timeout(60):
            first = await consumer.getone(pair)
        assert first.offset == 2


@contextlib.asynccontextmanager
async def group_member(broker: Broker, group: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6_000,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def test_the_producer_is_idempotent_where_the_broker_knows_how(broker: Broker, caplog: pytest.LogCaptureFixture):
    producer = await start_producer(broker.bootstrap)
    await producer.stop()

    assert ("no idempotent producer" in caplog.text) is (broker.kind == "embedded")


async def test_an_emitter_that_failed_is_closed_and_emitters_opens_another(broker: Broker, topics: Topics):
    emitters = Emitters(broker.bootstrap)
    emitter = await emitters.current()
    with pytest.raises(EmitError):
        await emitter.emit(topics.customer_events, 99, records(1))

    assert emitter.closed
    with pytest.raises(EmitError, match="failed before"):
        await emitter.emit(topics.customer_events, 0, records(1))
    other = await emitters.current()
    assert other is not emitter
    assert len(await other.emit(topics.customer_events, 0, records(1))) == 1
    await emitters.close()
    assert other.closed


async def test_a_record_too_large_for_the_topics_is_refused_and_the_emitter_stays_good(
    topics: Topics, emitter: Emitter
):
    with pytest.raises(RecordTooLargeError):
        await emitter.emit(topics.customer_events, 0, [(b"k", b"x" * 1_000_000)])

    largest = [(b"k", random.Random(1).randbytes(999_999))]
    assert len(await emitter.emit(topics.customer_events, 0, largest)) == 1
    assert len(await emitter.emit(topics.dead_letters, 0, [(b"k", b"x" * 1_900_000)])) == 1


async def test_deleting_topics_leaves_none_of_them(broker: Broker):
    mine = Topics(1, prefix=f"deleted{uuid.uuid4().hex[:6]}.")
    create_topics(broker.bootstrap, mine)
    delete_topics(broker.bootstrap, mine)

    with admin(broker.bootstrap) as client:
        soon(lambda: not [name for name in client.list_topics() if name.startswith(mine.prefix)])

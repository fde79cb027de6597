"""Dead letters on a real broker: sealed, listed, shown, mended and played again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from stamgast.identity.sealing import SealError, WrappingKeys
from stamgast.local.brokers import Broker
from stamgast.log.dead_letters import DeadLetter, DeadLetterError, DeadLetters, DeadLetterSeal, as_text
from stamgast.log.partitioning import partition_for
from stamgast.log.producers import Emitter
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics, create_topics, delete_topics

KEYS = "new:" + "A" * 43 + "="
OTHER_KEYS = "other:" + "B" * 42 + "A="


@pytest.fixture
def topics(broker: Broker) -> Iterator[Topics]:
    mine = Topics(3, prefix=f"letters{uuid.uuid4().hex[:6]}.")
    create_topics(broker.bootstrap, mine)
    yield mine
    delete_topics(broker.bootstrap, mine)


@pytest.fixture
def seal() -> DeadLetterSeal:
    return DeadLetterSeal(WrappingKeys.parse(KEYS))


def letter(topics: Topics, offset: int, *, key: bytes | None = b"m:t1", value: bytes | None = b"\xff{") -> DeadLetter:
    return DeadLetter(topics.purchases, 1, offset, key, value, "not JSON, says +31612345678", at=1_790_841_600_000)


async def write(broker: Broker, topics: Topics, seal: DeadLetterSeal, *letters: DeadLetter) -> None:
    emitter = await Emitter.open(broker.bootstrap)
    await emitter.emit(topics.dead_letters, 0, [seal.encode(each) for each in letters])
    await emitter.close()


async def test_a_dead_letter_is_listed_without_its_contents_and_shown_with_them(
    broker: Broker, topics: Topics, seal: DeadLetterSeal
):
    await write(broker, topics, seal, *(letter(topics, offset) for offset in range(5)))
    letters = DeadLetters(broker.bootstrap, topics, seal)

    listed = letters.all()

    assert [stored.id for stored in listed] == [f"{topics.purchases}-1-{offset}" for offset in range(5)]
    assert listed[0].reason == "not JSON, says [phone]"
    shown = letters.one(listed[3].id)
    assert (shown.key, shown.value, shown.offset) == (b"m:t1", b"\xff{", 3)
    with pytest.raises(DeadLetterError, match="there is no dead letter 'nothing'"):
        letters.one("nothing")


async def test_nothing_of_the_contents_stands_on_the_topic(broker: Broker, topics: Topics, seal: DeadLetterSeal):
    await write(broker, topics, seal, letter(topics, 7, key=b"phone:0612345678", value=b"Sanne de Vries"))

    async with LogReader(broker.bootstrap) as reader:
        raw = [record.key + record.value async for chunk in reader.read_all(topics.dead_letters, 0) for record in chunk]

    assert len(raw) == 1
    assert b"Sanne" not in raw[0]
    assert b"612345678" not in raw[0]


async def test_another_wrapping_key_cannot_open_it(broker: Broker, topics: Topics, seal: DeadLetterSeal):
    await write(broker, topics, seal, letter(topics, 1))
    stranger = DeadLetters(broker.bootstrap, topics, DeadLetterSeal(WrappingKeys.parse(OTHER_KEYS)))

    with pytest.raises(SealError, match="'new' is not among WRAPPING_KEYS"):
        stranger.one(f"{topics.purchases}-1-1")


async def test_a_replayed_letter_goes_to_its_key_s_partition_mended_and_is_marked(
    broker: Broker, topics: Topics, seal: DeadLetterSeal
):
    await write(broker, topics, seal, letter(topics, 4), letter(topics, 5))
    letters = DeadLetters(broker.bootstrap, topics, seal)

    topic, partition, offset = letters.replay(f"{topics.purchases}-1-4", mended=b"{}", now=99)

    assert (topic, partition, offset) == (topics.purchases, partition_for(b"m:t1", 3), 0)
    async with LogReader(broker.bootstrap) as reader:
        found = [record.value async for chunk in reader.read_all(topic, partition) for record in chunk]
    assert found == [b"{}"]
    assert [(stored.offset, stored.replayed_at) for stored in letters.all()] == [(4, 99), (5, 0)]


async def test_a_record_that_we_made_from_another_is_played_again_as_news(
    broker: Broker, topics: Topics, seal: DeadLetterSeal
):
    """It was noted as applied when it was laid aside: with its source it would be skipped as a repeat."""
    taken_over = b'{"source":"/till","data":{},"stamgastsource":["t",0,7,0],"stamgastproof":"x"}'
    event = DeadLetter(topics.customer_events, 0, 9, b"m:c", b'{"type":"x","source":["t",0,7,0]}', "why", at=1)
    await write(broker, topics, seal, letter(topics, 4, value=taken_over), event)
    letters = DeadLetters(broker.bootstrap, topics, seal)

    played = [letters.replay(name, now=99) for name in (f"{topics.purchases}-1-4", event.id)]

    async with LogReader(broker.bootstrap) as reader:
        found = [
            record.value
            for topic, partition, _ in played
            async for chunk in reader.read_all(topic, partition)
            for record in chunk
        ]
    assert found == [b'{"source":"/till","data":{}}', b'{"type":"x"}']


async def test_a_letter_that_came_over_http_is_not_played_again(broker: Broker, topics: Topics, seal: DeadLetterSeal):
    await write(broker, topics, seal, DeadLetter("http", 0, 12, None, b"x", "too strange", at=1))

    with pytest.raises(DeadLetterError, match="did not come from a topic of ours"):
        DeadLetters(broker.bootstrap, topics, seal).replay("http-0-12", now=1)


def test_raw_bytes_are_shown_as_text_where_they_are_text():
    assert as_text(b"abc") == {"text": "abc"}
    assert as_text(None) == {"text": None}
    assert as_text(b"\xff\x00") == {"base64": "/wA="}

"""A bundle that memory does not hold any more is read from the log again."""

import uuid
from collections.abc import Iterator

import pytest

from stamgast.local.brokers import Broker
from stamgast.log.producers import Emitter
from stamgast.log.reading import LogTruncatedError
from stamgast.log.topics import Topics, create_topics, delete_topics
from stamgast.programs.topic import ProgramLog


@pytest.fixture
def topics(broker: Broker) -> Iterator[Topics]:
    mine = Topics(1, prefix=f"programs{uuid.uuid4().hex[:6]}.")
    create_topics(broker.bootstrap, mine)
    yield mine
    delete_topics(broker.bootstrap, mine)


async def test_a_bundle_comes_first_and_those_behind_it_may_come_along(broker: Broker, topics: Topics):
    values = [b"%d" % number for number in range(5)]
    emitter = await Emitter.open(broker.bootstrap)
    await emitter.emit(topics.programs, 0, [(b"winkel", value) for value in values])
    await emitter.close()
    log = ProgramLog(broker.bootstrap, topics.programs)
    assert await log.end() == 5
    found = await log.read(2)
    assert found[0] == (2, b"2")
    assert found == [(number, values[number]) for number, _ in found]
    with pytest.raises(LogTruncatedError):
        await log.read(7)

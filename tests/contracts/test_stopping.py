"""A client that is stopped while its broker is away cancels nobody else; what goes on for ever goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from aiokafka import TopicPartition

from stamgast.lifecycle.cancellation import until_told
from stamgast.local.brokers import Broker
from stamgast.local.processes import ProcessError
from stamgast.log.append_time import AppendTime
from stamgast.log.reading import LogReader
from stamgast.log.tail import Position, Tail
from stamgast.log.topics import Topics
from tests.conftest import eventually

READERS = 8

pytestmark = pytest.mark.slow


@pytest.fixture
def away(kafka: Broker, topics: Topics) -> Iterator[Broker]:
    """The broker of this run, which may be killed; it is back before the topics are deleted."""
    if not kafka.restartable:
        pytest.skip("the broker of STAMGAST_KAFKA_BOOTSTRAP is not ours to break")
    yield kafka
    try:
        kafka.check()
    except ProcessError:
        kafka.start()


class Lost:
    """A view that somebody may empty."""

    def __init__(self) -> None:
        self.opened = 0
        self.lost = False

    async def positions(self) -> Mapping[Position, int]:
        return {}

    async def apply(self, records: Sequence[Any], reached: Mapping[Position, int]) -> None: ...

    async def open(self) -> None:
        self.opened += 1

    def close(self) -> None: ...

    async def intact(self) -> bool:
        lost, self.lost = self.lost, False
        return not lost


async def test_a_reader_that_is_closed_while_its_broker_is_away_cancels_nobody(away: Broker, topics: Topics):
    pair = TopicPartition(topics.purchases, 0)
    readers = [LogReader(away.bootstrap) for _ in range(READERS)]
    for reader in readers:
        await reader.__aenter__()
        reader._consumer.assign([pair])
        reader._consumer.seek(pair, 0)
        await reader._consumer.getmany(timeout_ms=200)
    away.kill()
    closing = [asyncio.create_task(close_later(reader)) for reader in readers]
    await asyncio.wait(closing)
    assert [task.cancelled() or task.exception() for task in closing] == [None] * READERS


async def close_later(reader: LogReader) -> None:
    await reader._consumer.getmany(timeout_ms=500)  # its fetches fail meanwhile, and rest before the next one
    await reader.__aexit__()


async def test_a_view_that_was_lost_while_its_broker_is_away_is_read_again_when_it_is_back(
    away: Broker, topics: Topics
):
    views = [Lost() for _ in range(READERS)]
    tails = [Tail(away.bootstrap, {topics.purchases: 1}, view, name="lost") for view in views]
    following = [asyncio.create_task(tail.run()) for tail in tails]
    await eventually(lambda: all(view.opened == 1 for view in views))
    away.kill()
    for view in views:
        view.lost = True
    await eventually(lambda: all(tail.trouble for tail in tails))
    assert not any(task.done() for task in following)
    await asyncio.to_thread(away.start)
    await eventually(lambda: all(view.opened == 2 for view in views), seconds=60)
    for task in following:
        task.cancel()
    await asyncio.wait(following)


async def test_a_clock_that_is_asked_while_its_broker_is_away_cancels_nobody(away: Broker, topics: Topics):
    clock = AppendTime(away.bootstrap, topics.clock)
    assert await clock.ask() is not None
    away.kill()
    assert await clock.ask() is None
    await asyncio.to_thread(away.start)
    await eventually(clock.ask, seconds=60)
    await clock.close()


async def test_what_goes_on_for_ever_begins_again_after_a_cancellation_that_was_not_for_it():
    begun: list[int] = []

    async def work() -> None:
        begun.append(1)
        if len(begun) < 3:
            raise asyncio.CancelledError
        await asyncio.Event().wait()

    going = asyncio.create_task(until_told(work))
    await eventually(lambda: len(begun) == 3)
    going.cancel()
    await asyncio.wait({going})
    assert going.cancelled()

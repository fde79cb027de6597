"""A view to which nothing happens costs next to nothing, and still hears at once of what does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher

from stamgast.lifecycle.cancellation import until_told
from stamgast.local.brokers import Broker
from stamgast.log.appender import Appender
from stamgast.log.tail import Position, Tail
from stamgast.log.topics import Topics
from tests.conftest import eventually

ROUNDS = 4


class Quiet:
    """A view that notes when it was asked whether it is whole, and what it was given."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.given: list[bytes] = []
        self.loaded = False

    async def positions(self) -> Mapping[Position, int]:
        return {}

    async def apply(self, records: Sequence[Any], reached: Mapping[Position, int]) -> None:
        self.given += [each.value for each in records]

    async def open(self) -> None:
        self.loaded = True

    def close(self) -> None:
        self.loaded = False

    async def intact(self) -> bool:
        self.asked.append(time.monotonic())
        return True


async def test_a_view_without_news_asks_kafka_seldom_and_hears_at_once_of_some(
    kafka: Broker, topics: Topics, monkeypatch: Any
) -> None:
    sent, looked = [], []
    send, look = AIOKafkaClient.send, Fetcher._get_actions_per_node

    def counting_send(self: Any, node: Any, request: Any, **how: Any) -> Any:
        sent.append(request)
        return send(self, node, request, **how)

    def counting_look(self: Any, assignment: Any) -> Any:
        looked.append(assignment)
        return look(self, assignment)

    view = Quiet()
    tail = Tail(kafka.bootstrap, {topics.api_keys: 1}, view, name="test", quiet=True)
    following = asyncio.create_task(until_told(tail.run))
    appender = Appender(kafka.bootstrap, {topics.api_keys: 1}, client_id="test")
    try:
        await appender.append(topics.api_keys, [(b"a", b"before")])
        await eventually(lambda: view.loaded and view.given == [b"before"])
        monkeypatch.setattr(AIOKafkaClient, "send", counting_send)
        monkeypatch.setattr(Fetcher, "_get_actions_per_node", counting_look)
        begun, asked = time.monotonic(), len(view.asked)
        await eventually(lambda: len(view.asked) >= asked + ROUNDS)
        took = time.monotonic() - begun
        assert took > (ROUNDS - 1) * 0.9
        assert len(sent) <= 2 * (took + 1)
        assert len(looked) <= 4 * (took + 1)

        rounds = len(view.asked)
        await appender.append(topics.api_keys, [(b"a", b"news")])
        await eventually(lambda: view.given == [b"before", b"news"])
        assert len(view.asked) <= rounds + 2  # it did not wait for its turn
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await appender.close()

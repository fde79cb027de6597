"""What a look-up may prove: a message at the carrier is an attempt's own only if it can be nobody else's."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

import pytest

from channels.model import Found, Lookup
from stamgast.domain.activation import Submission
from stamgast.services import RedisServer
from stamgast.state import keys
from stamgast.state.doubts import Doubt, Doubts
from stamgast.state.nodes import Redis
from stamgast.state.outbox import Outbox, encode_submission
from stamgast.state.partitions import Lease, Writes
from streams.outbox import Patience
from streams.settling import Settling


def submission(activation: str, customer: str = "anna") -> Submission:
    return Submission(activation, "m", customer, "r", "t", "marketing", "sms", "nl", 0, 1, {})


class Carrier:
    """Knows one message to whoever is asked for, and what happens while it answers."""

    def __init__(self) -> None:
        self.meanwhile: Any = None

    async def find(self, _prepared: Any, _attempt: str, _since: int, bound: Collection[str]) -> Found:
        if self.meanwhile is not None:
            await self.meanwhile()
        return Found(Lookup.NONE) if "SM1" in bound else Found(Lookup.FOUND, "SM1", "delivered")


class Owner:
    """A partition's outbox with one attempt in doubt, and what its look-ups told."""

    def __init__(self, lease: Lease) -> None:
        self.lease, self.outbox, self.carrier = lease, Outbox(lease), Carrier()
        self.told: list[tuple[str, str]] = []
        around: Any = SimpleNamespace(
            patience=Patience(look_ups_s=(0.0,)), channels={"sms": self.carrier}, bound=deque(), tell=self._tell
        )
        self.doubts = Doubts(lease)
        owned: Any = SimpleNamespace(number=0)
        self.settling = Settling(around, owned, self.doubts, self._prepare, asyncio.create_task)  # type: ignore[arg-type]

    async def look_up(self) -> list[tuple[str, str]]:
        """Look the attempt `a1` of Anna's up."""
        doubt = Doubt(submission("a1"), "attempt-1", 0)
        await self.doubts.put(doubt, 0.0)
        await self.settling.look_up(doubt)
        return self.told

    async def is_sending(self, other: Submission) -> None:
        """Another message has been begun, by a process that may be dead."""
        writes = Writes()
        writes.do("HSET", self.lease.keys.outbox, other.activation, encode_submission(other))
        writes.do("ZADD", self.lease.keys.lane("m", "sms"), 0, other.activation)
        await self.lease.commit(self.lease.watermark + 1, writes)
        assert await self.outbox.claim(other, "attempt-2") == "ok"
        assert await self.outbox.begin(other, "attempt-2", "nobody-stopped") == "ok"

    async def was_sent(self, other: Submission) -> None:
        """Its outcome was committed, with the name of its message."""
        writes = Writes()
        writes.do("HDEL", self.lease.keys.outbox, other.activation)
        writes.do("HDEL", self.lease.keys.sending, other.activation)
        writes.do("SADD", self.lease.keys.bound("m", other.customer), "SM1")
        await self.lease.commit(self.lease.watermark + 1, writes)

    async def _prepare(self, *_: Any) -> Any:
        return object(), "hash"

    async def _tell(self, _partition: int, about: Submission, status: str, **_more: Any) -> None:
        self.told.append((about.activation, status))


@pytest.fixture
async def owner(redis_server: RedisServer) -> Any:
    redis = Redis(redis_server.url)
    lease = await Lease.take(redis, keys.PartitionKeys(f"c-{uuid.uuid4().hex[:8]}"), {"cluster": "k", "topic": "t"})
    yield Owner(lease)
    redis.close()


async def test_the_only_message_proves_the_only_attempt(owner: Owner) -> None:
    assert await owner.look_up() == [("a1", "delivered")]


async def test_a_message_that_may_be_one_being_sent_to_the_same_person_proves_nothing(owner: Owner) -> None:
    await owner.is_sending(submission("a2"))
    assert await owner.look_up() == []


async def test_what_is_being_sent_to_somebody_else_is_no_rival(owner: Owner) -> None:
    await owner.is_sending(submission("a2", customer="bram"))
    assert await owner.look_up() == [("a1", "delivered")]


async def test_a_message_that_was_sent_while_the_carrier_answered_proves_nothing(owner: Owner) -> None:
    async def meanwhile() -> None:
        await owner.is_sending(submission("a2"))
        await owner.was_sent(submission("a2"))

    owner.carrier.meanwhile = meanwhile
    assert await owner.look_up() == []

"""What a look-up may prove: a message at the carrier is an attempt's own only if it can be nobody else's."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest

from stamgast.clock.shop_time import RealClock
from stamgast.domain.activation import Submission
from stamgast.local.redis_server import RedisServer
from stamgast.state import keys
from stamgast.state.doubts import Doubt, Doubts, encode_doubt
from stamgast.state.nodes import Redis
from stamgast.state.outbox import Outbox, encode_submission
from stamgast.state.partitions import Lease, Writes
from streams.outbox.breaker import Probing
from streams.outbox.context import Patience
from streams.outbox.in_doubt import Settling
from streams.outbox.turns import Senders
from tests.conftest import eventually
from tests.fakes.carrier import FakeCarrier
from tests.fakes.ownership import OwnedByTest


def submission(activation: str, customer: str = "anna") -> Submission:
    return Submission(activation, "m", customer, "r", "t", "marketing", "sms", "nl", 0, 1, {})


class Owner:
    """A partition's outbox with one attempt in doubt, and what its look-ups said."""

    def __init__(self, redis: Redis, lease: Lease) -> None:
        self.redis, self.lease, self.outbox, self.carrier = redis, lease, Outbox(lease), FakeCarrier()
        self.told: list[tuple[str, str]] = []
        self.offered: list[str] = []
        self.around: Any = SimpleNamespace(
            patience=Patience(look_ups_s=(0.0,)), channels={"sms": self.carrier}, bound=deque(), append_outcome=self._append_outcome,
            lookers=Senders(RealClock(), width=8, probing=Probing(0.01, 0.01)),
        )  # fmt: skip
        self.doubts = Doubts(lease)
        owned = OwnedByTest[None](lease)
        spawn: Any = asyncio.create_task
        around: Any = self.around
        self.settling = Settling(
            around, owned, self.doubts, self._prepare, spawn=spawn, unknown=self._offer
        )  # fmt: skip

    async def look_up(self) -> list[tuple[str, str]]:
        """Look the attempt `a1` of Anna's up."""
        doubt = Doubt(submission("a1"), "attempt-1", 0)
        await self.doubts.put(doubt, 0.0)
        await self.settling.look_up(doubt)
        return self.told

    async def take_again(self) -> Lease:
        return await Lease.take(self.redis, self.lease.keys, {"cluster": "k", "topic": "t"})

    async def nothing_is_in_doubt(self) -> bool:
        keys = self.lease.keys
        return not await self.lease.call("EXISTS", keys.doubt, keys.looks, keys.doubts("m", "c0"))

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
        return SimpleNamespace(priced_parts=1, message=SimpleNamespace(country="NL")), "hash"

    async def _offer(self, doubt: Doubt) -> None:
        self.offered.append(doubt.attempt)

    async def _append_outcome(self, _partition: int, about: Submission, status: str, **_more: Any) -> None:
        self.told.append((about.activation, status))


@pytest.fixture
async def owner(redis_server: RedisServer) -> Any:
    redis = Redis(redis_server.url)
    lease = await Lease.take(redis, keys.PartitionKeys(f"c-{uuid.uuid4().hex[:8]}"), {"cluster": "k", "topic": "t"})
    yield Owner(redis, lease)
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


async def test_one_in_doubt_for_the_same_person_proves_neither_and_for_another_is_no_rival(owner: Owner) -> None:
    await owner.doubts.put(Doubt(submission("a2"), "attempt-2", 0), 60.0)
    assert await owner.look_up() == []
    await owner.doubts.settled(submission("a2"))
    await owner.doubts.put(Doubt(submission("b1", customer="bram"), "attempt-3", 0), 60.0)
    assert await owner.look_up() == [("a1", "delivered")]


async def test_look_ups_go_in_the_order_in_which_they_are_due_and_a_few_at_a_time(owner: Owner) -> None:
    carrier = owner.carrier
    for number in range(40):  # the later ones are due first
        await owner.doubts.put(Doubt(submission(f"a{number}", f"c{number}"), str(number), 0), -number)
    running = asyncio.create_task(owner.settling.run())
    await eventually(lambda: len(carrier.asked) == 40)
    running.cancel()
    order = [int(attempt) for attempt in carrier.asked]
    assert all(abs((39 - number) - place) < 8 for place, number in enumerate(order))
    assert carrier.most_at_once <= 8
    await eventually(owner.nothing_is_in_doubt)


async def test_whoever_takes_the_partition_again_looks_up_when_the_last_owner_would_have(owner: Owner) -> None:
    owner.around.patience = Patience(look_ups_s=(0.0, 60.0))
    doubt = Doubt(submission("a1"), "attempt-1", 0)
    await owner.doubts.put(doubt, 0.0)
    owner.carrier.knows = False
    await owner.settling.look_up(doubt)
    later = Doubts(await owner.take_again())
    await later.schedule_all(0.0)
    due, after = await later.due(10)
    assert due == []
    assert after is not None
    assert 55 < after <= 60


async def test_a_doubt_from_before_look_ups_were_scheduled_is_looked_up(owner: Owner) -> None:
    doubts = [Doubt(submission(f"a{number}", f"c{number}"), "attempt", 0) for number in range(300)]
    for each in doubts:
        await owner.lease.call("HSET", owner.lease.keys.doubt, each.submission.activation, encode_doubt(each))
    running = asyncio.create_task(owner.settling.run())
    await eventually(owner.nothing_is_in_doubt)
    running.cancel()
    assert len(owner.told) == 300


async def test_while_the_carrier_is_away_no_look_up_counts(owner: Owner) -> None:
    owner.carrier.away = True
    for _ in range(5):
        assert await owner.look_up() == []
    owner.carrier.away = False
    assert not await owner.nothing_is_in_doubt()
    assert await owner.look_up() == [("a1", "delivered")]
    assert owner.offered == []


async def test_what_the_carrier_does_not_know_at_the_last_look_up_is_offered_for_another_attempt(owner: Owner) -> None:
    owner.carrier.knows = False
    assert await owner.look_up() == []
    assert owner.offered == ["attempt-1"]
    assert await owner.nothing_is_in_doubt()


async def test_what_may_be_anothers_is_not_offered_for_another_attempt(owner: Owner) -> None:
    await owner.is_sending(submission("a2"))
    assert await owner.look_up() == []
    assert owner.offered == []

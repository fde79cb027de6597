"""What waits stands in Redis and is read in windows, lane by lane, whatever its number."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from stamgast.domain.activation import Submission
from stamgast.local.redis_server import RedisServer
from stamgast.state.errors import SpoiltError
from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from stamgast.state.outbox import Outbox, encode_submission
from stamgast.state.partitions import Lease, Writes
from streams.customers.in_force import Standing
from streams.customers.writes import Written
from streams.outbox.context import Patience
from streams.outbox.lanes import Lanes
from streams.outbox.sender import PartitionSending
from tests.conftest import eventually
from tests.fakes.ownership import OwnedByTest

PLACE = {"cluster": "k1", "topic": "t1"}
WIDTH = 4


def submission(number: int, merchant: str = "m") -> Submission:
    return Submission(f"{merchant}{number:06}", merchant, "c", "r", "t", "marketing", "sms", "nl", number, 1, {})


class Partition:
    """A partition's outbox at work; a sender can be held up."""

    def __init__(self, redis: Redis, lease: Lease) -> None:
        self.redis, self.lease, self.outbox = redis, lease, Outbox(lease)
        self.held: dict[str, asyncio.Event] = {}
        self.submitted: list[str] = []
        self.most_ahead = 0
        self.tasks: list[asyncio.Task[None]] = []
        self.lanes = Lanes(self.outbox, WIDTH, self._submit, self._spawn)

    async def wait_for_a_sender(self, count: int, merchant: str = "m", first: int = 0) -> None:
        """A step that decided so many messages."""
        writes, keys = Writes(), self.lease.keys
        for each in (submission(number, merchant) for number in range(first, first + count)):
            writes.do("HSET", keys.outbox, each.activation, encode_submission(each))
            writes.do("ZADD", keys.lane(merchant, "sms"), int(each.activation[1:]), each.activation)
        writes.do("SADD", keys.lanes, f"{merchant}:sms")
        await self.lease.commit(self.lease.watermark + 1, writes)

    async def cancel(self, *numbers: int) -> list[str]:
        writes = Writes()
        writes.cancels += [submission(number).activation for number in numbers]
        return await self.lease.commit(self.lease.watermark + 1, writes)

    async def waiting(self, merchant: str = "m") -> list[str]:
        found, _ = await self.outbox.window((merchant, "sms"), 10)
        return [each.activation for each in found]

    async def taken_again(self) -> Partition:
        return Partition(self.redis, await Lease.take(self.redis, self.lease.keys, PLACE))

    async def _submit(self, each: Submission) -> None:
        if each.merchant in self.held:
            await self.held[each.merchant].wait()
        assert await self.outbox.claim(each, "x" * 32) in ("ok", "X")
        self.submitted.append(each.activation)
        ahead = sum(len(lane.window) + len(lane.in_hand) for lane in self.lanes._lanes.values())
        self.most_ahead = max(self.most_ahead, ahead)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(work))


@pytest.fixture
async def partition(redis_server: RedisServer) -> AsyncIterator[Partition]:
    redis = Redis(redis_server.url)
    made = Partition(redis, await Lease.take(redis, PartitionKeys(f"c-{uuid.uuid4().hex[:8]}"), PLACE))
    yield made
    made.lanes.close()
    for task in made.tasks:
        task.cancel()
    redis.close()


async def all_submitted(partition: Partition, count: int) -> None:
    await eventually(lambda: len(partition.submitted) >= count)
    assert len(partition.submitted) == count == len(set(partition.submitted))


async def test_a_backlog_is_read_in_windows_and_goes_in_the_order_in_which_it_was_decided(partition: Partition) -> None:
    await partition.wait_for_a_sender(1_000)
    await partition.lanes.open()
    await all_submitted(partition, 1_000)
    places = [int(name[1:]) for name in partition.submitted]
    assert all(abs(place - index) < WIDTH for index, place in enumerate(places))
    assert partition.most_ahead <= 64 + WIDTH


async def test_a_sender_that_is_held_up_keeps_nobody_elses_messages_waiting(partition: Partition) -> None:
    partition.held["a"] = asyncio.Event()
    await partition.wait_for_a_sender(500, "a")
    await partition.wait_for_a_sender(500, "b")
    await partition.lanes.open()
    await all_submitted(partition, 500)
    assert {name[0] for name in partition.submitted} == {"b"}
    assert partition.lanes.oldest == 0
    partition.held["a"].set()
    await all_submitted(partition, 1_000)


async def test_what_is_committed_while_a_lane_is_full_follows_what_stands_before_it(partition: Partition) -> None:
    await partition.lanes.open()
    partition.held["m"] = asyncio.Event()
    for first in range(0, 300, 100):
        await partition.wait_for_a_sender(100, first=first)
        for number in range(first, first + 100):
            partition.lanes.add(submission(number))
    await eventually(lambda: partition.lanes._lanes["m", "sms"].running == WIDTH)
    partition.held["m"].set()
    await all_submitted(partition, 300)
    assert abs(partition.submitted.index("m000299") - 299) < WIDTH


async def test_what_was_certainly_not_submitted_waits_at_its_old_place(partition: Partition) -> None:
    await partition.wait_for_a_sender(3)
    first = submission(0)
    await partition.outbox.claim(first, "x1")
    assert await partition.waiting() == ["m000001", "m000002"]
    await partition.outbox.begin(first, "x1", "nobody-stopped")
    assert await partition.outbox.put_back(first, "x1")
    assert await partition.waiting() == ["m000000", "m000001", "m000002"]


async def test_what_is_withheld_fills_no_window_and_waits_again_if_nobody_was_told(partition: Partition) -> None:
    await partition.wait_for_a_sender(2)
    assert await partition.outbox.withhold(submission(0))
    assert not await partition.outbox.withhold(submission(0))
    assert await partition.waiting() == ["m000001"]
    later = await partition.taken_again()
    ((left,),) = [found async for found in later.outbox.half_done()]
    assert (left.state, left.token) == ("W", partition.lease.token)
    await later.outbox.put_back(left.submission, "")
    assert await later.waiting() == ["m000000", "m000001"]


async def test_what_was_cancelled_is_passed_over(partition: Partition) -> None:
    await partition.wait_for_a_sender(200)
    await partition.cancel(*range(150))
    await partition.lanes.open()
    await all_submitted(partition, 50)
    assert partition.submitted[0] in {f"m{number:06}" for number in range(150, 154)}


async def test_a_lane_in_which_nothing_waits_is_forgotten(partition: Partition) -> None:
    await partition.wait_for_a_sender(1, "a")
    await partition.wait_for_a_sender(1, "b")
    await partition.outbox.claim(submission(0, "a"), "x1")
    assert [lane async for lane in partition.outbox.lanes()] == [("b", "sms")]
    assert await partition.lease.call("SMEMBERS", partition.lease.keys.lanes) == [b"b:sms"]
    await partition.outbox.put_back(submission(0, "a"), "x1")
    assert {lane async for lane in partition.outbox.lanes()} == {("a", "sms"), ("b", "sms")}


async def test_what_stood_in_one_queue_for_all_senders_is_moved_to_theirs(partition: Partition) -> None:
    """A Redis that an older version wrote: what it had claimed or begun is found where it always was."""
    keys, call = partition.lease.keys, partition.lease.call
    for number in range(500):
        each = submission(number, "ab"[number % 2])
        await call("HSET", keys.outbox, each.activation, encode_submission(each))
        await call("ZADD", keys.queue, number, each.activation)
    await call("ZADD", keys.queue, 1, "finished")
    await call("HSET", keys.sending, "a000000", "S|x1")
    await call("HSET", keys.sending, "b000001", f"C|x2|{partition.lease.token}|run")
    moved = [lanes async for lanes in partition.outbox.move_old()]
    assert len(moved) == 3
    assert not await call("EXISTS", keys.queue)
    assert (await partition.waiting("a"))[:2] == ["a000002", "a000004"]
    assert await partition.outbox.put_back(submission(0, "a"), "x1")
    assert await partition.outbox.put_back(submission(1, "b"), "x2")
    assert (await partition.waiting("a"))[:2] == ["a000000", "a000002"]
    assert (await partition.waiting("b"))[:2] == ["b000001", "b000003"]
    await partition.lanes.open()
    await all_submitted(partition, 500)


async def test_a_queue_that_somebody_else_has_written_into_is_found_and_its_partition_filled_anew(
    partition: Partition,
) -> None:
    await partition.lease.call("SET", partition.lease.keys.lane("m", "sms"), "not ours")
    with pytest.raises(SpoiltError):
        await partition.waiting()
    assert (await partition.taken_again()).lease.spoilt


async def test_of_what_is_cancelled_far_behind_the_window_its_customer_is_told(partition: Partition) -> None:
    told: list[str] = []

    async def append(_partition: int, each: Submission) -> None:
        told.append(each.activation)

    around: Any = SimpleNamespace(patience=Patience(), fly=partition._spawn, append_cancelled=append)
    owned = OwnedByTest[None](partition.lease)
    nobody: Any = None
    sending = PartitionSending(around, owned, partition.outbox, nobody)
    await partition.wait_for_a_sender(300)
    cancelled = await partition.cancel(120, 299)
    sending.committed(Written(Standing()), cancelled)
    await eventually(lambda: sorted(told) == ["m000120", "m000299"])


async def test_half_done_work_is_found_in_pieces_and_what_was_finished_is_forgotten(partition: Partition) -> None:
    keys, call = partition.lease.keys, partition.lease.call
    await partition.wait_for_a_sender(700)
    for number in range(700):
        await partition.outbox.claim(submission(number), f"x{number}")
    await call("HSET", keys.sending, "finished", "D|x")
    pieces = [found async for found in partition.outbox.half_done()]
    assert len(pieces) > 2
    assert {entry.attempt for found in pieces for entry in found} == {f"x{number}" for number in range(700)}
    assert await call("HLEN", keys.sending) == 700

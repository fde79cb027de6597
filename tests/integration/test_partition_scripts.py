"""What the partitions' Lua scripts promise, on a real Redis."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import aclosing
from pathlib import Path

import pytest
from msgspec.structs import replace

from stamgast.domain.activation import Submission
from stamgast.domain.alerts import STAFF_ROOM
from stamgast.local.processes import ChildProcess, free_port, port_answers
from stamgast.local.redis_server import RedisServer, find_program
from stamgast.state.client import RedisClient
from stamgast.state.errors import (
    FencedError,
    RefusedError,
    SessionEndedError,
    StaleError,
    StateError,
    UncountedError,
)
from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from stamgast.state.outbox import Outbox, encode_submission
from stamgast.state.partitions import Lease, Writes
from stamgast.state.session import Session
from tests.conftest import eventually
from tests.integration.conftest import PLACE, Partition, setting


def submission(activation: str, rule: str = "r", per_day: int = 0, merchant: str = "m", staff: str = "") -> Submission:
    return Submission(activation, merchant, "c", rule, "t", "marketing", "sms", "nl", 0, 1, {}, per_day, staff=staff)


async def with_entry(lease: Lease, name: str = "a1", watermark: int = 0) -> Outbox:
    writes = Writes()
    entry = submission(activation=name)
    writes.do("HSET", lease.keys.outbox, name, encode_submission(entry))
    writes.do("ZADD", lease.keys.lane("m", "sms"), watermark, name)
    writes.do("SADD", lease.keys.lanes, "m:sms")
    await lease.commit(watermark, writes)
    return Outbox(lease)


async def states(outbox: Outbox) -> list[str]:
    return [entry.state async for found in outbox.half_done() for entry in found]


async def cancel(lease: Lease, *names: str) -> list[str]:
    writes = Writes()
    writes.cancels += names
    return await lease.commit(lease.watermark + 1, writes)


async def test_a_commit_writes_everything_and_moves_the_watermark(partition: Partition) -> None:
    lease = await partition.take()
    key = lease.keys.customer("m", "c1")
    writes = setting(**{key: b"state"})
    writes.meta["time"] = 12
    writes.do("ZADD", lease.keys.timers, 99, "m:c1")
    await lease.commit(4, writes)
    later = await partition.take()
    assert later.watermark == 4
    assert later.meta["time"] == "12"
    assert await later.read([key], ("ZSCORE", lease.keys.timers, "m:c1")) == [b"state", b"99"]


async def test_whoever_lost_the_partition_can_neither_read_nor_write(partition: Partition) -> None:
    old = await partition.take()
    await partition.take()
    with pytest.raises(FencedError):
        await old.read([])
    with pytest.raises(FencedError):
        await old.commit(0, setting(**{old.keys.customer("m", "c"): b"zombie"}))
    assert await old.call("EXISTS", old.keys.customer("m", "c")) == 0


async def test_a_step_at_another_watermark_than_redis_has_is_refused(partition: Partition) -> None:
    lease = await partition.take()
    await lease.commit(7, Writes())
    lease.watermark = 6
    with pytest.raises(StaleError) as caught:
        await lease.commit(8, Writes())
    assert caught.value.watermark == 7
    with pytest.raises(StaleError):
        await lease.read([])


async def test_a_partition_of_which_something_was_applied_keeps_the_place_it_came_from(partition: Partition) -> None:
    first = await partition.take()
    moved = await Lease.take(partition.redis, partition.keys, {"cluster": "k2", "topic": "t2"})
    assert moved.meta["cluster"] == "k2"
    await moved.commit(0, Writes())
    foreign = await Lease.take(partition.redis, partition.keys, PLACE)
    assert (foreign.meta["cluster"], foreign.meta["topic"]) == ("k2", "t2")
    assert first.meta["cluster"] == "k1"


async def test_thousands_of_states_fit_one_step(partition: Partition) -> None:
    lease = await partition.take()
    names = [lease.keys.customer("m", f"c{n}") for n in range(9_001)]
    await lease.commit(0, setting(**{name: name.encode() for name in names}))
    assert await lease.read(names) == [name.encode() for name in names]


async def test_what_waits_or_is_claimed_can_be_cancelled(partition: Partition) -> None:
    lease = await partition.take()
    await with_entry(lease, "waits", 0)
    outbox = await with_entry(lease, "claimed", 1)
    assert await outbox.claim(submission("claimed"), "x1") == "ok"
    assert await cancel(lease, "waits", "claimed", "unknown") == ["waits", "claimed"]
    assert await outbox.begin(submission("claimed"), "x1", lease.keys.stop("m", "h")) == "gone"
    assert await states(outbox) == ["X", "X"]


async def test_what_is_being_sent_or_in_doubt_cannot_be_cancelled(partition: Partition) -> None:
    lease = await partition.take()
    outbox = await with_entry(lease, "a1")
    await outbox.claim(submission("a1"), "x1")
    assert await outbox.begin(submission("a1"), "x1", lease.keys.stop("m", "h")) == "ok"
    assert await cancel(lease, "a1") == []
    assert await states(outbox) == ["S"]


async def test_no_submission_begins_after_stop(partition: Partition) -> None:
    lease = await partition.take()
    outbox = await with_entry(lease, "a1")
    await outbox.claim(submission("a1"), "x1")
    await lease.call("SET", lease.keys.stop("m", "h"), "1")
    assert await outbox.begin(submission("a1"), "x1", lease.keys.stop("m", "h")) == "stopped"


async def test_a_claim_is_refused_where_the_log_shows_another_attempt(partition: Partition) -> None:
    lease = await partition.take()
    outbox = await with_entry(lease, "a1")
    assert await outbox.logged(1, [("claimed", "a1", "first"), ("claimed", "a1", "second")]) == ["first", "first"]
    assert await outbox.claim(submission("a1"), "mine") == "open|first"
    await outbox.logged(2, [("closed", "a1", "second")])
    assert await outbox.claim(submission("a1"), "mine") == "open|first"
    await outbox.logged(3, [("closed", "a1", "first")])
    assert await outbox.claim(submission("a1"), "mine") == "ok"
    assert (await partition.take()).meta["log"] == "3"


async def test_only_one_attempt_of_two_gets_to_begin(partition: Partition) -> None:
    lease = await partition.take()
    outbox = await with_entry(lease, "a1")
    assert await outbox.claim(submission("a1"), "x1") == "ok"
    assert (await outbox.claim(submission("a1"), "x2")).startswith("C|x1|")
    assert await outbox.begin(submission("a1"), "x2", lease.keys.stop("m", "h")) == "gone"
    assert await outbox.begin(submission("a1"), "x1", lease.keys.stop("m", "h")) == "ok"
    assert await outbox.begin(submission("a1"), "x1", lease.keys.stop("m", "h")) == "gone"


async def test_an_owner_who_lost_the_partition_can_begin_no_submission(partition: Partition) -> None:
    lease = await partition.take()
    outbox = await with_entry(lease, "a1")
    await outbox.claim(submission("a1"), "x1")
    await partition.take()
    with pytest.raises(FencedError):
        await outbox.begin(submission("a1"), "x1", lease.keys.stop("m", "h"))


async def test_a_limit_a_day_counts_each_activation_once(partition: Partition) -> None:
    outbox = Outbox(await partition.take())
    rule = uuid.uuid4().hex
    entries = [submission(activation=f"a{n}", rule=rule, per_day=2) for n in range(3)]
    await outbox.hand_in_limits(entries[0].merchant, 0)
    asked = (entries[0], entries[0], *entries[1:])
    assert [await outbox.take_limit(entry, 10, partitions=1) for entry in asked] == [True, True, True, False]
    assert await outbox.take_limit(entries[2], 11, partitions=1)


async def test_staff_are_told_so_much_an_hour_and_the_first_of_the_next_tells_of_the_rest(partition: Partition) -> None:
    outbox = Outbox(await partition.take())
    merchant = uuid.uuid4().hex
    asked = [submission(activation=f"a{n}", merchant=merchant, staff="eva") for n in range(6)]
    first = [await outbox.take_notice(entry, 10, 2) for entry in (asked[0], asked[0], *asked[1:5])]
    assert first == [("go", 0)] * 3 + [("wait", 0)] * 3, "asked twice counts once"
    assert await outbox.take_notice(asked[3], 11, 2) == ("go", 2)
    again = [await outbox.take_notice(entry, 11, 2) for entry in (asked[3], asked[2], asked[4], asked[5])]
    assert again == [("go", 2), ("told", 0), ("told", 0), ("go", 0)]
    assert [await outbox.told_besides(entry) for entry in (asked[3], asked[5])] == [2, 0]
    other = submission(activation="a9", merchant=merchant, staff="bram")
    assert await outbox.take_notice(other, 11, 1) == ("go", 0)
    waits = submission(activation="b0", merchant=merchant, staff="eva")
    assert await outbox.take_notice(waits, 11, 2) == ("wait", 0)
    of_the_shop = replace(submission(activation="b1", merchant=merchant, staff="eva"), customer=STAFF_ROOM)
    assert await outbox.take_notice(of_the_shop, 11, 2) == ("go", 0), "it does not drown in what is of customers"
    assert await outbox.take_notice(waits, 12, 2) == ("go", 0)


async def test_nothing_is_taken_from_a_limit_before_every_partition_has_told_what_it_sent(partition: Partition) -> None:
    outbox = Outbox(await partition.take())
    entry = submission(activation="a1", merchant=uuid.uuid4().hex, rule="r", per_day=2)
    await outbox.hand_in_limits(entry.merchant, 0)
    with pytest.raises(UncountedError):
        await outbox.take_limit(entry, 10, partitions=2)
    await outbox.hand_in_limits(entry.merchant, 1)
    assert await outbox.take_limit(entry, 10, partitions=2)


async def test_a_broken_connection_fails_every_call_on_it_and_the_next_session_is_new(partition: Partition) -> None:
    lease = await partition.take()
    blocked = lease.call("BLPOP", f"{{{partition.keys.tag}}}:none", 30)
    killer = await partition.redis.session()
    killer.close()
    with pytest.raises(SessionEndedError):
        await blocked
    assert not lease.alive
    with pytest.raises(SessionEndedError):
        await lease.read([])
    assert (await partition.take()).alive


async def test_a_server_that_became_a_replica_is_as_good_as_gone(
    partition: Partition, redis_server: RedisServer
) -> None:
    lease = await partition.take()
    async with aclosing(RedisClient(redis_server.url)) as admin:
        await admin.call("REPLICAOF", "127.0.0.1", free_port())
        try:
            with pytest.raises(StateError):
                await lease.commit(0, setting(a=b"1"))
            await eventually(lambda: not lease.alive)
        finally:
            await admin.call("REPLICAOF", "NO", "ONE")
    assert (await partition.take()).watermark == -1


async def test_two_addresses_of_servers_that_are_no_cluster_are_refused(redis_server: RedisServer) -> None:
    """Going on with another server than before would be going on with another state."""
    redis = Redis(f"{redis_server.url},{redis_server.url}")
    with pytest.raises(RefusedError, match="Redis Cluster"):
        await redis.session()
    redis.close()


async def test_the_scripts_keep_to_one_slot_of_a_cluster(tmp_path: Path) -> None:
    port = free_port()
    command = [find_program(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path), "--save", ""]
    # Without a port for it the bus takes the one ten thousand above, which there may not be.
    command += ["--cluster-enabled", "yes", "--cluster-port", str(free_port())]
    node = ChildProcess("Redis", command, log=tmp_path / "redis.log")
    try:
        await asyncio.to_thread(node.wait_until, lambda: port_answers(port), seconds=60)
        redis = Redis(f"redis://127.0.0.1:{port}")
        session = await redis.session()
        await session.call("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
        await eventually(lambda: _is_up(session))
        lease = await Lease.take(redis, PartitionKeys("c17"), PLACE)
        writes = setting(**{lease.keys.customer("m", f"c{n}"): b"1" for n in range(3)})
        writes.do("ZADD", lease.keys.timers, 1, "m:c1")
        await lease.commit(0, writes)
        outbox = await with_entry(lease, "a1", watermark=1)
        await outbox.claim(submission("a1"), "x1")
        assert await outbox.logged(1, [("claimed", "a1", "x1")]) == ["x1"]
        assert await outbox.begin(submission("a1"), "x1", lease.keys.stop("m", "h")) == "ok"
        assert await cancel(lease, "a1") == []
        assert await states(outbox) == ["S"]
        redis.close()
    finally:
        node.kill()


async def _is_up(session: Session) -> bool:
    return b"cluster_state:ok" in await session.call("CLUSTER", "INFO")

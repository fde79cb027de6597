"""On a Redis Cluster of three masters: slots move and nodes are lost, and nothing is lost or done twice."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, aclosing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stamgast.domain.activation import Submission
from stamgast.local.brokers import Broker
from stamgast.log.topics import Topics
from stamgast.state.client import RedisClient
from stamgast.state.errors import ElsewhereError, NotNowError, SessionEndedError, StateError
from stamgast.state.keys import PartitionKeys, customers, shard_of, transactions, view_shards
from stamgast.state.outbox import Outbox
from stamgast.state.partitions import Lease, Writes
from stamgast.state.views import NotLoadedError, RedisView
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, RULE, Deployment
from tests.integration.nodes import Nodes

pytestmark = [pytest.mark.slow]

PLACE = {"cluster": "k1", "topic": "t1"}
PEOPLE = 8


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    cluster = Nodes(tmp_path_factory.mktemp("redis"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.end()


@pytest.fixture
async def redis(nodes: Nodes) -> AsyncIterator[RedisClient]:
    nodes.flush()
    async with aclosing(RedisClient(nodes.urls)) as client:
        yield client


def setting(lease: Lease, mark: str = "first", **values: bytes) -> Writes:
    writes = Writes()
    writes.meta["mark"] = mark
    for name, value in values.items():
        writes.set(lease.keys.customer("m", name), value)
    return writes


async def test_each_partition_is_worked_on_over_the_session_of_its_node(nodes: Nodes, redis: RedisClient):
    leases = [await Lease.take(redis, customers(number), PLACE) for number in range(12)]
    for lease in leases:
        await lease.commit(0, setting(lease, ann=b"1"))

    assert redis.opened == 3
    assert {nodes.holder_of(lease.keys.meta) for lease in leases} == {0, 1, 2}
    for lease in leases:
        assert await redis.get(lease.keys.customer("m", "ann")) == b"1"


async def test_while_a_slot_moves_its_partition_does_nothing_by_halves(nodes: Nodes, redis: RedisClient):
    keys = PartitionKeys(f"c{uuid.uuid4().hex[:8]}")
    lease = await Lease.take(redis, keys, PLACE)
    people: dict[str, Any] = {f"p{number}": b"1" for number in range(10)}
    await lease.commit(0, setting(lease, **people))

    with nodes.moving(keys.meta):
        with pytest.raises(NotNowError):
            await lease.read([keys.customer("m", "p1")])
        with pytest.raises(NotNowError):
            await lease.commit(1, setting(lease, "second", p1=b"2", new=b"2"))
        with pytest.raises(NotNowError):
            await Lease.take(redis, keys, PLACE)
        meta = await redis.hash(keys.meta)
        assert meta == meta | {**PLACE, "wm": "0", "mark": "first", "token": lease.token}
        assert [await redis.get(keys.customer("m", name)) for name in people] == list(people.values())

    with pytest.raises(StateError):
        await lease.commit(1, setting(lease, p1=b"3"))
    again = await Lease.take(redis, keys, PLACE)
    assert again.redis_run != lease.redis_run
    assert await again.read([keys.customer("m", name) for name in people]) == list(people.values())
    await again.commit(1, setting(lease, p1=b"4"))


async def test_a_slot_that_comes_back_is_not_the_same_run_of_redis(nodes: Nodes, redis: RedisClient):
    """What a claim says under its run's name must not have been forgotten; meanwhile it was somebody else's."""
    keys = PartitionKeys(f"c{uuid.uuid4().hex[:8]}")
    home, first = nodes.holder_of(keys.meta), await Lease.take(redis, keys, PLACE)
    for _ in range(3):
        with nodes.moving(keys.meta):
            pass

    assert nodes.holder_of(keys.meta) == home
    second = await Lease.take(redis, keys, PLACE)
    assert first.redis_run.partition(".")[0] == second.redis_run.partition(".")[0]
    assert first.redis_run != second.redis_run


async def test_a_limit_a_day_holds_after_the_node_of_its_count_lost_everything(nodes: Nodes, redis: RedisClient):
    merchant = uuid.uuid4().hex[:8]
    holder = nodes.holder_of(f"{{m:{merchant}}}:")
    keys = next(keys for keys in map(customers, range(100)) if nodes.holder_of(keys.meta) != holder)
    sent, late = (Submission(name, merchant, "c", "r", "t", "marketing", "sms", "nl", 0, 1, {}, 1) for name in "ab")
    lease = await Lease.take(redis, keys, PLACE)
    await Outbox(lease).hand_in_limits(merchant, 0)
    assert await Outbox(lease).take_limit(sent, day=7, partitions=1)
    assert not await lease.is_lost()

    nodes.servers[holder].kill()
    with pytest.raises(ElsewhereError):
        await eventually(lambda: Outbox(lease).take_limit(late, day=7, partitions=1))
    assert lease.alive
    with pytest.raises(SessionEndedError):
        await lease.is_lost()
    nodes.start_again(holder)
    nodes.clients[holder].flushall()

    with pytest.raises(SessionEndedError):
        await Outbox(lease).take_limit(late, day=7, partitions=1)
    again = Outbox(await Lease.take(redis, keys, PLACE))
    await again.restore_limits()
    assert not await again.take_limit(late, day=7, partitions=1)


async def test_a_view_notices_what_one_node_lost(nodes: Nodes, redis: RedisClient):
    view = RedisView(redis, "people", {"who": "id1"})
    assert await view.positions() == {}
    entries = [(f"a:m:{number}", number, b"%d" % number) for number in range(60)]
    await view.apply(entries, {("who", 0): 60})
    await view.open()
    names = [name for name, _, _ in entries]
    assert await view.read(names) == [value for _, _, value in entries]

    shard = shard_of(view_shards("people"), names[0])
    with nodes.moving(shard.meta):
        assert await view.read(names) == [value for _, _, value in entries]
        await view.put([(names[0], 60, b"new")])
    assert (await view.read(names))[0] == b"new"

    nodes.clients[nodes.holder_of(shard.meta)].flushall()
    with pytest.raises(NotLoadedError):
        await view.read(names[:1])
    assert await view.positions() == {}


async def test_every_purchase_becomes_one_message_while_slots_move_and_a_node_is_killed(
    nodes: Nodes, kafka: Broker, topics: Topics, tmp_path: Path
):
    await asyncio.to_thread(nodes.flush)
    shop = Deployment(kafka.bootstrap, nodes.urls, topics, tmp_path)
    try:
        await shop.start(rule=RULE + "limits: {messages: 100 per day}\n")
        await asyncio.gather(*(shop.enrol(number) for number in range(PEOPLE)))
        await shop.buy(range(PEOPLE))
        await shop.everything_ended(PEOPLE)
        moved = [customers(1).meta, transactions(2).meta, "{id5}:meta", f"{{m:{MERCHANT}}}:"]
        with ExitStack() as moves:
            for key in moved:
                moves.enter_context(nodes.moving(key))
            await shop.buy(range(PEOPLE), visit=2)
        await shop.everything_ended(PEOPLE * 2)

        victim = nodes.holder_of(customers(1).meta)
        nodes.servers[victim].kill()
        bought = asyncio.create_task(shop.buy(range(PEOPLE), visit=3))
        await asyncio.to_thread(nodes.start_again, victim)
        await bought
        fates, sent = await shop.everything_ended(PEOPLE * 3), await shop.sent()

        assert max(sent.values()) == 1
        assert {fates[name] for name in fates.keys() ^ sent.keys()} <= {"in_doubt"}
        assert shop.run("verify", "--json")["equal"] is True
    finally:
        await shop.end()


async def test_after_a_failover_a_partition_is_taken_at_the_replica(nodes: Nodes, redis: RedisClient):
    keys = [customers(number) for number in range(12)]
    leases = [await Lease.take(redis, each, PLACE) for each in keys]
    for lease in leases:
        await lease.commit(0, setting(lease, ann=b"1"))

    failing = nodes.holder_of(keys[0].meta)
    lost = [lease for lease in leases if nodes.holder_of(lease.keys.meta) == failing]
    await asyncio.to_thread(nodes.fail_over, failing)

    for lease in leases:
        assert lease.alive == (lease not in lost)
    for lease in lost:
        again = await eventually(partial(taken, redis, lease.keys))
        assert again.watermark == 0
        assert again.redis_run != lease.redis_run
        assert await again.read([again.keys.customer("m", "ann")]) == [b"1"]
        await again.commit(1, setting(again, ann=b"2"))
        assert await redis.get(again.keys.customer("m", "ann")) == b"2"


async def taken(redis: RedisClient, keys: PartitionKeys) -> Lease | None:
    """None while the other nodes have not heard of the failover yet."""
    try:
        return await Lease.take(redis, keys, PLACE)
    except StateError:
        return None

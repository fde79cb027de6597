"""What is found out about a real Redis: whether it may throw keys away, whether it takes writes, how full it is."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import Any

import pytest
import redis

from stamgast.demo.stage import environment
from stamgast.local.processes import free_port
from stamgast.local.redis_server import RedisServer, find_program
from stamgast.settings import Settings
from stamgast.state.client import RedisClient
from stamgast.state.errors import NoWritesError
from stamgast.state.fitness import Fitness
from stamgast.state.nodes import Redis
from tests.conftest import soon
from tests.integration import commands
from tests.integration.nodes import Nodes

Start = Callable[..., tuple[RedisServer, redis.Redis]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a Redis of this test's own with some options."""
    with ExitStack() as stack:

        def begin(**options: str) -> tuple[RedisServer, redis.Redis]:
            more = {f"--{name.replace('_', '-')}": value for name, value in options.items()}
            server = RedisServer(find_program(), tmp_path / "redis", port=free_port(), more=more)
            stack.callback(server.kill)
            server.start()
            return server, stack.enter_context(redis.Redis.from_url(server.url))

        yield begin


async def looked(url: str, *, watched: tuple[Redis, ...] = ()) -> AsyncIterator[Fitness]:
    own = Redis(url, patience_s=2)
    try:
        fitness = Fitness(own, "test", watched=watched)
        await fitness.look()
        yield fitness
    finally:
        own.close()


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-lru", "volatile-ttl", "allkeys-random"])
async def test_a_policy_that_throws_keys_away_is_not_trusted_until_it_is_put_right(start: Start, policy: str):
    server, client = start(maxmemory_policy=policy)
    async for fitness in looked(server.url):
        assert not fitness.trusted
        assert f"its maxmemory-policy is {policy}; set" in fitness.missing[0]

        client.config_set("maxmemory-policy", "noeviction")
        await fitness.look()
        assert fitness.trusted
        assert fitness.missing == fitness.notes == []

        client.config_set("maxmemory-policy", policy)
        await fitness.look()
        assert not fitness.trusted


async def test_where_config_is_forbidden_the_policy_is_known_all_the_same(start: Start):
    server, client = start(maxmemory_policy="allkeys-lru")
    client.acl_setuser("default", commands=["-config"], enabled=True, nopass=True, keys=["*"], categories=["+@all"])
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.config_get("maxmemory-policy")
    async for fitness in looked(server.url):
        assert not fitness.trusted


async def test_a_redis_that_is_away_is_not_trusted_before_it_was_asked(start: Start):
    server, _ = start()
    server.kill()
    async for fitness in looked(server.url):
        assert not fitness.trusted
        assert fitness.missing == ["Redis: cannot be asked"]

        server.start()
        await fitness.look()
        assert fitness.trusted
        server.kill()
        await fitness.look()
        assert fitness.trusted  # what it said last stands: whether it answers is asked elsewhere
        assert fitness.missing == ["Redis: cannot be asked"]


def _out_of_memory(client: redis.Redis) -> Callable[[], object]:
    client.config_set("maxmemory", "100kb")
    return lambda: client.config_set("maxmemory", "0")


def _a_replica(client: redis.Redis) -> Callable[[], object]:
    client.replicaof("127.0.0.1", free_port())  # of nobody: it keeps what it has
    return lambda: client.replicaof("NO", "ONE")


def _without_replicas(client: redis.Redis) -> Callable[[], object]:
    client.config_set("min-replicas-to-write", "1")
    return lambda: client.config_set("min-replicas-to-write", "0")


def _without_a_disk(client: redis.Redis) -> Callable[[], object]:
    client.config_set("save", "3600 1000000")
    client.set("something", 1)
    client.bgsave()
    soon(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
    return lambda: client.config_set("stop-writes-on-bgsave-error", "no")


REFUSING = {"OOM": _out_of_memory, "READONLY": _a_replica, "NOREPLICAS": _without_replicas, "MISCONF": _without_a_disk}


@pytest.mark.parametrize("code", REFUSING)
async def test_a_redis_that_takes_no_writes_is_found_out_and_so_is_that_it_does_again(
    start: Start, tmp_path: Path, caplog: Any, code: str
):
    (tmp_path / "redis" / "occupied").mkdir(parents=True)
    server, client = start(dbfilename="occupied")
    caplog.set_level(logging.INFO)
    async for fitness in looked(server.url):
        assert fitness.refusals == []
        mend = REFUSING[code](client)
        for _ in range(3):
            await fitness.look()
        assert fitness.trusted
        assert f"takes no writes, so nothing is applied and purchases are refused, none of them lost; it says: {code}" in (
            fitness.missing[0]
        )  # fmt: skip
        assert sum("Redis takes no writes" in line for line in caplog.messages) == 1

        mend()
        await fitness.look()
        assert fitness.missing == []
        assert sum("no longer so" in line and "takes no writes" in line for line in caplog.messages) == 1


async def test_a_write_that_is_refused_on_the_way_is_heard_of_before_the_next_look(start: Start):
    server, client = start()
    async with aclosing(RedisClient(server.url)) as working:
        async for fitness in looked(server.url, watched=(working,)):
            _out_of_memory(client)
            with pytest.raises(NoWritesError):
                await working.set("something", 1)
            assert "it says: OOM" in fitness.refusals[0]


async def test_memory_that_is_nearly_full_is_told_once_and_nothing_is_refused(start: Start, caplog: Any):
    server, client = start()
    client.setrange("many customers", 30_000_000, b"x")  # a short command: nothing of it stands in buffers
    maximum = int(client.info("memory")["used_memory"] * 1.1)
    client.config_set("maxmemory", maximum)
    async for fitness in looked(server.url):
        await fitness.look()
        assert fitness.missing == []
        assert "of its maxmemory: give it more before it takes no writes" in fitness.notes[0]
        assert sum("nearly full" in line for line in caplog.messages) == 1

        client.config_set("maxmemory", maximum * 2)
        await fitness.look()
        assert fitness.notes == []


async def test_keys_that_were_thrown_away_stay_told_after_the_policy_was_put_right(start: Start, caplog: Any):
    server, client = start(maxmemory_policy="allkeys-lru")
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 500_000)
    for number in range(200):
        client.set(f"customer:{number}", b"x" * 10_000)
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", 0)
    async for fitness in looked(server.url):
        assert fitness.trusted
        assert "keys away since it was started, and what it holds may not be whole" in fitness.notes[0]
        assert sum("Redis threw keys away" in line for line in caplog.messages) == 1

        client.config_resetstat()
        await fitness.look()
        assert fitness.notes == []


@pytest.mark.slow
def test_a_rebuild_empties_no_redis_that_may_throw_away_what_it_puts_there(start: Start, settings: Settings):
    server, client = start(maxmemory_policy="allkeys-lru")
    client.set("something", 1)
    env = environment(settings.model_copy(update={"redis_url": server.url}))
    done = commands.done("rebuild", "--empty", env=env)

    assert done.returncode == 1
    assert "its maxmemory-policy is allkeys-lru; set `maxmemory-policy noeviction`" in done.stderr
    assert client.get("something") == b"1"


@pytest.mark.slow
async def test_every_master_of_a_cluster_is_asked(tmp_path: Path):
    nodes = Nodes(tmp_path)
    try:
        nodes.start()
        async for fitness in looked(nodes.urls):
            assert fitness.trusted
            assert len(fitness.nodes) == 3

            nodes.clients[2].config_set("maxmemory-policy", "allkeys-lfu")
            nodes.clients[1].config_set("maxmemory", "100kb")
            await fitness.look()
            assert len(fitness.distrust) == len(fitness.refusals) == 1
            assert str(nodes.clients[2].connection_pool.connection_kwargs["port"]) in fitness.distrust[0]
            assert str(nodes.clients[1].connection_pool.connection_kwargs["port"]) in fitness.refusals[0]

            nodes.servers[2].kill()
            await fitness.look()
            assert len(fitness.distrust) == 1  # what was not put right is not forgotten
    finally:
        nodes.end()

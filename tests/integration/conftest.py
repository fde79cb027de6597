"""A partition of state on this run's Redis, as its owner takes it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from stamgast.local.redis_server import RedisServer
from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from stamgast.state.partitions import Lease, Writes

PLACE = {"cluster": "k1", "topic": "t1"}


@dataclass
class Partition:
    redis: Redis
    keys: PartitionKeys

    async def take(self) -> Lease:
        return await Lease.take(self.redis, self.keys, PLACE)


@pytest.fixture
async def partition(redis_server: RedisServer) -> AsyncIterator[Partition]:
    redis = Redis(redis_server.url)
    yield Partition(redis, PartitionKeys(f"c-{uuid.uuid4().hex[:8]}"))
    redis.close()


def setting(**values: bytes) -> Writes:
    writes = Writes()
    for name, value in values.items():
        writes.set(name, value)
    return writes

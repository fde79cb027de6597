"""Where a version is in force by now: each partition of customers passes its barrier by itself."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from stamgast.state.keys import customers
from stamgast.state.nodes import Redis
from stamgast.state.partition_meta import IN_FORCE

_LOOK_EVERY_S: Final = 0.1


async def wait_for_barrier(redis: Redis, partitions: int, merchant: str, number: int, seconds: float) -> list[int]:
    """Wait until a merchant's version, or a newer one, is in force everywhere; return the partitions where it is not.

    Raises StateError.
    """
    deadline = time.monotonic() + seconds
    while True:
        behind = await _behind(redis, partitions, merchant, number)
        if not behind or time.monotonic() >= deadline:
            return behind
        await asyncio.sleep(_LOOK_EVERY_S)


async def _behind(redis: Redis, partitions: int, merchant: str, number: int) -> list[int]:
    name = IN_FORCE.name(merchant)
    asked = (redis.call("HGET", customers(each).meta, name) for each in range(partitions))
    found = await asyncio.gather(*asked)
    return [each for each, value in enumerate(found) if IN_FORCE.read(value).number < number]

"""The counters of all partitions, summed."""

from __future__ import annotations

import asyncio
from collections import Counter

from stamgast.state.keys import customers
from stamgast.state.nodes import Redis
from stamgast.state.session import Session

_BETWEEN = "|"


async def totals_of(redis: Redis, partitions: int) -> dict[str, Counter[str]]:
    """Return of each merchant what its counters are. Raises StateError."""
    totals: dict[str, Counter[str]] = {}
    for stats in await asyncio.gather(*(_stats_of(redis, number) for number in range(partitions))):
        words = iter(stats)
        for name, value in zip(words, words, strict=True):
            merchant, _, counter = name.decode().partition(_BETWEEN)
            totals.setdefault(merchant, Counter())[counter] += int(value)
    return totals


async def _stats_of(redis: Redis, number: int) -> list[bytes]:
    keys = customers(number)

    async def ask(session: Session) -> list[bytes]:
        found: list[bytes] = await session.call("HGETALL", keys.stats)
        return found

    return await redis.attempt(keys.meta, ask)

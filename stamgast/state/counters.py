"""The counters of all partitions, summed."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

from stamgast.state.keys import customers
from stamgast.state.nodes import Redis
from stamgast.state.session import Session

_BETWEEN: Final = "|"
_AT_ONCE: Final = 2_000


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


async def totals_of_merchant(redis: Redis, partitions: int, merchant: str) -> dict[str, int]:
    """Return what one merchant's counters are: others' stay where they are. Raises StateError."""
    totals: Counter[str] = Counter()
    begins = f"{merchant}{_BETWEEN}"
    for found in await asyncio.gather(*(_stats_below(redis, number, begins) for number in range(partitions))):
        totals.update(found)
    return dict(totals)


async def _stats_below(redis: Redis, number: int, begins: str) -> dict[str, int]:
    keys = customers(number)

    async def ask(session: Session) -> dict[str, int]:
        found: dict[str, int] = {}
        cursor: bytes | int = 0
        while True:
            cursor, flat = await session.call("HSCAN", keys.stats, cursor, "MATCH", f"{begins}*", "COUNT", _AT_ONCE)
            words = iter(flat)
            found |= {name.decode().removeprefix(begins): int(by) for name, by in zip(words, words, strict=True)}
            if not int(cursor):
                return found

    return await redis.attempt(keys.meta, ask)

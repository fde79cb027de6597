"""The counters of all partitions, summed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from stamgast.domain.rule_months import begins_of, of_month_alone
from stamgast.state.keys import PartitionKeys, customers
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
    return await _sums(redis, partitions, lambda keys: keys.stats, merchant, "")


async def rules_of_month(redis: Redis, partitions: int, merchant: str, month: str) -> dict[str, int]:
    """Return what is counted of one merchant's rules in a month, each by its name since ever. Raises StateError."""
    found = await _sums(redis, partitions, lambda keys: keys.rule_months, merchant, begins_of(month))
    return of_month_alone(month, found)


async def _sums(
    redis: Redis, partitions: int, where: Callable[[PartitionKeys], str], merchant: str, begins: str
) -> dict[str, int]:
    totals: Counter[str] = Counter()
    before = f"{merchant}{_BETWEEN}"
    asked = (_below(redis, customers(number), where(customers(number)), before, begins) for number in range(partitions))
    for found in await asyncio.gather(*asked):
        totals.update(found)
    return dict(totals)


async def _below(redis: Redis, keys: PartitionKeys, key: str, before: str, begins: str) -> dict[str, int]:
    """The counters of a merchant (`before`) that begin so."""
    like = f"{before}{begins}*"

    async def ask(session: Session) -> dict[str, int]:
        found: dict[str, int] = {}
        cursor: bytes | int = 0
        while True:
            cursor, flat = await session.call("HSCAN", key, cursor, "MATCH", like, "COUNT", _AT_ONCE)
            words = iter(flat)
            found |= {name.decode().removeprefix(before): int(by) for name, by in zip(words, words, strict=True)}
            if not int(cursor):
                return found

    return await redis.attempt(keys.meta, ask)

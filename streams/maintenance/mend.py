"""Partitions whose state is wrong are filled anew from the log by their owners, while everything else goes on.

One customer alone is not mended: a partition's counters, timers and outbox are made of all its customers' events, and
whoever wrote one customer's state beside the owner would have to keep all of them right against it (docs/adr/0058).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from stamgast.state.errors import StateError
from stamgast.state.keys import PartitionKeys
from stamgast.state.looks import Look, look
from stamgast.state.nodes import Redis
from stamgast.state.partitions import ask_for_rebuild

_LOOK_EVERY_S: Final = 0.2
_TELL_EVERY: Final = 25
PATIENCE_S: Final = 30.0
"""How long nobody may have taken any of them up before it is told that nobody does."""


async def fill_anew(
    redis_url: str, partitions: Mapping[PartitionKeys, str], tell: Callable[[str], None], patience_s: float = PATIENCE_S
) -> bool:
    """Ask for it, and wait until each has applied again what it had; say whether all have.

    Raises StateError.
    """
    redis = Redis(redis_url)
    try:
        goals = {keys: (await _look(redis, keys)).watermark for keys in partitions}
        for keys in partitions:
            await ask_for_rebuild(redis, keys, "verify found that it differs from the log")
        return await _until(redis, goals, partitions, tell, patience_s)
    finally:
        redis.close()


async def _until(
    redis: Redis,
    goals: Mapping[PartitionKeys, int],
    names: Mapping[PartitionKeys, str],
    tell: Callable[[str], None],
    patience_s: float,
) -> bool:
    loop, seen, rounds = asyncio.get_running_loop(), list[Look](), 0
    moved_at = loop.time()
    while True:
        before, seen = seen, await _looks(redis, goals) or seen
        if seen != before:
            moved_at = loop.time()
        left = [keys for keys, each in zip(goals, seen, strict=False) if each.spoilt or each.watermark < goals[keys]]
        if seen and not left:
            return True
        if loop.time() - moved_at > patience_s:
            names_left = ", ".join(names[keys] for keys in left)
            tell(f"nothing has moved for {patience_s:g} s in {names_left}: they are filled anew once a worker runs")
            return False
        if rounds % _TELL_EVERY == _TELL_EVERY - 1:
            tell(f"{len(goals) - len(left)} of {len(goals)} partitions are filled anew")
        rounds += 1
        await asyncio.sleep(_LOOK_EVERY_S)


async def _looks(redis: Redis, wanted: Mapping[PartitionKeys, int]) -> list[Look]:
    """How far each of them is; nothing while Redis is away."""
    try:
        return list(await asyncio.gather(*(_look(redis, keys) for keys in wanted)))
    except StateError:
        return []


async def _look(redis: Redis, keys: PartitionKeys) -> Look:
    return await look(await redis.session(keys.meta), keys)

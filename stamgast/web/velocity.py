"""How often something was done within 24 hours, by name: beyond a limit it waits for a person, and is not lost.

The count stands in Redis alone. What it led to stands on the log (`stamgast.domain.claims.Asked.over`), so that no
later reading counts anew; a Redis that is lost forgets a day of counting, and no more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, NamedTuple

from stamgast.domain.claims import Limit
from stamgast.domain.units import DAY, Millis
from stamgast.state.client import RedisClient

_KEPT_S: Final = 2 * 86_400


class Counted(NamedTuple):
    """Of what it is counted, and how many are not too many."""

    name: str
    most: int


async def too_many(
    redis: RedisClient, merchant: str, request: str, counted: Mapping[Limit, Counted], at: Millis
) -> tuple[Limit, ...]:
    """Count a request, once however often it comes, and say of what there are too many with it. Raises StateError.

    One that is too many does not count against those after it: who tries too often is not kept waiting for longer.
    """
    return tuple(
        [limit for limit, each in counted.items() if await _is_over(redis, (merchant, request), limit, each, at)]
    )


async def _is_over(redis: RedisClient, whose: tuple[str, str], limit: Limit, counted: Counted, at: Millis) -> bool:
    merchant, request = whose
    key = f"web:claims:{merchant}:{limit}:{hashlib.sha256(counted.name.encode()).hexdigest()[:24]}"
    await redis.call("ZREMRANGEBYSCORE", key, "-inf", at - DAY)
    await redis.call("ZADD", key, "NX", at, request)
    place = await redis.call("ZRANK", key, request)
    await redis.call("ZREMRANGEBYRANK", key, counted.most, -1)
    await redis.call("EXPIRE", key, _KEPT_S)
    return place is None or int(place) >= counted.most

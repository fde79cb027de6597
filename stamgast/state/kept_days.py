"""What a merchant's day came to, kept for who may not read the logs: `stamgast day --keep` writes it, web shows it.

It is no state: whoever lost it has it reckoned again.
"""

from __future__ import annotations

from typing import Final

from stamgast.state.client import RedisClient

KEPT_DAYS: Final = 400
_KEPT_S: Final = KEPT_DAYS * 86_400


async def keep_day(redis: RedisClient, merchant: str, date: str, document: bytes) -> None:
    """Keep a day's document (JSON) in the place of an earlier one. `date` is such as 2026-11-29."""
    await redis.call("SET", _key(merchant, date), document, "EX", _KEPT_S)


async def kept_day(redis: RedisClient, merchant: str, date: str) -> bytes | None:
    """The document that was kept last; None if nobody reckoned the day, or Redis lost it."""
    return await redis.get(_key(merchant, date))


def _key(merchant: str, date: str) -> str:
    return f"day:{merchant}:{date}"

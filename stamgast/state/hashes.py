"""A hash, a piece at a time: a long one holds up nobody else's commands."""

from collections.abc import AsyncIterator
from typing import Final

from stamgast.state.client import RedisClient

_AT_ONCE: Final = 1_000


async def pieces_of(redis: RedisClient, key: str) -> AsyncIterator[dict[bytes, bytes]]:
    """Yield its fields; one that changes meanwhile may come twice, or not at all if it was not there all the time.

    Raises:
        StateError: Redis does not answer.
    """
    cursor = b"0"
    while True:
        cursor, flat = await redis.call("HSCAN", key, cursor, "COUNT", _AT_ONCE)
        words = iter(flat)
        yield dict(zip(words, words, strict=True))
        if cursor == b"0":
            return

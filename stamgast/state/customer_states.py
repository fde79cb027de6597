"""Every customer of a merchant as Redis holds them now, a piece at a time: for fits and for values of segments."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from stamgast.domain.customer import Customer, decode_customer
from stamgast.state.client import names_under
from stamgast.state.keys import customers
from stamgast.state.nodes import Redis

_AT_ONCE: Final = 1_000

Piece = list[tuple[str, Customer]]
"""Some customers: their ids and states."""


async def _at_once() -> None:
    """No rest between two pieces."""


async def live_states(
    redis: Redis,
    partitions: int,
    merchant: str,
    *,
    at_once: int = _AT_ONCE,
    rest: Callable[[], Awaitable[None]] = _at_once,
) -> AsyncIterator[Piece]:
    """Yield each customer once, so many at a time, with a rest after each piece.

    Raises:
        StateError: Redis did not answer.
        msgspec.DecodeError: a state cannot be read.
    """
    for number in range(partitions):
        keys = customers(number)
        session = await redis.session(keys.meta)
        # A scan may tell a key twice.
        names = list(dict.fromkeys([name async for name in names_under(session, keys.customer(merchant, ""))]))
        for start in range(0, len(names), at_once):
            some = names[start : start + at_once]
            values = await session.call("MGET", *(keys.customer(merchant, name) for name in some))
            yield [(n, decode_customer(value)) for n, value in zip(some, values, strict=True) if value is not None]
            await rest()

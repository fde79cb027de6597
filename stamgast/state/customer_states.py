"""Every customer of a merchant as Redis holds them now, a piece at a time: for fits and for values of segments."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from stamgast.domain.alerts import STAFF_ROOM
from stamgast.domain.days import encode_days, is_whole
from stamgast.domain.ledger import is_of_transaction, purchases_by_day, spent_of
from stamgast.domain.standing import Standing, decode_standing
from stamgast.domain.units import Day, Minor
from stamgast.state.client import keys_like
from stamgast.state.keys import customers
from stamgast.state.nodes import Redis

_AT_ONCE: Final = 1_000

Piece = list[tuple[str, Standing]]
"""Some customers: their ids and how they stand."""
Account = tuple[str, Standing, list[tuple[Day, Minor]]]
"""A customer's id and how they stand, and of each purchase its day and what is left of its spend."""


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
    async for number, names in _walk(redis, partitions, merchant, at_once):
        yield await _states(redis, number, merchant, names)
        await rest()


async def live_accounts(
    redis: Redis, partitions: int, merchant: str, *, at_once: int = _AT_ONCE
) -> AsyncIterator[Account]:
    """Yield each customer once with the day of each purchase and what is left of its spend.

    Raises:
        StateError: Redis did not answer.
        msgspec.DecodeError: a state or an entry cannot be read.
    """
    async for number, names in _walk(redis, partitions, merchant, at_once):
        keys = customers(number)
        session = await redis.session(keys.meta)
        for name, state in await _states(redis, number, merchant, names):
            words = iter(await session.call("HGETALL", keys.ledger(merchant, name)))
            yield name, state, [spent_of(value) for field, value in zip(words, words) if is_of_transaction(field)]  # noqa: B905


async def _walk(redis: Redis, partitions: int, merchant: str, at_once: int) -> AsyncIterator[tuple[int, list[str]]]:
    """Tell partitions with so many customers at a time, each once."""
    waiting: list[list[str]] = [[] for _ in range(partitions)]
    seen: set[int] = set()
    async for number, name in _names(redis, merchant):
        # A scan may tell a key twice. What stands for it takes less room than its name.
        if number >= partitions or name == STAFF_ROOM or (known := hash((number, name))) in seen:
            continue
        seen.add(known)
        waiting[number].append(name)
        if len(waiting[number]) == at_once:
            yield number, waiting[number]
            waiting[number] = []
    for number, names in enumerate(waiting):
        if names:
            yield number, names


async def _names(redis: Redis, merchant: str) -> AsyncIterator[tuple[int, str]]:
    """Partition and id of each customer: one walk through all of Redis, whatever the number of partitions."""
    for node in await redis.masters():
        async for key in keys_like(node, f"{{c*}}:c:{merchant}:*"):
            tag, _, name = key.partition(f"}}:c:{merchant}:")
            if tag[2:].isdecimal():
                yield int(tag[2:]), name


async def _states(redis: Redis, number: int, merchant: str, names: Sequence[str]) -> Piece:
    keys = customers(number)
    session = await redis.session(keys.meta)
    values = await session.call("MGET", *(keys.customer(merchant, name) for name in names))
    found = [(n, decode_standing(value)) for n, value in zip(names, values, strict=True) if value is not None]
    for name, state in found:
        if not is_whole(state.days, state.visits):  # a regular of years: those of long ago stand with their purchases
            words = iter(await session.call("HGETALL", keys.ledger(merchant, name)))
            state.days = encode_days(sorted(purchases_by_day(dict(zip(words, words, strict=False))).items()))
    return found

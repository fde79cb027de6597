"""Codes of a shop's own come in, whatever kills the process in between (`stamgast vouchers import-codes`).

They go to the log in pieces, each of which says how many there have to be before it: so two who bring in the same list
at the same time, or one who begins again, never put a code into the pool twice. What is there already is looked for by
its mark (`stamgast.domain.shop_codes`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Final, NamedTuple

from stamgast import bootstrap
from stamgast.broker import kafka_of
from stamgast.domain.code_events import CodesBrought
from stamgast.domain.events import encode_event, key_of
from stamgast.domain.program import Program
from stamgast.domain.shop_codes import MOST_BROUGHT, Pool, Shelf, mark_of
from stamgast.domain.spelling import nearest
from stamgast.domain.units import Millis
from stamgast.filling import Filling
from stamgast.identity.veiling import MerchantVeil, Veils
from stamgast.log.appender import NotAppendedError
from stamgast.log.producers import EmitError, Emitters
from stamgast.log.topics import Topics
from stamgast.lookup import NotFoundError, newest_bundle
from stamgast.settings import Settings
from stamgast.state.client import RedisClient
from stamgast.state.keys import customers
from stamgast.state.partition_meta import POOLS, SHELVES, WATERMARK

POOL: Final = 0
"""The partition of customers that pools stand with."""
_READ_AT_ONCE: Final = 5_000
_PIECES: Final = 20
"""Pieces that are appended before it is waited for that a worker has put them into the pool."""
_WAIT_S: Final = 60.0
_LOOK_S: Final = 0.05

Tell = Callable[[int, int], None]


class NotHeardError(TimeoutError):
    """No worker has taken them yet: they stand in the log, and the same command may be given again."""


class Brought(NamedTuple):
    """How many came in now, how many were there before, and code -> the other reward whose it is already."""

    added: int
    known: int
    elsewhere: Mapping[str, str] = {}


class Stock(NamedTuple):
    """A reward's codes of the shop's own. `left` are those that no voucher has."""

    reward: str
    brought: int
    left: int

    @property
    def given(self) -> int:
        """Vouchers that got one."""
        return self.brought - self.left


def check_reward(program: Program, reward: str) -> None:
    """Raise NotFoundError if a reward of the programme has no codes of the shop's own."""
    known = program.rewards.get(reward)
    if known is None:
        near = nearest(reward, program.rewards)
        hint = f"did you mean {near!r}?" if near else f"it has {', '.join(sorted(program.rewards)) or 'none'}"
        raise NotFoundError(f"{program.merchant} has no reward {reward!r}; {hint}")
    if not known.imported_codes:
        raise NotFoundError(
            f"vouchers of {reward!r} have codes of ours: write `codes: imported` at `rewards: {reward}` of "
            "program.yaml, and publish it"
        )


async def program_of(settings: Settings, merchant: str) -> Program:
    """A merchant's newest programme. Raises NotFoundError."""
    return (await newest_bundle(settings, bootstrap.topics_of(settings), merchant))[1].program


async def bring_in(settings: Settings, pool: tuple[str, str], codes: Sequence[str], at: Millis, tell: Tell) -> Brought:
    """Put codes into the pool of (merchant, reward); returns once they are in it. `tell` hears of those done, of all.

    Raises:
        NotHeardError: no worker has put all of them into it in time.
        NotFilledError: Redis lost what it held, and does not hold it again yet.
        NotAppendedError, StateError: Kafka or Redis is away; the same command goes on where this one ended.
    """
    topics = bootstrap.topics_of(settings)
    veil = Veils(bootstrap.id_key_of(settings)).of(pool[0])
    emitters = Emitters(kafka_of(settings), client_id="stamgast-vouchers")
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        try:
            await Filling(redis, topics, settings.kafka_bootstrap).check()
            return await _Bringing(redis, emitters, topics, veil, pool).bring(codes, at, tell)
        except EmitError as error:
            raise NotAppendedError("Kafka did not take all of them") from error
        finally:
            await emitters.close()


class _Bringing:
    def __init__(
        self, redis: RedisClient, emitters: Emitters, topics: Topics, veil: MerchantVeil, pool: tuple[str, str]
    ) -> None:
        self._redis, self._emitters, self._topics, self._veil, self._pool = redis, emitters, topics, veil, pool
        self._there: set[str] = set()
        """Marks of those that are in the pool."""
        self._read = 0

    async def bring(self, codes: Sequence[str], at: Millis, tell: Tell) -> Brought:
        await self._read_pool()
        marks = {self._veil.code_mark(code): code for code in codes}
        elsewhere = await self._take_out_others(marks)
        known = len(marks.keys() & self._there)
        while lacking := [code for mark, code in marks.items() if mark not in self._there]:
            await self._append(lacking[: _PIECES * MOST_BROUGHT], at)
            before = self._read
            await self._read_pool()  # somebody else may have brought in some as well
            tell(len(marks) - len([mark for mark in marks if mark not in self._there]), len(marks))
            if self._read == before:
                await asyncio.sleep(_LOOK_S)
        return Brought(len(marks) - known, known, elsewhere)

    async def _take_out_others(self, marks: dict[str, str]) -> Mapping[str, str]:
        """Those of other rewards: a till that reads a code must find one voucher, and one customer has it."""
        pools = POOLS.of(await _meta(self._redis, POOL))
        elsewhere: dict[str, str] = {}
        for merchant, reward in sorted(pools.keys() - {self._pool}):
            if merchant != self._pool[0]:
                continue
            async for some in _marks_of(self._redis, (merchant, reward)):
                elsewhere |= {marks.pop(mark): reward for mark in some if mark in marks}
        return elsewhere

    async def _append(self, codes: Sequence[str], at: Millis) -> None:
        merchant, reward = self._pool
        events = [
            CodesBrought(
                merchant=merchant, customer="", at=at, reward=reward, first=self._read + start,
                codes=tuple(self._veil.hide_shop_code(code) for code in codes[start : start + MOST_BROUGHT]),
            )
            for start in range(0, len(codes), MOST_BROUGHT)
        ]  # fmt: skip
        emitter = await self._emitters.current()
        last = -1
        for event in events:
            record = (key_of(merchant, ""), encode_event(event))
            last = (await emitter.emit(self._topics.customer_events, POOL, [record]))[-1]
        await self._applied(last)

    async def _applied(self, offset: int) -> None:
        deadline = asyncio.get_running_loop().time() + _WAIT_S
        while asyncio.get_running_loop().time() < deadline:
            found = await self._redis.call("HGET", customers(POOL).meta, WATERMARK.name)
            if WATERMARK.read(found) >= offset:
                return
            await asyncio.sleep(_LOOK_S)
        raise NotHeardError("no worker has put them into the pool yet; they stand in the log")

    async def _read_pool(self) -> None:
        async for marks in _marks_of(self._redis, self._pool, self._read):
            self._there.update(marks)
            self._read += len(marks)


async def _marks_of(redis: RedisClient, pool: tuple[str, str], first: int = 0) -> AsyncIterator[Sequence[str]]:
    """Marks of a pool's codes in their order, some at a time."""
    words = [b""]
    while words:
        words = await redis.call("LRANGE", customers(POOL).pool(*pool), first, first + _READ_AT_ONCE - 1)
        yield [mark_of(word.decode()) for word in words]
        first += len(words)


async def stocks(settings: Settings, program: Program) -> Sequence[Stock]:
    """How many codes of the shop's own each reward has. Raises NotFilledError, StateError."""
    topics = bootstrap.topics_of(settings)
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        await Filling(redis, topics, settings.kafka_bootstrap).check()
        metas = [await _meta(redis, number) for number in range(topics.partitions)]
    return stocks_in(program, metas)


def stocks_in(program: Program, metas: Sequence[dict[str, str]]) -> Sequence[Stock]:
    """The same, of what partitions' meta say; that of the pools' is the first."""
    pools, shelves = POOLS.of(metas[POOL]), [SHELVES.of(meta) for meta in metas]
    found = []
    for reward in sorted(name for name, each in program.rewards.items() if each.imported_codes):
        name = (program.merchant, reward)
        pool = pools.get(name, Pool())
        left = pool.left + sum(len(each.get(name, Shelf()).codes) for each in shelves)
        found.append(Stock(reward, pool.brought, left))
    return found


async def _meta(redis: RedisClient, number: int) -> dict[str, str]:
    words = iter(await redis.call("HGETALL", customers(number).meta))
    return {name.decode(): value.decode(errors="replace") for name, value in zip(words, words, strict=True)}

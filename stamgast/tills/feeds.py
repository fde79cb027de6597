"""When each store was last heard of, and what is usual for it: noted at once, kept in Redis every few seconds.

Nothing of a customer goes by it as it stands there: what rules go by is said on the log. Who polls writes it down on
`connections.v1` once an hour, and finds there again what was lost with Redis.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from msgspec import DecodeError, ValidationError
from msgspec.json import Decoder, Encoder

from stamgast.domain.feed_health import FeedStats
from stamgast.domain.program import Program
from stamgast.domain.purchase_record import millis_of
from stamgast.domain.units import Millis
from stamgast.logs import get_logger
from stamgast.pos.connections import Connection
from stamgast.purchases.accept import Taken
from stamgast.state.client import RedisClient
from stamgast.state.errors import StateError
from stamgast.state.keys import feed
from stamgast.tills.unmapped import UnmappedPlaces

log = get_logger(__name__)

_EVERY_S: Final = 5.0
_MOST_NOTED: Final = 100_000
_AT_ONCE: Final = 200
_LOCK_S: Final = 5.0
"""Two processes that keep the same store's at once do it one after the other."""

_encode = Encoder().encode
_decode = Decoder(FeedStats).decode


class Place(NamedTuple):
    """A merchant's store, as tills call it."""

    merchant: str
    store: str


class FeedBook:
    """See the module."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self.unmapped = UnmappedPlaces(redis)
        self._noted: dict[tuple[Place, str], list[tuple[Millis, Millis]]] = {}
        self._count = 0

    def note(self, program: Program, taken: Sequence[Taken], at: Millis, connection: Connection | None = None) -> None:
        """Sales and refunds came in `at`, by a connection or by none; what there is no room for is not learned from."""
        if connection is not None:
            self.unmapped.note(connection, program, taken, at)
        for each in taken:
            purchase = each.received.purchase
            if purchase.store is None or self._count >= _MOST_NOTED:
                continue
            name = purchase.store.retail_store_id
            key = Place(program.merchant, name), zone_of(program, name)
            self._noted.setdefault(key, []).append((millis_of(purchase.end_date_time), at))
            self._count += 1

    async def run(self) -> None:
        """Keep what was noted, for ever."""
        while True:
            await asyncio.sleep(_EVERY_S)
            with suppress(StateError):  # it is kept later
                await self.keep()

    async def keep(self) -> None:
        """Keep what was noted. Raises `StateError`; then it is still noted."""
        await self.unmapped.keep()
        while self._noted:
            (place, zone), moments = self._noted.popitem()
            self._count -= len(moments)
            try:
                await self._keep(place, zone, moments)
            except StateError:
                self._noted.setdefault((place, zone), [])[:0] = moments
                self._count += len(moments)
                raise

    async def _keep(self, place: Place, zone: str, moments: list[tuple[Millis, Millis]]) -> None:
        key = feed(*place)
        async with self._redis.locked(f"{key}:lock", wait_s=_LOCK_S, kept_s=_LOCK_S):
            stats = await self.stats(place)
            for number, (occurred, at) in enumerate(moments, 1):
                stats.note(occurred, at, zone)
                if not number % _AT_ONCE:  # a rush of thousands would keep every request waiting meanwhile
                    await asyncio.sleep(0)
            await self._redis.set(key, _encode(stats))

    async def find_again(self, place: Place, written: FeedStats) -> FeedStats:
        """What is known now, with what was written down before where Redis has lost that. Raises `StateError`."""
        stats = await self.stats(place)
        if stats.first and stats.first <= written.first:
            return stats
        key = feed(*place)
        async with self._redis.locked(f"{key}:lock", wait_s=_LOCK_S, kept_s=_LOCK_S):
            stats = await self.stats(place)
            if not stats.first or stats.first > written.first:
                stats = stats.with_before(written)
                await self._redis.set(key, _encode(stats))
        return stats

    async def stats(self, place: Place) -> FeedStats:
        """What is known of a store; nothing, if it was never heard of. Raises `StateError`."""
        value = await self._redis.get(feed(*place))
        try:
            return FeedStats() if value is None else _decode(value)
        except (DecodeError, ValidationError):
            return FeedStats()


def zone_of(program: Program, store: str) -> str:
    """A store's time zone; the programme's for one that it does not name."""
    known = program.stores.get(store)
    return program.time_zone if known is None else known.time_zone

"""How each of a merchant's stores is heard: by what is usual for it, and by whether its till can be polled."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import NamedTuple

from stamgast.domain.feed_health import FeedStats, Health
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.pos.roles import Role
from stamgast.tills.feeds import FeedBook, Place, zone_of
from stamgast.tills.record import Name
from stamgast.tills.table import ConnectionTable


class Heard(NamedTuple):
    """How a store is heard, when a sale came last (0: never), and since when its till cannot be polled (0: it can)."""

    health: Health
    last: Millis = 0
    failing_since: Millis = 0


@dataclass(frozen=True, slots=True)
class Hearing:
    """See the module."""

    table: ConnectionTable
    book: FeedBook

    async def of(self, program: Program, now: Millis) -> dict[str, Heard]:
        """Every store of a programme. Raises `NotLoadedError`, `StateError`."""
        failing = self._failing(program)
        found = await asyncio.gather(*(self._stats(program.merchant, store) for store in program.stores))
        return {
            store: Heard(_health(stats, program, store, now, failing.get(store, 0)), stats.last, failing.get(store, 0))
            for store, stats in zip(program.stores, found, strict=True)
        }

    async def _stats(self, merchant: str, store: str) -> FeedStats:
        """With what was written down, where Redis has lost that: whoever polls brings it back within the hour."""
        stats, written = await self.book.stats(Place(merchant, store)), self.table.feed(merchant, store)
        if written is not None and (not stats.first or stats.first > written.first):
            return stats.with_before(written)
        return stats

    def _failing(self, program: Program) -> dict[str, Millis]:
        """Store -> since when a connection that tells its sales cannot be polled."""
        found: dict[str, Millis] = {}
        for connection in self.table.all(program.merchant):
            cursor = self.table.cursor(Name(connection.merchant, connection.name))
            if connection.role is not Role.SALE or cursor is None or not cursor.failing_since:
                continue
            for store in dict.fromkeys(connection.stores.values()) or program.stores:
                found[store] = min(found.get(store, cursor.failing_since), cursor.failing_since)
        return found


def _health(stats: FeedStats, program: Program, store: str, now: Millis, failing_since: Millis) -> Health:
    return stats.health(now, zone_of(program, store), closed=program.closed, failing_since=failing_since)

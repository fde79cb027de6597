"""Places of a connection that are no store of the programme: how often they were told of, and what to write for them.

Their sales count by the days of the merchant's own zone, and for no store. What stands here is a help for whoever
connects a till: it is kept in Redis for a month, so many places of a connection, and nothing goes by it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from rules.program_keys.key import ID
from stamgast.clock.shop_time import format_time
from stamgast.domain.counting import so_many
from stamgast.domain.program import Program
from stamgast.domain.spelling import nearest
from stamgast.domain.units import Millis
from stamgast.pos.connections import Connection
from stamgast.purchases.accept import Taken
from stamgast.state.client import RedisClient
from stamgast.state.keys import unmapped

_MOST: Final = 100
"""Places of one connection: a till that makes up a new one for each sale must not fill Redis."""
_KEPT_S: Final = 30 * 86_400
_COUNT, _LAST = "n:", "t:"
ANY: Final = "STORE"
"""Stands for a store of the programme where none is near."""


class Unmapped(NamedTuple):
    """A place, as the system calls it. `times`: purchases and refunds, also when the same came again."""

    place: str
    times: int
    last: Millis


class UnmappedPlaces:
    """See the module. What there is no room for is not counted."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._noted: dict[tuple[str, str], dict[str, tuple[int, Millis]]] = {}

    def note(self, connection: Connection, program: Program, taken: Iterable[Taken], at: Millis) -> None:
        """Sales and refunds of a connection came in `at`."""
        for each in taken:
            store = each.received.purchase.store
            if store is None or store.retail_store_id in program.stores:
                continue
            places = self._noted.setdefault((connection.merchant, connection.name), {})
            place = store.retail_store_id
            if place in places or len(places) < _MOST:
                count, last = places.get(place, (0, 0))
                places[place] = count + 1, max(last, at)

    async def keep(self) -> None:
        """Keep what was noted. Raises `StateError`; what was not kept by then is lost."""
        while self._noted:
            name, places = self._noted.popitem()
            key = unmapped(*name)
            known = await self._redis.hash(key)
            for place, (count, last) in places.items():
                if _COUNT + place in known or len(known) < 2 * _MOST:
                    await self._redis.call("HINCRBY", key, _COUNT + place, count)
                    await self._redis.call("HSET", key, _LAST + place, last)
                    known |= {_COUNT + place: "", _LAST + place: ""}
            await self._redis.call("EXPIRE", key, _KEPT_S)

    async def of(self, connection: Connection, program: Program, now: Millis) -> list[Unmapped]:
        """The places that are still no store, the newest first. Raises `StateError`."""
        known = await self._redis.hash(unmapped(connection.merchant, connection.name))
        found = []
        for name, last in known.items():
            place = name.removeprefix(_LAST)
            is_store = connection.stores.get(place, place) in program.stores
            if name.startswith(_LAST) and not is_store and now - int(last) <= _KEPT_S * 1_000:
                found.append(Unmapped(place, int(known.get(_COUNT + place, 0)), int(last)))
        return sorted(found, key=lambda each: (-each.last, each.place))


def in_a_document(found: Unmapped, program: Program) -> dict[str, Any]:
    """A place, the store that may be meant, and what to write into the connection's file, or into program.yaml."""
    stores = list(program.stores)
    meant = stores[0] if len(stores) == 1 else nearest(found.place, stores)
    own = found.place if re.fullmatch(ID, found.place) else _as_id(found.place)
    return {
        "place": found.place,
        "count": found.times,
        "last_event": format_time(found.last),
        "nearest": meant or None,
        "allowed": stores,
        "in_connection": f"stores: {{{_quoted(found.place)}: {meant or ANY}}}",
        "in_program": f"stores: {{{own}: {{}}}}",
    }


def in_words(connection: str, found: dict[str, Any]) -> str:
    """What to write for a place (`in_a_document`), for people."""
    times = so_many(found["count"], "sale or refund", "sales and refunds")
    which = "the nearest store" if found["nearest"] else f"{ANY} is one of {', '.join(found['allowed'])}"
    return (
        f"{connection}: {times} of {found['place']!r}, the last {found['last_event']}, which is no store of "
        f"program.yaml. Write into pos/{connection}.yaml: `{found['in_connection']}` ({which}); or into program.yaml, "
        f"where it is a store of its own: `{found['in_program']}`"
    )


def _quoted(place: str) -> str:
    return json.dumps(place, ensure_ascii=not place.isprintable())


def _as_id(place: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", place.lower()).strip("-")[:40] or "another-store"

"""Polling a connection: what its system's API says changed, taken in page by page; the cursor moves after Kafka has it.

Webhooks are a hint, and this is the truth: a light look every hour from where the last one ended, and one every night
from where a look ended days ago. What comes again changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from stamgast.domain.calendar import local_time
from stamgast.domain.program import Program
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.logs import get_logger
from stamgast.pos.adapter import Adapter, Api, ApiError, Context, Found, Page
from stamgast.pos.connections import Connection
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import Refused
from stamgast.pos.systems.polling import not_ahead
from stamgast.pos.webhook import guarded, items_of
from stamgast.tills.feeds import Place
from stamgast.tills.intake import Came, Door, reread, take
from stamgast.tills.record import (
    CursorRecord,
    Name,
    SubscriptionRecord,
    cursor_key,
    encode_cursor,
    encode_feed,
    feed_key,
)
from stamgast.tills.subscriptions import Subscriptions
from stamgast.tills.tills import Tills

log = get_logger(__name__)

EVERY: Final = HOUR
NIGHT: Final = (2 * 60, 5 * 60)
"""Minutes of the shop's day in which the long look is taken."""
MOST_PAGES: Final = 500
"""Of one look; the next one goes on there."""

Append = Callable[[str, Sequence[tuple[bytes, bytes | None]]], Awaitable[list[int]]]


@dataclass(frozen=True, slots=True)
class Polled:
    """What a look came to."""

    pages: int
    taken: int
    laid_aside: int
    more: bool
    """It was ended before the end."""
    paid: int = 0
    """Payments that were found to their sales."""


class Looked(NamedTuple):
    """What was known of a connection's webhooks, and what is now."""

    before: SubscriptionRecord
    now: SubscriptionRecord


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Polls connections. `connections_topic` and `letters_topic` are where cursors and dead letters go."""

    tills: Tills
    door: Door
    append: Append
    connections_topic: str
    letters_topic: str
    subscriptions: Subscriptions | None = None
    """What looks after webhooks; None: nobody does here."""

    async def freshen(self, connection: Connection) -> None:
        """Renew a credential that would soon end; where that fails, the next look at the API says why."""
        with suppress(ApiError):
            await self.tills.apis.freshen(self.tills.adapter(connection), connection)

    async def look_after_feeds(self, connection: Connection, program: Program) -> None:
        """Write down what is usual for its stores, and find again what was lost.

        Raises StateError, NotAppendedError.
        """
        feeds, table, records = self.tills.feeds, self.tills.connections, []
        for store in dict.fromkeys(connection.stores.values()) or program.stores:
            place, written = Place(connection.merchant, store), table.feed(connection.merchant, store)
            stats = await feeds.stats(place) if written is None else await feeds.find_again(place, written)
            if stats.first and stats != written:
                records.append((feed_key(*place), encode_feed(stats)))
        if records:
            await self.append(self.connections_topic, records)
            for key, value in records:
                self.tills.connections.note(key, value)

    async def look_after_webhooks(self, connection: Connection, at: Millis) -> Looked | None:
        """Look whether a connection's webhooks are there; None: nobody can. Raises `ApiError`, NotAppendedError."""
        adapter = self.tills.adapter(connection)
        if self.subscriptions is None or not adapter.capabilities.subscribes:
            return None
        api = self.tills.apis.hooks_of(adapter, connection)
        if api is None:
            return None
        before = self.tills.connections.subscription(Name(connection.merchant, connection.name))
        return Looked(before, await self.subscriptions.look(connection, adapter, api, at))

    async def poll(self, connection: Connection, program: Program, at: Millis, *, deep: bool = False) -> Polled:
        """Look at what changed since the last look, or (`deep`) for days.

        Raises:
            ApiError: the API does not answer, or the connection has no credential for it; that is noted.
            NotAppendedError, NotLoadedError, StateError: not now; what was acknowledged stands.
        """
        name = Name(connection.merchant, connection.name)
        known = self.tills.connections.cursor(name) or CursorRecord("", 0)
        adapter = self.tills.adapter(connection)
        try:
            api = self._api(adapter, connection)
            return await self._poll(adapter, Context(connection, program), api, known, at, deep=deep)
        except (ApiError, RefusedError) as error:
            failing = self.tills.connections.cursor(name) or known
            since = failing.failing_since or at
            await self._note(name, msgspec.structs.replace(failing, failing_since=since, trouble=str(error)[:300]))
            raise ApiError(str(error)) from error

    def _api(self, adapter: Adapter, connection: Connection) -> Api:
        api = self.tills.apis.of(adapter, connection)
        if not adapter.capabilities.poll:
            raise ApiError(f"{adapter.name} cannot be polled")
        if api is None:
            raise ApiError("the connection has no credential for its API: `stamgast pos connect` asks for it")
        return api

    async def _poll(
        self, adapter: Adapter, context: Context, api: Api, known: CursorRecord, at: Millis, *, deep: bool
    ) -> Polled:
        name = Name(context.connection.merchant, context.connection.name)
        cursor, pages, taken, aside, more = known.begin(at) if deep else known.cursor, 0, 0, 0, True
        paid = 0
        while more and pages < MOST_PAGES:
            with guarded(adapter):
                page = await adapter.poll(cursor, api)
            came, laid = await self._take(adapter, page, context, api, at)
            pages, taken, aside, paid = pages + 1, taken + len(came.taken), aside + laid, paid + came.paid
            reached = not_ahead(page.cursor, at)
            more = page.more and reached != cursor
            cursor = reached
            if not deep:
                moved = known.moved(
                    cursor, at
                )  # until the last page it is still due: whoever is killed here goes on soon
                await self._note(name, msgspec.structs.replace(moved, at=known.at) if more else moved)
        if deep:
            newest = self.tills.connections.cursor(name) or known
            done = newest if newest.cursor else newest.moved(cursor, at)
            await self._note(name, msgspec.structs.replace(done, nightly_at=at, failing_since=0, trouble=""))
        return Polled(pages, taken, aside, more, paid)

    async def _take(self, adapter: Adapter, page: Page, context: Context, api: Api, at: Millis) -> tuple[Came, int]:
        aside, whole = [], []
        for each in page.objects:
            try:
                whole.append(await reread(adapter, each, api))
            except RefusedError as refused:
                aside.append((each, str(refused)))
        came = await take(self.door, adapter, whole, context, at)
        self.tills.feeds.note(context.program, came.taken, at, context.connection)
        if came.refused:
            aside += [(each, came.reason) for each in _refused(adapter, whole, context)]
        if aside:
            connection = context.connection
            letters = [self.tills.letters.of_object(connection, each, why, at) for each, why in aside]
            await self.append(self.letters_topic, letters)
            log.warning("objects were laid aside", connection=connection.name, objects=len(letters))
        return came, len(aside)

    async def _note(self, name: Name, record: CursorRecord) -> None:
        """The newest is known here at once: the next look must not begin before this one's end."""
        key, value = cursor_key(name), encode_cursor(record)
        await self.append(self.connections_topic, [(key, value)])
        self.tills.connections.note(key, value)


def is_due(known: CursorRecord | None, program: Program, now: Millis) -> tuple[bool, bool]:
    """Whether a light look is due, and whether a long one is."""
    if known is None or known.at > now:
        return True, False
    minute = local_time(now, program.time_zone).minute
    is_night = NIGHT[0] <= minute < NIGHT[1] and now - known.nightly_at > DAY // 2
    return now - known.at >= EVERY or bool(known.failing_since), is_night and bool(known.days)


def _refused(adapter: Adapter, whole: Sequence[Found], context: Context) -> list[Found]:
    """Those that cannot be read; all of the page, where each can be read and yet some were not taken."""
    found = [each for each in whole if any(isinstance(item, Refused) for item in items_of(adapter, [each], context))]
    return found or list(whole)

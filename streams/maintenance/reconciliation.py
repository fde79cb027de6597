"""Polls every connection to a system of tills that can be polled: webhooks may be missed, and this finds what was.

Credentials that end, and webhooks that their system switched off, are looked after here as well.

The owner of the first partition of customers looks every half minute which are due (`stamgast.tills.reconcile`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from mode import Service

from stamgast.clock.shop_time import Clock
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.log.appender import NotAppendedError
from stamgast.logs import get_logger
from stamgast.pos.adapter import ApiError
from stamgast.pos.connections import Connection
from stamgast.pos.registry import BadAdapterError, UnknownSystemError
from stamgast.state.errors import StateError
from stamgast.state.views import NotLoadedError
from stamgast.tills.reconcile import Reconciler, is_due
from stamgast.tills.record import Name
from streams.customers.job import OwnedCustomers
from streams.customers.writes import Written
from streams.maintenance.connection_news import ConnectionNews
from streams.maintenance.watching import rest_after
from streams.runtime.job import TROUBLE
from streams.runtime.partitions import PartitionService

log = get_logger(__name__)

WATCHING: Final = 0
"""The partition of customers whose owner looks."""
_LOOK_EVERY_S: Final = 30.0
_AT_ONCE: Final = 4
"""Connections that are polled side by side."""
_LONGEST_S: Final = 600.0
"""A look that takes longer is ended, and goes on at the next."""

_NOT_NOW: Final = (NotAppendedError, NotLoadedError, StateError, TimeoutError, *TROUBLE)


class Reconciliation(Service):
    """See the module."""

    def __init__(
        self,
        customers: PartitionService[OwnedCustomers, Written],
        reconciler: Reconciler,
        program_of: Callable[[str], Awaitable[Program | None]],
        clock: Clock,
        *,
        news: ConnectionNews | None = None,
        every_s: float = _LOOK_EVERY_S,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._news = news
        self._customers = customers
        self._reconciler = reconciler
        self._program_of = program_of
        self._clock = clock
        self._every_s = every_s

    @Service.task
    async def _keep(self) -> None:
        while not self.should_stop:
            looks = self._may_look()
            if looks:
                await self.look()
            await self.sleep(rest_after(self._every_s, looked=looks))

    def _may_look(self) -> bool:
        owned = self._customers.owned.get(WATCHING)
        return owned is not None and owned.caught_up and self._reconciler.tills.connections.loaded

    async def look(self) -> None:
        """Poll what is due; what fails is noted, and due again."""
        due = asyncio.Semaphore(_AT_ONCE)

        async def one(connection: Connection) -> None:
            async with due:
                await self._poll(connection)

        await asyncio.gather(*(one(each) for each in self._reconciler.tills.connections.all() if self._can(each)))

    def _can(self, connection: Connection) -> bool:
        tills = self._reconciler.tills
        try:
            adapter = tills.adapter(connection)
        except (UnknownSystemError, BadAdapterError) as error:
            log.error("a connection cannot be used", connection=connection.name, why=str(error))
            return False
        return adapter.capabilities.poll and adapter.api is not None and adapter.api.secret in connection.sealed

    async def _poll(self, connection: Connection) -> None:
        merchant, name = connection.merchant, connection.name
        now = self._clock.now()
        try:
            program = await self._program_of(merchant)
            if program is None:
                return
            known = self._reconciler.tills.connections.cursor(Name(merchant, name))
            light, deep = is_due(known, program, now)
            async with asyncio.timeout(_LONGEST_S):
                await self._reconciler.freshen(connection)
                if light:
                    found = await self._reconciler.poll(connection, program, now)
                    log.info("polled", merchant=merchant, connection=name, taken=found.taken, pages=found.pages)
                    looked = await self._reconciler.look_after_webhooks(connection, now)
                    if self._news is not None:
                        await self._news.looked(Name(merchant, name), looked, now)
                    await self._reconciler.look_after_feeds(connection, program)
                if deep:
                    await self._reconciler.poll(connection, program, now, deep=True)
        except ApiError as error:
            log.warning("a connection could not be polled", merchant=merchant, connection=name, why=str(error))
        except _NOT_NOW as error:
            log.warning("a look was cut short", merchant=merchant, connection=name, why=repr(error))
        except Exception as error:
            log.error("polling broke", merchant=merchant, connection=name, exc_info=error)
        await self._tell(Name(merchant, name), now)

    async def _tell(self, name: Name, now: Millis) -> None:
        if self._news is None:
            return
        try:
            await self._news.polled(name, self._reconciler.tills.connections.cursor(name), now)
        except _NOT_NOW as error:
            log.warning("staff are told later", merchant=name.merchant, connection=name.connection, why=repr(error))

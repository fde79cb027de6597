"""Takes out of the store what customers sent more than sixty days ago. The owner of the first partition looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from mode import Service

from stamgast.domain.units import DAY, Millis
from stamgast.logs import get_logger
from stamgast.media.record import KEPT
from stamgast.media.store import ObjectStore, StoreError
from streams.customers.job import OwnedCustomers
from streams.customers.writes import Written
from streams.maintenance.watching import rest_after
from streams.runtime.partitions import PartitionService

log = get_logger(__name__)

WATCHING: Final = 0
_LOOK_EVERY_S: Final = 3_600.0


class OldPictures(Service):
    """See the module. `now` is shop time, as that by which pictures came."""

    def __init__(
        self,
        customers: PartitionService[OwnedCustomers, Written],
        store: ObjectStore,
        now: Callable[[], Millis],
        *,
        every_s: float = _LOOK_EVERY_S,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._customers = customers
        self._store = store
        self._now = now
        self._every_s = every_s

    @Service.task
    async def _keep(self) -> None:
        while not self.should_stop:
            owned = self._customers.owned.get(WATCHING)
            looks = owned is not None and owned.caught_up
            if looks:
                try:
                    await asyncio.to_thread(drop_old, self._store, self._now())
                except StoreError as error:
                    log.warning("old pictures are not gone yet", why=str(error))
            await self.sleep(rest_after(self._every_s, looked=looks))


def drop_old(store: ObjectStore, now: Millis) -> int:
    """Remove the days of which all is older than it may be; say how many pictures that was. Raises `StoreError`."""
    over = (now - KEPT) // DAY
    gone = sum(store.drop_day(day) for day in store.days() if day < over)
    if gone:
        log.info("pictures are gone after their time", pictures=gone)
    return gone

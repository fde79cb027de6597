"""Sees to it that what was forgotten goes from the files of Kafka and Redis as well.

Kafka compacts no file that is still written to, and begins the next one only when something is appended. So a
partition of identities to which nothing came for a day gets an empty record. Redis keeps in its append-only file what
it was told until that is written anew. The owner of the first partition of customers looks every few minutes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from mode import Service

from stamgast.domain.units import DAY, Millis
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.state.append_only_files import begin_rewriting, has_rewritten, is_due
from stamgast.state.nodes import Redis
from streams.customers.job import OwnedCustomers
from streams.customers.writes import Written
from streams.maintenance.watching import rest_after
from streams.runtime.emission import append
from streams.runtime.job import TROUBLE
from streams.runtime.partitions import PartitionService

log = get_logger(__name__)

WATCHING: Final = 0
"""The partition of customers whose owner looks."""
BEAT: Final = b"beat"
"""Key of an empty record: nobody's, and readers pass it over."""
_LOOK_EVERY_S: Final = 300.0
_REWRITE_S: Final = 5.0
"""Most files are written within that."""


class Forgetting(Service):
    """See the module. `wall` is the machine's clock in seconds: by such a one Kafka stamps, whatever shop time is."""

    def __init__(
        self,
        customers: PartitionService[OwnedCustomers, Written],
        topics: Topics,
        redis: Redis,
        *,
        wall: Callable[[], float] = time.time,
        every_s: float = _LOOK_EVERY_S,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._customers = customers
        self._topics = topics
        self._redis = redis
        self._wall = wall
        self._every_s = every_s

    @Service.task
    async def _keep(self) -> None:
        while not self.should_stop:
            owned = self._customers.owned.get(WATCHING)
            looks = owned is not None and owned.caught_up
            if looks:
                try:
                    await self.look(int(self._wall() * 1_000))
                except TROUBLE as error:
                    log.warning("what was forgotten is not gone yet", why=repr(error))
            await self.sleep(rest_after(self._every_s, looked=looks))

    async def look(self, now: Millis) -> None:
        """Do what is due. Raises `TROUBLE`."""
        for topic, partition in await self._quiet(now):
            await append(self._customers.emitters, topic, partition, [(BEAT, None)])
        if await is_due(self._redis):
            last = await begin_rewriting(self._redis)
            await self.sleep(_REWRITE_S)
            if await has_rewritten(self._redis, last):  # else at the next look
                log.info("append-only files were written anew after an erasure")

    async def _quiet(self, now: Millis) -> list[tuple[str, int]]:
        """Partitions that hold something, to which nothing came for a day."""
        topics = self._topics
        names, numbers = (topics.identity_keys, topics.identities), range(topics.partitions)
        pairs = [*((name, number) for name in names for number in numbers), (topics.suppressions, 0)]
        found = []
        async with LogReader(self._customers.bootstrap) as reader:
            begins, ends = await reader.begins(pairs), await reader.ends(pairs)
            for pair, end in ends.items():
                if end <= begins[pair]:
                    continue
                newest = 0
                async for piece in reader.read(pair.topic, pair.partition, end - 1, end):
                    newest = piece[-1].timestamp
                if now - newest >= DAY:
                    found.append((pair.topic, pair.partition))
        return found

"""Says every few seconds that this worker is there, and how its partitions are: for the page on health."""

from __future__ import annotations

import importlib.metadata
import secrets
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from mode import Service

from stamgast.clock.pauses import pause_after
from stamgast.clock.ticks import until_tick
from stamgast.logs import get_logger
from stamgast.state.errors import StateError
from stamgast.state.nodes import Redis
from stamgast.state.workers import NOTED_EVERY_S, Doing, Held, Part, WorkerWord, note_leaving, note_worker
from streams.runtime.ownership import Ownership
from streams.runtime.partitions import PartitionService

log = get_logger(__name__)

_LONGEST_HOST: Final = 60


class Presence(Service):
    """See the module. A word that Redis did not take is no loss: the next one says the same."""

    def __init__(self, redis: Redis, services: Sequence[PartitionService[Any, Any]], **options: Any) -> None:
        super().__init__(**options)
        self._redis = redis
        self._services = services
        self._began = time.monotonic()
        self.id = secrets.token_hex(4)
        """Another one after each start."""
        self._version = importlib.metadata.version("stamgast")
        self._host = socket.gethostname()[:_LONGEST_HOST]

    @Service.task
    async def _keep(self) -> None:
        failures = 0
        while not self.should_stop:
            try:
                await note_worker(self._redis, self.word())
                failures = 0
            except StateError as error:
                failures += 1
                log.debug("not noted that this worker is there", why=repr(error))
            rests = until_tick(NOTED_EVERY_S, time.monotonic())
            await self.sleep(pause_after(failures, first_s=NOTED_EVERY_S) if failures else rests)

    async def on_stop(self) -> None:
        """Say that nobody need look for it."""
        try:
            await note_leaving(self._redis, self.id)
        except StateError as error:
            log.debug("not noted that this worker ends", why=repr(error))

    def word(self) -> WorkerWord:
        """What it says of itself now."""
        return WorkerWord(
            id=self.id,
            version=self._version,
            up_s=int(time.monotonic() - self._began),
            host=self._host,
            held=tuple(self._held()),
        )

    def _held(self) -> Iterator[Held]:
        for service in self._services:
            for number, owned in sorted(service.owned.items()):
                yield Held(
                    Part(service.job.name), number, doing_of(owned), service.behind(owned), len(owned.laid_aside)
                )  # fmt: skip


def doing_of(owned: Ownership[Any, Any]) -> Doing:
    """How a partition is."""
    if owned.refused_because:
        return Doing.REFUSED
    if owned.stalled or (owned.trouble and not owned.working):
        return Doing.IN_TROUBLE
    return Doing.AT_WORK if owned.working else Doing.STARTING

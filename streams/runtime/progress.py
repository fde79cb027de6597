"""How far intake has got, in recorded time. Timers about absence wait for it.

A partition that has applied everything up to the log's end has got to *now*, where now was read before the end was
asked for. One that lags has got to the recorded time of its last record (its commits say so).
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from aiokafka.errors import ConsumerStoppedError, KafkaError
from mode import Service

from stamgast.clock.bounded import ClockUnknownError
from stamgast.clock.pauses import pause_after
from stamgast.clock.shop_time import Clock, pause_of
from stamgast.clock.ticks import until_tick
from stamgast.logs import get_logger
from stamgast.state.errors import StateError
from stamgast.state.scripts import Script
from streams.runtime.partitions import PartitionService
from streams.runtime.position import Position

log = get_logger(__name__)

_EVERY_S: Final = 1.0
"""Who stays away for weeks may be missed a second later."""
_NOTE: Final = Script.named("progress")


class IntakeProgress(Service):
    """Keeps `progress` of the owned partitions of transactions moving while there is nothing to do."""

    def __init__(self, intake: PartitionService[Position, Position], clock: Clock, **options: Any) -> None:
        super().__init__(**options)
        self._intake = intake
        self._clock = clock

    @Service.task
    async def _keep(self) -> None:
        failures = 0
        while not self.should_stop:
            rests = until_tick(pause_of(self._clock, _EVERY_S), time.monotonic())
            await self.sleep(pause_after(failures, first_s=rests) if failures else rests)
            try:
                await self._note_all()
                failures = 0
            except (ClockUnknownError, StateError, KafkaError, ConsumerStoppedError, TimeoutError) as error:
                failures += 1
                log.debug("progress not noted", why=repr(error))

    async def _note_all(self) -> None:
        now = self._clock.now()
        owned = {n: o for n, o in self._intake.owned.items() if o.caught_up and o.inbox.empty}
        ends = await self._intake.ends(owned)
        done = [o for n, o in owned.items() if o.working and o.inbox.empty and o.position >= ends[n]]
        notes = [o.lease.run(_NOTE, [], [now]) for o in done]
        await asyncio.gather(*notes)

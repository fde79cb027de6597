"""Programmes that were published and have no barrier yet in an owned partition get one appended."""

from __future__ import annotations

import time
from typing import Final

from stamgast.clock.shop_time import Clock
from stamgast.domain.events import Barrier, encode_event, key_of
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing
from streams.runtime.emission import append
from streams.runtime.job import OwnedPartition

_REPEAT_S: Final = 30.0


class MissingBarriers:
    """Those of one owned partition."""

    def __init__(self, owned: OwnedPartition, topic: str, bundles: Bundles, clock: Clock) -> None:
        self._owned = owned
        self._topic = topic
        self._bundles = bundles
        self._clock = clock
        self._appended: dict[str, tuple[int, int, float]] = {}
        """merchant -> (barrier appended, at which offset, when, monotonic)."""
        self._all_in_force = -1
        """How many bundles were published when the newest of each merchant were in force."""

    async def look(self, standing: Standing) -> None:
        """Append what is missing, and again what has not come back after a while. Raises EmitError."""
        machine, published = time.monotonic(), self._bundles.published
        if self._all_in_force == published:
            return
        newest = self._bundles.newest.items()
        missing = [(m, *bundle) for m, bundle in newest if bundle[0] > standing.numbers.get(m, -1)]
        if not missing:
            self._all_in_force, self._appended = published, {}
        for merchant, number, content in missing:
            known, offset, when = self._appended.get(merchant, (-1, -1, 0.0))
            on_its_way = offset > self._owned.lease.watermark or merchant in standing.backlogs
            if known == number and (on_its_way or machine - when < _REPEAT_S):
                continue
            barrier = Barrier(merchant=merchant, customer="", at=self._clock.now(), number=number, hash=content)
            record = (key_of(merchant, ""), encode_event(barrier))
            (offset,) = await append(self._owned.emitters, self._topic, self._owned.number, [record])
            self._appended[merchant] = (number, offset, machine)

"""The frame of what is watched for a merchant over all partitions, and may enter the log as a bundle of its own.

The owner of the first partition of customers looks every few seconds at the bundles in force that it may concern. What
it finds it may append as a version made from the newest one (invariant 6), once: two owners who think that they are,
would append the same.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final

from stamgast.clock.shop_time import Clock
from stamgast.log.topics import Topics
from stamgast.programs.record import Glance
from stamgast.service import Bundle
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing, concerned
from streams.customers.staff_news import StaffNews
from streams.metrics import Metrics
from streams.runtime.emission import append
from streams.runtime.job import OwnedPartition

WATCHING: Final = 0
"""The partition of customers whose owner looks."""
_EVERY_S: Final = 5.0
_MOST_COMPILED: Final = 5
"""At a look: what is judged by days may begin a little later where many merchants ask for it."""


class MerchantWatch(ABC):
    """`look` does nothing for the owners of other partitions."""

    def __init__(self, owned: OwnedPartition, topics: Topics, bundles: Bundles, clock: Clock, metrics: Metrics) -> None:
        self._owned = owned
        self._topics = topics
        self._bundles = bundles
        self._clock = clock
        self._metrics = metrics
        self._news = StaffNews(owned, topics)
        self._looked = 0.0
        self._added_to: dict[str, int] = {}
        """merchant -> number of the bundle that our own was made from; it counts only if none came between."""

    async def look(self, standing: Standing) -> None:
        """Judge every merchant whom it concerns. Raises StateError, ElsewhereError or EmitError."""
        machine = time.monotonic()
        if self._owned.number != WATCHING or machine - self._looked < _EVERY_S:
            return
        self._looked = machine
        await self._judge(await concerned(standing, self._bundles, self._may_concern, most=_MOST_COMPILED), standing)

    @abstractmethod
    def _may_concern(self, seen: Glance) -> bool:
        """Say so of a bundle that is not compiled."""

    @abstractmethod
    async def _judge(self, bundles: Sequence[Bundle], standing: Standing) -> None:
        """Look at these bundles in force."""

    def _is_settled(self, bundle: Bundle) -> bool:
        """Say whether nothing newer is on its way, of ours or of anybody's."""
        merchant = bundle.program.merchant
        number, newest = self._bundles.newest[merchant]
        return bundle.hash == newest and self._added_to.get(merchant, -1) != number

    async def _append(self, merchant: str, made_of: Callable[[bytes, int], bytes]) -> None:
        """Append what is made of the newest bundle, packed, and its number."""
        number, newest = self._bundles.newest[merchant]
        record = made_of(await self._bundles.packed(merchant, newest), number)
        await append(self._owned.emitters, self._topics.programs, 0, [(merchant.encode(), record)])
        self._added_to[merchant] = number

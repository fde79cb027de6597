"""How many claims of receipts wait for a person, of each merchant: a gauge, for nobody would look otherwise.

The owner of the first partition of customers counts them every minute, over all partitions of transactions.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Final

from stamgast.log.topics import Topics
from stamgast.state.keys import transactions
from streams.customers.merchant_watch import WATCHING
from streams.metrics import Metrics
from streams.runtime.job import OwnedPartition

_EVERY_S: Final = 60.0


class ClaimsWatch:
    """`look` does nothing for the owners of other partitions."""

    def __init__(self, owned: OwnedPartition, topics: Topics, metrics: Metrics) -> None:
        self._owned = owned
        self._topics = topics
        self._metrics = metrics
        self._looked = -_EVERY_S
        self._shown: set[str] = set()

    async def look(self) -> None:
        """Count them, if it is time to. Raises StateError or ElsewhereError."""
        machine = time.monotonic()
        if self._owned.number != WATCHING or machine - self._looked < _EVERY_S:
            return
        self._looked = machine
        look = self._owned.lease.look_elsewhere
        answers = await asyncio.gather(*(look("HKEYS", transactions(n).claims) for n in range(self._topics.partitions)))
        waiting = Counter(name.decode().partition(":")[0] for names in answers for name in names)
        for merchant in self._shown | waiting.keys():
            self._metrics.claims_waiting.labels(merchant).set(waiting[merchant])
        self._shown |= waiting.keys()

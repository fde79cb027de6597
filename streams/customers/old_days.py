"""Counters of days so long gone that nobody asks of them any more are dropped by the partition's owner.

A day has as many counters as there are stores and kinds of sums, in each partition; months stay
(`stamgast.domain.day_sums`). A rule's month has as many as it has ways not to speak, and goes after two years and a
month (`stamgast.domain.rule_months`). What is dropped goes by the partition's own time, so no later step adds to it.
"""

from __future__ import annotations

import time
from typing import Final

from stamgast.domain import day_sums, rule_months
from stamgast.domain.counters import BETWEEN, Counter
from stamgast.domain.units import DAY, Day, Millis
from streams.runtime.job import OwnedPartition

_EVERY_S: Final = 3_600.0
_AT_ONCE: Final = 1_000
_OF_DAYS: Final = f"*{BETWEEN}{Counter.DAY}{BETWEEN}*"


class OldDays:
    """Looks at its first call after a taking, and then once an hour."""

    def __init__(self, owned: OwnedPartition) -> None:
        self._owned = owned
        self._looked = -_EVERY_S

    async def look(self, now: Millis) -> int:
        """Drop what is old at the partition's time `now`, if it is time to; return how many. Raises StateError."""
        machine = time.monotonic()
        if machine - self._looked < _EVERY_S:
            return 0
        self._looked = machine
        keys = self._owned.lease.keys
        return await self._drop(keys.stats, _OF_DAYS, now // DAY) + await self._drop(keys.rule_months, "*", now // DAY)

    async def _drop(self, key: str, like: str, today: Day) -> int:
        lease, cursor, dropped = self._owned.lease, b"", 0
        while cursor != b"0":
            cursor, flat = await lease.call("HSCAN", key, cursor or b"0", "MATCH", like, "COUNT", _AT_ONCE)
            old = [name for name in flat[::2] if is_gone(name.decode().partition(BETWEEN)[2], today)]
            if old:
                dropped += await lease.call("HDEL", key, *old)
        return dropped


def is_gone(name: str, today: Day) -> bool:
    """Whether a counter (without its merchant) is of a day or a rule's month that is dropped by then."""
    return day_sums.is_dropped(name, today) or rule_months.is_dropped(name, today)

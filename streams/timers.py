"""Timers of a partition of customers: due ones are appended to its own stream, where they apply if still true.

Only an owner that has caught up looks, and only up to the time to which intake has got: a backlog of purchases must
not make anybody look absent. What has not come back after a while is appended again; the state tells repeats.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from stamgast.bounded_clock import log_lag_of
from stamgast.clock import Clock
from stamgast.domain.events import TimerDue, encode_event, key_of
from stamgast.domain.units import Millis
from stamgast.state.errors import ElsewhereError
from stamgast.state.keys import transactions
from streams.emission import append
from streams.metrics import Metrics
from streams.ownership import Ownership

_AT_ONCE: Final = 500
_REPEAT_S: Final = 30.0


class Timers:
    """The timers of one owned partition."""

    def __init__(self, owned: Ownership, topic: str, partitions: int, clock: Clock, metrics: Metrics) -> None:
        self._owned = owned
        self._topic = topic
        self._partitions = partitions
        self._clock = clock
        self._metrics = metrics
        self._appended: dict[bytes, tuple[Millis, float]] = {}
        """member -> (due, when it was appended, monotonic)."""

    async def look(self) -> None:
        """Append what is due. Raises StateError or EmitError."""
        now, machine = self._clock.now(), time.monotonic()
        by_log = now - log_lag_of(self._clock)  # later than that nothing is recorded, and what is not due yet is none
        lease = self._owned.lease
        first = await lease.call("ZRANGE", lease.keys.timers, 0, 0, "WITHSCORES")
        if not first or int(float(first[1])) > by_log:
            return
        limit = min(by_log, await self._intake_progress())
        most = _AT_ONCE + len(self._appended)
        flat = await lease.call("ZRANGEBYSCORE", lease.keys.timers, "-inf", limit, "WITHSCORES", "LIMIT", 0, most)
        due = {member: int(float(score)) for member, score in zip(flat[::2], flat[1::2], strict=True)}
        self._appended = {m: known for m, known in self._appended.items() if due.get(m) == known[0]}
        fresh = {
            member: when
            for member, when in due.items()
            if member not in self._appended or machine - self._appended[member][1] > _REPEAT_S
        }
        if fresh:
            records = [_record(member, when, now) for member, when in fresh.items()]
            await append(self._owned.emitters, self._topic, self._owned.number, records)
            self._appended.update({member: (when, machine) for member, when in fresh.items()})
            self._metrics.timers.inc(len(fresh))

    async def _intake_progress(self) -> Millis:
        """The recorded time up to which every partition of transactions has been applied; 0 if that cannot be told."""
        look = self._owned.lease.look_elsewhere
        asked = (look("HGET", transactions(n).meta, "progress") for n in range(self._partitions))
        try:
            return min(int(answer or 0) for answer in await asyncio.gather(*asked))
        except ElsewhereError:  # a node is away: nobody is called absent meanwhile
            return 0


def _record(member: bytes, due: Millis, now: Millis) -> tuple[bytes | None, bytes]:
    merchant, _, customer = member.decode().rpartition(":")
    event = TimerDue(merchant=merchant, customer=customer, at=now, due=due)
    return key_of(merchant, customer), encode_event(event)

"""Timers of a partition of customers: due ones are appended to its own stream, where they apply if still true.

Only an owner that has caught up looks, and only up to the time to which intake has got: a backlog of purchases must
not make anybody look absent. What was read and changed nothing is appended again after a while; the state tells
repeats. What was not read yet is on its way: while steps cannot be committed, nothing is added to it beyond one step's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from itertools import islice
from typing import Final, NamedTuple

from stamgast.clock.bounded import log_lag_of
from stamgast.clock.shop_time import Clock
from stamgast.domain.events import TimerDue, encode_event, key_of
from stamgast.domain.units import Millis
from stamgast.state.errors import ElsewhereError
from stamgast.state.keys import transactions
from stamgast.state.partition_meta import PROGRESS
from streams.metrics import Metrics
from streams.runtime.emission import append
from streams.runtime.job import OwnedPartition

_AT_ONCE: Final = 500
_MOST_UNDER_WAY: Final = 1_000
"""So many may be appended and not applied yet, a step's: a million due at once are appended as fast as they apply."""
_REPEAT_S: Final = 30.0
_ASK_AGAIN_S: Final = 1.0


class _Appended(NamedTuple):
    """A timer that was appended, and where; `at`: when (monotonic)."""

    due: Millis
    offset: int
    at: float


class _First(NamedTuple):
    """When the first timer is due; None where there is none."""

    due: Millis | None
    asked_at: tuple[int, int]


class Timers:
    """The timers of one owned partition, looked at a window at a time."""

    def __init__(self, owned: OwnedPartition, topic: str, partitions: int, clock: Clock, metrics: Metrics) -> None:
        self._owned = owned
        self._topic = topic
        self._partitions = partitions
        self._clock = clock
        self._metrics = metrics
        self._appended: dict[bytes, _Appended] = {}
        self._first: _First | None = None
        self._begin = 0
        """Rank of the first timer of the window: beyond those that are under way, or wait for their merchant."""

    async def look(self, in_force: Collection[str]) -> None:
        """Append what is due of merchants who have a bundle in force. Raises StateError or EmitError."""
        now, machine = self._clock.now(), time.monotonic()
        by_log = now - log_lag_of(self._clock)  # later than that nothing is recorded, and what is not due yet is none
        if not await self._any_is_due(by_log, machine):
            return
        limit = min(by_log, await self._intake_progress())
        await self._forget_what_came_back(machine)
        due = await self._window(limit)
        room = _MOST_UNDER_WAY - len(self._appended)
        fresh = {
            member: when
            for member, when in due.items()
            if member not in self._appended and member.rpartition(b":")[0].decode() in in_force
        }
        fresh = dict(islice(fresh.items(), max(0, room)))
        if fresh:
            records = [_record(member, when, now) for member, when in fresh.items()]
            offsets = await append(self._owned.emitters, self._topic, self._owned.number, records)
            for (member, when), offset in zip(fresh.items(), offsets, strict=True):
                self._appended[member] = _Appended(when, offset, machine)
            self._metrics.timers.inc(len(fresh))
            self._begin = 0
        elif room > 0:  # nothing here is to be appended: the next look goes on behind it
            self._begin = self._begin + _AT_ONCE if len(due) == _AT_ONCE else 0

    async def _any_is_due(self, by_log: Millis, machine: float) -> bool:
        """Whether the first is; asked of Redis after each step, and once a second, for others may set timers too."""
        lease, first = self._owned.lease, self._first
        asked_at = (lease.watermark, int(machine / _ASK_AGAIN_S))
        if first is None or first.asked_at != asked_at:
            found = await lease.call("ZRANGE", lease.keys.timers, 0, 0, "WITHSCORES")
            first = self._first = _First(int(float(found[1])) if found else None, asked_at)
        return first.due is not None and first.due <= by_log

    async def intake_has_reached(self) -> Millis:
        """The recorded time up to which every purchase has been told to its customer."""
        return await self._intake_progress()

    async def _window(self, limit: Millis) -> dict[bytes, Millis]:
        """Some of the timers that are due, with their moments."""
        lease, last = self._owned.lease, self._begin + _AT_ONCE - 1
        flat = await lease.call("ZRANGE", lease.keys.timers, self._begin, last, "WITHSCORES")
        each = ((member, int(float(score))) for member, score in zip(flat[::2], flat[1::2], strict=True))
        return {member: when for member, when in each if when <= limit}

    async def _forget_what_came_back(self, machine: float) -> None:
        """It has another timer now, or none; and what was read long ago and changed nothing is appended again.

        What is still to be read is not, however long that takes: it would only stand there twice.
        """
        if not self._appended:
            return
        lease = self._owned.lease
        scores = await lease.call("ZMSCORE", lease.keys.timers, *self._appended)
        self._appended = {
            member: known
            for (member, known), score in zip(self._appended.items(), scores, strict=True)
            if score is not None and int(float(score)) == known.due
            if known.offset > lease.watermark or machine - known.at <= _REPEAT_S
        }

    async def _intake_progress(self) -> Millis:
        """The recorded time up to which every partition of transactions has been applied; 0 if that cannot be told."""
        look = self._owned.lease.look_elsewhere
        asked = (look("HGET", transactions(n).meta, PROGRESS.name) for n in range(self._partitions))
        try:
            return min(PROGRESS.read(answer) for answer in await asyncio.gather(*asked))
        except ElsewhereError:  # a node is away: nobody is called absent meanwhile
            return 0


def _record(member: bytes, due: Millis, now: Millis) -> tuple[bytes | None, bytes]:
    merchant, _, customer = member.decode().rpartition(":")
    event = TimerDue(merchant=merchant, customer=customer, at=now, due=due)
    return key_of(merchant, customer), encode_event(event)

"""After a new bundle: whose timer belongs earlier now, by its programme, its rules or a model fitted anew?

A timer that belongs later is found out when it fires, one that belongs earlier only by looking. So the owner goes
through its partition's customers once per bundle, a few at a time, and appends a `Reviewed` for each that would move
earlier. An event of the customer's own finds out by itself, and all of them agree: the plan follows from the state.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from stamgast.clock.shop_time import Clock
from stamgast.domain.customer import decode_customer
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import Reviewed, encode_event, key_of
from stamgast.domain.lifecycle import quiet_timers
from stamgast.domain.units import Millis
from stamgast.service import Bundle
from stamgast.service.awaited import wanted as timers_of_rules
from stamgast.service.plans import due_by
from stamgast.state.meta_fields import Word
from stamgast.state.partition_meta import REVIEWED
from stamgast.state.roll import some_of
from streams.metrics import Metrics
from streams.runtime.emission import append
from streams.runtime.job import OwnedPartition

FindBundle = Callable[[str], Awaitable[Bundle | None]]
"""Merchant -> its bundle in force."""

_AT_ONCE: Final = 200
"""Customers at a look. There are five looks a second, so a million of them in a partition take a quarter of an hour."""
_OF_A_MERCHANT: Final = 10
"""Customers whose looking at takes as long as finding out that a merchant has no more of them."""


class Review:
    """Goes through the customers of one owned partition. `look` does a little of it."""

    def __init__(self, owned: OwnedPartition, topic: str, clock: Clock, metrics: Metrics) -> None:
        self._owned = owned
        self._topic = topic
        self._clock = clock
        self._metrics = metrics
        self._reviewed = REVIEWED.of(owned.lease.meta)
        self._unnoted: dict[str, int] = {}
        self._by: dict[str, int] = {}
        self._left: list[str] = []
        """Merchants whose customers are still to be gone through, and those of the last one from this place on."""
        self._next = 0
        self._idle_at = (0, 0)
        """Merchants and the sum of their numbers, which only rise, when there was nothing to review."""
        self._told_at = -1
        """Offset of the last event that it appended."""

    def to_note(self) -> dict[str, Word]:
        """Fields of meta for the next step to write; they only save doing it again, so none is told twice."""
        fields = REVIEWED.written(self._unnoted)
        self._unnoted = {}
        return fields

    async def look(self, find: FindBundle, numbers: Mapping[str, int]) -> None:
        """Look at the next few customers, if any bundle is new (`numbers`: that of each merchant's newest barrier).

        Nothing is added to what it appended before that was applied. Raises StateError or EmitError.
        """
        if self._told_at > self._owned.lease.watermark:
            return
        if not self._left:
            if self._idle_at == (known := (len(numbers), sum(numbers.values()))):
                return
            self._by = {m: number for m, number in numbers.items() if number > self._reviewed.get(m, -1)}
            if not self._by:
                self._idle_at = known
                return
            self._left = sorted(self._by)
        lease, room = self._owned.lease, _AT_ONCE
        while self._left and room > 0:
            merchant = self._left[-1]
            some = await some_of(lease.call, lease.keys, merchant, self._next, room)
            await self._review(merchant, some, find)
            self._next += len(some)
            if len(some) < room:
                self._left.pop()
                self._next = 0
            room -= max(len(some), _OF_A_MERCHANT)
        if not self._left:
            # By the number with which it began: a bundle that came meanwhile has a review of its own.
            self._reviewed.update(self._by)
            self._unnoted.update(self._by)

    async def _review(self, merchant: str, names: Sequence[str], find: FindBundle) -> None:
        if not names:
            return
        lease, now, bundle = self._owned.lease, self._clock.now(), await find(merchant)
        if bundle is None:
            return
        values = await lease.call("MGET", *(lease.keys.customer(merchant, name) for name in names))
        records: list[tuple[bytes | None, bytes]] = []
        for customer, value in zip(names, values, strict=True):
            if value is not None and _belongs_earlier(value, bundle, now):
                event = Reviewed(merchant=merchant, customer=customer, at=now)
                records.append((key_of(merchant, customer), encode_event(event)))
        if records:
            self._told_at = (await append(self._owned.emitters, self._topic, self._owned.number, records))[-1]
            self._metrics.reviewed.inc(len(records))


def _belongs_earlier(value: bytes, bundle: Bundle, now: Millis) -> bool:
    try:
        state = decode_customer(value)
    except UNREADABLE:  # the steps tell of it
        return False
    held = state.timers
    wanted = [*quiet_timers(state, bundle.program).items(), *timers_of_rules(state, bundle, now).items()]
    if any(due < held.get(name, due + 1) for name, due in wanted):
        return True
    now_due = ((due_by(bundle, each), each.release_at) for each in state.moving)
    return any(due is not None and due < release_at for due, release_at in now_due)

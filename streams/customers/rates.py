"""After a new bundle: which purchases waited for a rate that it brings?

The owner goes through its list of what waits, once per bundle and at each taking, and appends a `RateKnown` for each of
them. What that comes to is decided as every other event is, so that every reading of the log agrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stamgast.clock.shop_time import Clock
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import RateKnown, encode_event, key_of
from stamgast.domain.exchange import is_known
from stamgast.domain.program import Program
from stamgast.domain.review import Waiting, decode_waiting
from streams.customers.replan import FindBundle
from streams.runtime.emission import append
from streams.runtime.job import OwnedPartition

_AT_ONCE: Final = 200


class AwaitedRates:
    """Those of one owned partition. `look` does a little of it."""

    def __init__(self, owned: OwnedPartition, topic: str, clock: Clock) -> None:
        self._owned = owned
        self._topic = topic
        self._clock = clock
        self._looked_at: dict[str, int] = {}
        """merchant -> number of the bundle by which its list was gone through."""
        self._by: dict[str, int] = {}
        self._cursor: bytes | None = None
        self._told_at = -1
        """Offset of the last event that it appended."""

    async def look(self, find: FindBundle, numbers: Mapping[str, int]) -> None:
        """Look at some of what waits, if any bundle is new (`numbers`: that of each merchant's newest barrier).

        Nothing is added to what it appended before that was applied. Raises StateError or EmitError.
        """
        if self._told_at > self._owned.lease.watermark:
            return
        if self._cursor is None:
            if self._looked_at == numbers:
                return
            self._by = dict(numbers)
            self._cursor = b"0"
        lease = self._owned.lease
        cursor, words = await lease.call("HSCAN", lease.keys.review, self._cursor, "COUNT", _AT_ONCE)
        pairs = iter(words)
        await self._tell(dict(zip(pairs, pairs, strict=True)), find)
        self._cursor = None if cursor == b"0" else cursor
        if self._cursor is None:
            self._looked_at = self._by

    async def _tell(self, listed: Mapping[bytes, bytes], find: FindBundle) -> None:
        records: list[tuple[bytes | None, bytes]] = []
        for name, value in listed.items():
            merchant, customer, transaction = name.decode().split(":", 2)
            if self._by.get(merchant, -1) <= self._looked_at.get(merchant, -1):
                continue
            waiting = _for_a_rate(value)
            bundle = None if waiting is None else await find(merchant)
            if waiting is not None and bundle is not None and _is_there(waiting, bundle.program):
                event = RateKnown(
                    merchant=merchant,
                    customer=customer,
                    at=self._clock.now(),
                    transaction=transaction,
                    seen=waiting.seen,
                )
                records.append((key_of(merchant, customer), encode_event(event)))
        if records:
            self._told_at = (await append(self._owned.emitters, self._topic, self._owned.number, records))[-1]


def _for_a_rate(value: bytes) -> Waiting | None:
    try:
        waiting = decode_waiting(value)
    except UNREADABLE:  # `purchases review` tells of it
        return None
    return waiting if waiting.why.kind == "rate" else None


def _is_there(waiting: Waiting, program: Program) -> bool:
    return is_known(waiting.why.currency, program.currency, program.rates, waiting.why.found)

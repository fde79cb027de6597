"""Vouchers of a partition that wait for a code of the shop's own: the owner answers on the log, from its shelf.

It reads what is wanted beside the states. Where the shelf has no more it wishes for some, on the log of the partition
that the pools stand with, and answers once they have come. What it says is believed only as far as the shelf goes
(`streams.customers.code_pools`), so an owner that is paused, or knows less than the next one, gives no code twice.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from stamgast.clock.shop_time import Clock
from stamgast.domain.code_events import CodeGiven, CodesWished
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import AnyEvent, encode_event, key_of
from stamgast.domain.shop_codes import Name, Shelf, Want, decode_want
from streams.customers.code_pools import POOL
from streams.customers.in_force import Standing
from streams.runtime.emission import append
from streams.runtime.job import OwnedPartition

_AT_ONCE: Final = 500
"""Answers that are appended before they are applied."""
_LOST_S: Final = 10.0
"""What was wished for and has not come by then is wished for again, under its number."""
_ASK_AGAIN_S: Final = 30.0
"""So long a pool that had nothing is not asked again."""


class _Wished(NamedTuple):
    number: int
    at: float


class CodeDesk:
    """Answers what one owned partition wants of pools; `look` does some of it."""

    def __init__(self, owned: OwnedPartition, topic: str, partitions: int, clock: Clock) -> None:
        self._owned = owned
        self._topic = topic
        self._partitions = partitions
        self._clock = clock
        self._told_at = -1
        """Offset of the last answer."""
        self._may_want = True
        """Something may stand there from before."""
        self._cursor = b"0"
        self._wished: dict[Name, _Wished] = {}

    async def look(self, standing: Standing) -> None:
        """Answer what can be answered. Raises StateError or EmitError."""
        if self._told_at > self._owned.lease.watermark:
            return
        if not self._may_want and not any(bundle.codes for bundle in standing.in_force.values()):
            return
        wants = await self._wants()
        self._may_want = bool(wants) or self._cursor != b"0"
        answers: list[AnyEvent] = []
        for name in dict.fromkeys((want.merchant, want.reward) for want in wants):
            of_name = [want for want in wants if (want.merchant, want.reward) == name]
            answers += await self._answers(name, of_name, standing.codes.shelves.get(name, Shelf()))
        if answers:
            self._told_at = await self._tell(self._owned.number, answers)

    async def _wants(self) -> list[Want]:
        """Some of them, the next look has others: the oldest first."""
        lease = self._owned.lease
        found: list[Want] = []
        while len(found) < _AT_ONCE:
            self._cursor, words = await lease.call("HSCAN", lease.keys.wants, self._cursor, "COUNT", _AT_ONCE)
            found += filter(None, map(_readable, words[1::2]))
            if self._cursor == b"0":
                break
        return sorted(found, key=lambda want: (want.at, want.customer, want.voucher))

    async def _answers(self, name: Name, wants: Sequence[Want], shelf: Shelf) -> Sequence[CodeGiven]:
        given = [self._said(want, code) for want, code in zip(wants, shelf.codes, strict=False)]
        lacking = wants[len(given) :]
        if not lacking:
            return given
        if self._is_empty(name, shelf):
            return [*given, *(self._said(want) for want in lacking if not want.owed)]
        wished = self._wished.get(name)
        if wished is None or wished.number <= shelf.number or time.monotonic() - wished.at >= _LOST_S:
            event = CodesWished(
                merchant=name[0], customer="", at=self._clock.now(), reward=name[1], by=self._owned.number,
                of=self._partitions, number=shelf.number + 1, need=len(lacking),
            )  # fmt: skip
            await self._tell(POOL, [event])
            self._wished[name] = _Wished(shelf.number + 1, time.monotonic())
        return given

    def _is_empty(self, name: Name, shelf: Shelf) -> bool:
        """Whether the pool has said lately that it has none."""
        wished = self._wished.get(name)
        if wished is None or not shelf.dry or wished.number != shelf.number:
            return False
        return time.monotonic() - wished.at < _ASK_AGAIN_S

    def _said(self, want: Want, code: str = "") -> CodeGiven:
        return CodeGiven(
            merchant=want.merchant, customer=want.customer, at=self._clock.now(),
            voucher=want.voucher, reward=want.reward, code=code,
        )  # fmt: skip

    async def _tell(self, partition: int, events: Sequence[AnyEvent]) -> int:
        records = [(key_of(event.merchant, event.customer), encode_event(event)) for event in events]
        return (await append(self._owned.emitters, self._topic, partition, records))[-1]


def _readable(value: bytes) -> Want | None:
    try:
        return decode_want(value)
    except UNREADABLE:  # `verify` tells of it
        return None

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
from stamgast.domain.events import AnyEvent
from stamgast.domain.shop_codes import Name, Shelf, Want, decode_want
from streams.customers.code_pools import POOL
from streams.customers.desk import Desk
from streams.customers.in_force import Standing
from streams.runtime.job import OwnedPartition

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
        self._number = owned.number
        self._partitions = partitions
        self._clock = clock
        self._desk = Desk(owned, topic, owned.lease.keys.wants, decode_want, _oldest)
        self._wished: dict[Name, _Wished] = {}

    async def look(self, standing: Standing) -> None:
        """Answer what can be answered. Raises StateError or EmitError."""
        if self._desk.is_idle(comes=any(bundle.codes for bundle in standing.in_force.values())):
            return
        wants = await self._desk.waiting()
        answers: list[AnyEvent] = []
        for name in dict.fromkeys((want.merchant, want.reward) for want in wants):
            of_name = [want for want in wants if (want.merchant, want.reward) == name]
            answers += await self._answers(name, of_name, standing.codes.shelves.get(name, Shelf()))
        await self._desk.answer(answers)

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
                merchant=name[0], customer="", at=self._clock.now(), reward=name[1], by=self._number,
                of=self._partitions, number=shelf.number + 1, need=len(lacking),
            )  # fmt: skip
            await self._desk.tell(POOL, [event])
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


def _oldest(want: Want) -> tuple[object, ...]:
    return want.at, want.customer, want.voucher

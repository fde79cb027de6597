"""What happens when: a week at the bakery, fifteen months of records at once, then three months day by day."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from stamgast.demo.cdnow import LIVE_FROM, Receipt, day_of
from stamgast.demo.record_shop import RecordShop
from stamgast.demo.shop_time import ShopTime
from stamgast.demo.till import PRODUCTS, Till
from stamgast.domain.calendar import at_local
from stamgast.domain.units import Day, Millis
from stamgast.logs import get_logger

log = get_logger(__name__)

FIRST_DAY: Final = date(1998, 3, 24)
"""Where shop time starts: a week before the live part."""
BATCH: Final = 1_000
_ENROL_AT_ONCE: Final = 64
_MORNING: Final = 6 * 60
_TILL_OPENS: Final = 9 * 60 + 15
_NOON: Final = 12 * 60
_COFFEE_DAYS: Final = frozenset({0, 2, 4})
_BREAD_DAYS: Final = 7

Step = Callable[[int, int], Awaitable[None]]


def starts_at(zone: str) -> Millis:
    """Return the moment at which shop time starts."""
    return at_local(day_of(FIRST_DAY), _MORNING, zone)


@dataclass(frozen=True, slots=True)
class Pace:
    """How many seconds of the machine's time a shop day takes at least, while purchases last and after them."""

    live_s: float = 0.0
    after_s: float = 0.0


class Driver:
    """Plays the days in order. `stopping` ends it between two steps, so that nothing sent stays unaccounted."""

    def __init__(
        self, till: Till, records: RecordShop, receipts: Sequence[Receipt], shop_time: ShopTime, stopping: asyncio.Event
    ) -> None:
        self.phase = "opening"
        """`opening`, `bakery`, `enrolment`, `history`, `live`, `after`."""
        self._till = till
        self._records = records
        self._time = shop_time
        self._stopping = stopping
        live_from = day_of(LIVE_FROM)
        self._history = [receipt for receipt in receipts if receipt.day < live_from]
        self._live: dict[Day, list[Receipt]] = {}
        for receipt in receipts:
            if receipt.day >= live_from:
                self._live.setdefault(receipt.day, []).append(receipt)

    async def play(self, pace: Pace) -> None:
        """Play it all, or until told to stop; with `after_s`, days go on when the log has ended."""
        for phase, part in (
            ("bakery", self._bakery_week),
            ("enrolment", self._enrol),
            ("history", self._send_history),
        ):
            if not self._stopping.is_set():
                self._enter(phase)
                await part()
        self._enter("live")
        last = max(self._live, default=day_of(LIVE_FROM))
        for day in range(day_of(LIVE_FROM), last + 1):
            await self._play_day(day, pace.live_s)
        if pace.after_s:
            self._enter("after")
            while not self._stopping.is_set():
                last += 1
                await self._play_day(last, pace.after_s)

    def _enter(self, phase: str) -> None:
        if not self._stopping.is_set():
            self.phase = phase
            log.info("phase", phase=phase)

    async def _bakery_week(self) -> None:
        """One regular buys a loaf a day, and the seventh fills the card; the others come for coffee now and then."""
        loyal, *others = self._till.regulars
        for number in range(_BREAD_DAYS):
            if self._stopping.is_set():
                return
            day = day_of(FIRST_DAY) + number
            await self._time.pass_to(at_local(day, _TILL_OPENS, self._till.program.time_zone))
            await self._till.sell(loyal, PRODUCTS["bread"])
            if number in _COFFEE_DAYS:
                for other in others:
                    await self._till.sell(other, PRODUCTS["coffee"])
        regretful = others[-1]  # whose card must be empty again in the end
        await self._till.sell(regretful, PRODUCTS["bread"])
        await self._till.refund_last(regretful)

    async def _enrol(self) -> None:
        await self._time.pass_to(at_local(day_of(LIVE_FROM), _MORNING, self._records.program.time_zone))
        numbers = sorted({receipt.customer for part in (self._history, *self._live.values()) for receipt in part})
        await self._in_pieces(len(numbers), _ENROL_AT_ONCE, lambda a, b: self._records.enrol(numbers[a:b]))

    async def _send_history(self) -> None:
        known = [receipt for receipt in self._history if receipt.customer in self._records.ids]
        await self._in_pieces(len(known), BATCH, lambda a, b: self._records.send(known[a:b]))

    async def _in_pieces(self, total: int, size: int, step: Step) -> None:
        for start in range(0, total, size):
            if self._stopping.is_set():
                return
            await step(start, min(start + size, total))

    async def _play_day(self, day: Day, least_s: float) -> None:
        """Send the day's receipts at their hours; then rest at an hour at which the till is open."""
        began = time.monotonic()
        for moment, receipts in sorted(self._by_moment(self._live.get(day, ())).items()):
            if self._stopping.is_set():
                return
            await self._time.pass_to(moment)
            async with self._time.still:
                await self._records.send(receipts)
        if not self._stopping.is_set():
            await self._time.pass_to(max(self._time.now(), at_local(day, _NOON, self._till.program.time_zone)))
        await self._rest(least_s - (time.monotonic() - began))

    def _by_moment(self, receipts: Sequence[Receipt]) -> dict[Millis, list[Receipt]]:
        moments: dict[Millis, list[Receipt]] = {}
        for receipt in receipts:
            if receipt.customer in self._records.ids:
                moments.setdefault(self._records.moment_of(receipt), []).append(receipt)
        return moments

    async def _rest(self, seconds: float) -> None:
        if seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._stopping.wait()
            except TimeoutError:
                return

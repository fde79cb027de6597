"""What happens when: a week at the bakery, fifteen months of records at once, then three months day by day.

The record shop knows its old customers by phone alone. In the first six weeks of the live part it invites them, so many
a day, those who come back first; whoever has joined and consented may hear from it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
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
_ENROLLED_AT_ONCE: Final = 32
_INVITED_A_DAY: Final = 60
"""So that all have been invited after six weeks."""
_MORNING: Final = 6 * 60
_TILL_OPENS: Final = 9 * 60 + 15
_NOON: Final = 12 * 60
_COFFEE_DAYS: Final = frozenset({0, 2, 4})
_BREAD_DAYS: Final = 7


class Phase(StrEnum):
    """What is being played."""

    OPENING = "opening"
    BAKERY = "bakery"
    """A week at the bakery."""
    HISTORY = "history"
    """Fifteen months of records arrive at once."""
    LIVE = "live"
    AFTER = "after"
    """The purchase log has ended; days go on."""


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
        self.phase = Phase.OPENING
        self._goes_on = asyncio.Event()
        self._goes_on.set()
        self._till = till
        self._records = records
        self._time = shop_time
        self._stopping = stopping
        live_from = day_of(LIVE_FROM)
        self._history = [receipt for receipt in receipts if receipt.day < live_from]
        self._last_day = max((receipt.day for receipt in receipts), default=live_from)
        self._to_invite = _by_need(receipts, live_from)
        self._live: dict[Day, list[Receipt]] = {}
        for receipt in receipts:
            if receipt.day >= live_from:
                self._live.setdefault(receipt.day, []).append(receipt)

    @property
    def is_held(self) -> bool:
        """Say whether shop time stands still because somebody wants to look at something."""
        return not self._goes_on.is_set()

    def hold(self) -> None:
        """Let shop time stand still before its next step: what is bought at the till happens nevertheless."""
        self._goes_on.clear()

    def go_on(self) -> None:
        """Let shop time pass again."""
        self._goes_on.set()

    async def play(self, pace: Pace, hold_on: Day | None = None) -> None:
        """Play it all, or until told to stop; with `after_s`, days go on when the log has ended.

        `hold_on` is a day at whose end shop time is held; all before it goes as fast as it can.
        """
        for phase, part in ((Phase.BAKERY, self._bakery_week), (Phase.HISTORY, self._send_history)):
            if not self._stopping.is_set():
                self._enter(phase)
                await part()
        self._enter(Phase.LIVE)
        day = day_of(LIVE_FROM)
        while not self._stopping.is_set() and (day <= self._last_day or pace.after_s):
            if day == self._last_day + 1:
                self._enter(Phase.AFTER)
            least_s = pace.live_s if day <= self._last_day else pace.after_s
            await self._play_day(day, 0 if hold_on is not None and day <= hold_on else least_s)
            if day == hold_on:
                self.hold()
            day += 1

    async def _while_held(self) -> None:
        """Wait until shop time may pass, or all is over."""
        if not self.is_held:
            return
        waits = [asyncio.create_task(each.wait()) for each in (self._goes_on, self._stopping)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    def _enter(self, phase: Phase) -> None:
        if not self._stopping.is_set():
            self.phase = phase
            log.info("phase", phase=phase)

    async def _bakery_week(self) -> None:
        """One regular buys a loaf a day, and the seventh fills the card; the others come for coffee now and then.

        Whom somebody at the page serves, the story leaves alone: a coffee in between would change what they do.
        """
        loyal, *others = self._till.regulars
        for number in range(_BREAD_DAYS):
            await self._while_held()
            if self._stopping.is_set():
                return
            day = day_of(FIRST_DAY) + number
            await self._time.pass_to(at_local(day, _TILL_OPENS, self._till.program.time_zone))
            await self._till.play(loyal, PRODUCTS["bread"])
            if number in _COFFEE_DAYS:
                for other in others:
                    await self._till.play(other, PRODUCTS["coffee"])
        regretful = others[-1]  # whose card must be empty again in the end
        if receipt := await self._till.play(regretful, PRODUCTS["bread"]):
            await self._till.regret(receipt)

    async def _send_history(self) -> None:
        """All of it is recorded on the first live morning: old news, which changes states and sends nothing."""
        await self._time.pass_to(at_local(day_of(LIVE_FROM), _MORNING, self._records.program.time_zone))
        for start in range(0, len(self._history), BATCH):
            if self._stopping.is_set():
                return
            await self._records.send(self._history[start : start + BATCH])

    async def _play_day(self, day: Day, least_s: float) -> None:
        """Send the day's receipts at their hours, invite some customers at noon, and rest while the till is open."""
        began = time.monotonic()
        noon = at_local(day, _NOON, self._till.program.time_zone)
        moments: dict[Millis, list[Receipt]] = {noon: []}
        for receipt in self._live.get(day, ()):
            moments.setdefault(self._records.moment_of(receipt), []).append(receipt)
        for moment, receipts in sorted(moments.items()):
            await self._while_held()
            if self._stopping.is_set():
                return
            await self._time.pass_to(moment)
            if moment == noon:
                await self._invite()
            if receipts:
                async with self._time.still:
                    await self._records.send(receipts)
        await self._rest(least_s - (time.monotonic() - began))

    async def _invite(self) -> None:
        """Enrol the next few customers: who has consented to nothing yet hears nothing yet."""
        some, self._to_invite = self._to_invite[:_INVITED_A_DAY], self._to_invite[_INVITED_A_DAY:]
        for start in range(0, len(some), _ENROLLED_AT_ONCE):
            if self._stopping.is_set():
                return
            await self._records.enrol(some[start : start + _ENROLLED_AT_ONCE])

    async def _rest(self, seconds: float) -> None:
        if seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._stopping.wait()
            except TimeoutError:
                return


def _by_need(receipts: Sequence[Receipt], live_from: Day) -> list[int]:
    """Order customers for invitation: first those who come back in the live part, in the order of their visits."""
    back = [receipt.customer for receipt in receipts if receipt.day >= live_from]
    return list(dict.fromkeys([*back, *(receipt.customer for receipt in receipts)]))

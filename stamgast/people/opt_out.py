"""STOP and START, from the log to each customer with that phone: their stream, then the mark in their slot.

What was said stands in `suppressions.v1` first. Whoever finishes it does what the log says by now, alone with that
phone, so that it can be repeated, and so that STOP and START that cross end as they stand in the log. A process may be
cut short in between, or may not know yet whose phone it is: `Unfinished` follows that topic and finishes what is left.
"""

import asyncio
import hashlib
import itertools
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol, TypeVar

from stamgast.clock.bounded import ClockUnknownError
from stamgast.clock.pauses import pause_after
from stamgast.clock.shop_time import Clock
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import OptedIn, OptedOut, encode_event, key_of
from stamgast.domain.units import Millis
from stamgast.identity.records import Suppression, decode_entry, split_key
from stamgast.log.appender import Appender, NotAppendedError
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.state.errors import StateError
from stamgast.state.identities import IdentityStore
from stamgast.state.keys import customers
from stamgast.state.views import NotLoadedError

log = get_logger(__name__)

NOT_NOW: Final = (NotLoadedError, NotAppendedError, StateError, ClockUnknownError)
"""What passes: the same is tried again."""

FINISHED_S: Final = 1.0
"""So long whoever said it waits for the rest; then the log has to do. The carrier waits for 15 s, and posts it once."""
_GRACE_S: Final = 2.0
"""Whoever was told finishes it within that; then others do."""
_LOOK_S: Final = 0.5
_AGAIN_S: Final = 0.25
_AT_ONCE: Final = 32
"""Phones that are looked at side by side, here and by whoever was told: what is said goes into the log first."""

Phone = tuple[str, str]
"""Merchant and phone hash."""
T = TypeVar("T")


class Marks(Protocol):
    """What is done to the marks in the slots."""

    async def exists(self, key: str) -> Any:
        """Say whether there is such a key."""
        ...

    async def set(self, key: str, value: Millis) -> Any:
        """Give a key a value."""
        ...

    async def delete(self, key: str) -> Any:
        """Forget a key."""
        ...


class Stops:
    """See the module."""

    def __init__(
        self, identities: IdentityStore, appender: Appender, topics: Topics, marks: Marks, *, clock: Clock
    ) -> None:
        self._identities = identities
        self._appender = appender
        self._topics = topics
        self._marks = marks
        self._clock = clock
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._finishing: set[asyncio.Future[Any]] = set()

    @property
    def ready(self) -> bool:
        """Say whether it is known whose phone is whose."""
        return self._identities.loaded

    async def whoever_goes_away(self, work: Coroutine[Any, Any, T]) -> T:
        """Do this to its end, though the request that it came with be ended: where there is too much to do that takes
        too long, and what a person said is not said again.
        """
        going_on = asyncio.create_task(work)
        self._finishing.add(going_on)
        going_on.add_done_callback(self._ended)
        return await asyncio.shield(going_on)

    def _ended(self, work: asyncio.Task[Any]) -> None:
        self._finishing.discard(work)
        if not work.cancelled() and (error := work.exception()) is not None:  # whoever waits hears it as well
            log.warning("a STOP or START could not be carried out", why=type(error).__name__)

    async def carry_out(
        self,
        merchant: str,
        phone_hash: str,
        *,
        message: str,
        stopped: bool,
        channel: str,
        within_s: float,
        finished_within_s: float = FINISHED_S,
    ) -> bool:
        """Log what was said, waiting for that for `within_s`, and bring it to each customer.

        Returns whether all of it is done. If not `finished_within_s`, it is in the log, and whoever can finishes it.

        A `message` that was heeded before changes nothing, however much later it comes again: whoever captured a START
        could lift a STOP with it. What it began is finished, if that was cut short.

        Raises:
            NotLoadedError, StateError: a START is not in the log; it has to be said again.
            NotAppendedError: nothing is sure; it has to be said again.
        """
        at, deadline = self._clock.now(), time.monotonic() + within_s
        if stopped:
            await self._stop(merchant, phone_hash, at, message)
        else:
            await _insist(lambda: self._start(merchant, phone_hash, at, message), deadline)
        finishing = asyncio.create_task(self._finish_soon(merchant, phone_hash, channel, finished_within_s))
        self._finishing.add(finishing)
        finishing.add_done_callback(self._finishing.discard)
        await asyncio.wait({finishing}, timeout=finished_within_s)
        return finishing.done() and finishing.result()

    async def _finish_soon(self, merchant: str, phone_hash: str, channel: str, within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        try:
            async with self._room:
                await _insist(lambda: self.finish(merchant, phone_hash, channel=channel, heard=True), deadline)
        except NOT_NOW as error:
            log.info("a STOP or START is in the log and is finished later", merchant=merchant, why=str(error))
            return False
        return True

    async def _stop(self, merchant: str, phone_hash: str, at: Millis, message: str) -> None:
        """A STOP is logged even while nobody can say whether it was heard before, be Redis away or being read."""
        with suppress(NotLoadedError, StateError):
            if await self._identities.heard(merchant, message):
                return
        with suppress(NotLoadedError, StateError):  # of the view: by then Kafka has it
            await self._identities.record_stop(merchant, phone_hash, at, message)

    async def _start(self, merchant: str, phone_hash: str, at: Millis, message: str) -> None:
        if not await self._identities.heard(merchant, message):
            await self._identities.record_start(merchant, phone_hash, at, message)

    async def finish(self, merchant: str, phone_hash: str, *, channel: str = "", heard: bool = False) -> int:
        """Do what the log says of this phone by now; return for how many customers there was something to do.

        Unless it was just `heard`, what has its mark already (or has none any more) is done: the mark goes last.
        """
        if not heard and not await self._left(merchant, phone_hash):
            return 0
        async with self._identities.alone_with(merchant, phone_hash):
            entry = await self._identities.suppression(merchant, phone_hash)
            found = await self._customers(merchant, phone_hash) if heard else await self._left(merchant, phone_hash)
            if entry is None:
                return 0
            for customer, mark in found:
                await self._bring(entry, merchant, customer, (phone_hash, channel))
                if entry.stopped:
                    await self._marks.set(mark, entry.at)
                else:
                    await self._marks.delete(mark)
        return len(found)

    async def _left(self, merchant: str, phone_hash: str) -> list[tuple[str, str]]:
        """Customers whose mark is not what the log says, with the names of their marks."""
        entry = await self._identities.suppression(merchant, phone_hash)
        if entry is None:
            return []
        found = await self._customers(merchant, phone_hash)
        return [(customer, mark) for customer, mark in found if bool(await self._marks.exists(mark)) != entry.stopped]

    async def _customers(self, merchant: str, phone_hash: str) -> list[tuple[str, str]]:
        found = await self._identities.customers_of_phone(merchant, phone_hash)
        return [(customer, self._mark(merchant, customer, phone_hash)) for customer in found]

    def _mark(self, merchant: str, customer: str, phone_hash: str) -> str:
        partition = self._appender.partition_of(self._topics.customer_events, key_of(merchant, customer))
        return customers(partition).stop(merchant, phone_hash)

    async def _bring(self, entry: Suppression, merchant: str, customer: str, about: tuple[str, str]) -> None:
        """Append it to the customer's stream."""
        phone_hash, channel = about
        kind = OptedOut if entry.stopped else OptedIn
        name = f"{kind.__name__}\x1f{phone_hash}\x1f{entry.at}"
        event = kind(
            merchant=merchant,
            customer=customer,
            at=self._clock.now(),
            id=hashlib.sha256(name.encode()).hexdigest()[:32],
            channel=channel,
        )
        record = (key_of(merchant, customer), encode_event(event))
        await self._appender.append(self._topics.customer_events, [record])


async def _insist(work: Callable[[], Awaitable[object]], deadline: float) -> None:
    failures = 0
    while True:
        try:
            await work()
            return
        except (NotLoadedError, StateError):
            failures += 1
            pause = pause_after(failures, first_s=_AGAIN_S)
            if time.monotonic() + pause > deadline:
                raise
        await asyncio.sleep(pause)


class Unfinished:
    """Follows `suppressions.v1` (as a view of `stamgast.log.tail`) and finishes what nobody finished."""

    def __init__(self, stops: Stops) -> None:
        self._stops = stops
        self._due: dict[Phone, float] = {}
        """Phone -> when to look (monotonic)."""
        self._said_before: dict[Phone, None] = {}
        """What was said before this process came. It may be hundreds of thousands, and nearly all of it is done."""
        self._opened = False
        self._lost = False
        """The view of who is who was lost and read again; with it, Redis may have lost marks."""

    async def run(self) -> None:
        """Look after whatever is due until cancelled."""
        was_loaded, failures = True, 0
        while True:
            self._lost |= self._opened and self._stops.ready and not was_loaded
            was_loaded = self._stops.ready or not self._opened
            now = time.monotonic()
            news = (phone for phone, due in self._due.items() if due <= now)
            piece = list(itertools.islice(itertools.chain(news, self._said_before), _AT_ONCE))
            went_well = all(await asyncio.gather(*(self._finish(phone, now) for phone in piece)))
            failures = 0 if went_well else failures + 1
            if failures:
                await asyncio.sleep(pause_after(failures, first_s=_LOOK_S))
            else:
                await asyncio.sleep(0 if len(piece) == _AT_ONCE else _LOOK_S)

    async def _finish(self, phone: Phone, now: float) -> bool:
        """Finish what was said of a phone; False if that is not possible now."""
        try:
            count = await self._stops.finish(*phone)
        except NOT_NOW:
            return False  # the rest will not fare better now
        self._said_before.pop(phone, None)
        if self._due.get(phone, now) <= now:
            self._due.pop(phone, None)
        if count:
            log.info("finished a STOP or START that was cut short", merchant=phone[0], customers=count)
        return True

    # --- the view ---

    async def positions(self) -> Mapping[tuple[str, int], int]:
        """From the beginning: it is short, and what is done is passed over."""
        return {}

    async def apply(self, records: Sequence[Any], _reached: Mapping[tuple[str, int], int]) -> None:
        """Note whose turn it will be."""
        due = time.monotonic() + _GRACE_S
        for record in records:
            try:
                merchant, _letter, phone_hash = split_key(record.key or b"")
                entry = decode_entry(record.value or b"")
            except UNREADABLE:
                continue  # none of ours
            if not isinstance(entry, Suppression):
                continue
            if self._opened and not self._lost:
                self._due[merchant, phone_hash] = due
            else:
                self._said_before[sys.intern(merchant), phone_hash] = None

    async def open(self) -> None:
        """What comes from now on is new."""
        self._opened, self._lost = True, False

    def close(self) -> None:
        """What was noted stays."""

    async def intact(self) -> bool:
        """Say whether there is no need to look at everything again."""
        return not self._lost

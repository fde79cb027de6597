"""Events of one chunk of a partition of customers, or of what waited: sorted by customer and by the bundle in force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from stamgast.domain.budget_events import BudgetAnswered, BudgetLeased, BudgetWished
from stamgast.domain.campaign_events import CampaignDone, CampaignStarted, CampaignStopped
from stamgast.domain.code_events import CodeGiven, CodesBrought, CodesDealt
from stamgast.domain.draw_events import DrawCalled, DrawDrawn, DrawWished
from stamgast.domain.draws import Draw
from stamgast.domain.errors import UNREADABLE, why_unreadable
from stamgast.domain.event import Event
from stamgast.domain.events import (
    OF_A_PARTITION,
    AnyEvent,
    Barrier,
    RulePaused,
    ScheduleDone,
    ScheduleDue,
    decode_event,
)
from stamgast.domain.feed_events import FeedsTurned
from stamgast.domain.purses import CHEST
from stamgast.domain.recorded import bounded_event, is_ahead
from stamgast.domain.shop_codes import Share
from stamgast.logs import get_logger
from stamgast.service import Bundle
from stamgast.state.backlogs import Backlog
from stamgast.state.clock_marks import is_bounded_at
from stamgast.state.partitions import Lease
from streams.customers.bundles import Bundles
from streams.customers.code_pools import POOL, OfCodes
from streams.customers.drawing import OfDraw
from streams.customers.in_force import Standing, bundle_of, close_draws, come_into_force, pause_rules
from streams.customers.leases import is_paid, lease, note_lease
from streams.customers.parking import Parked, waits
from streams.customers.state_cache import Name
from streams.runtime.job import Record

log = get_logger(__name__)

Believes = Callable[[Record], bool]
"""Whether we wrote a record."""
_WITHOUT_BUNDLE: Final = OF_A_PARTITION - {BudgetWished, DrawWished}
_OF_THE_PARTITION: Final = OF_A_PARTITION | {BudgetAnswered, CodeGiven}  # asked of every record


class Item(msgspec.Struct, frozen=True, gc=False):
    """An event and the record it came in."""

    event: AnyEvent
    record: Record


class Run(msgspec.Struct):
    """Events of one customer under one bundle, in log order. `number` is that of the merchant's newest barrier."""

    bundle: Bundle
    number: int
    items: list[Item] = []
    events: list[AnyEvent] = []
    """Those of the items."""


class Sorting:
    """See the module. It moves `standing` on."""

    def __init__(
        self, lease: Lease, standing: Standing, bundles: Bundles, partition: int, voucher_key: bytes,
        *, believes: Believes | None = None,
    ) -> None:  # fmt: skip
        self.lease = lease
        self.standing = standing
        self.runs: dict[Name, list[Run]] = {}
        self.rejected: list[tuple[Record, str]] = []
        self.repeats = 0
        self.parked: dict[str, list[Parked]] = {}
        self.answers: list[tuple[int, Event]] = []
        """Partition of customers -> what it was leased, or what it is told of a draw."""
        self.brought: dict[Name, list[str]] = {}
        """(merchant, reward) -> codes of the shop's own that came in, behind those of its pool."""
        self._bundles = bundles
        self._partition = partition
        self._voucher_key = voucher_key
        self._believes = believes

    async def sort(self, records: Sequence[Record]) -> None:
        """Group events by customer; barriers change the bundle for what comes after them."""
        standing = self.standing
        believes = self._believes
        for record in records:
            if believes is not None and not believes(record):
                self.rejected.append((record, "none of us signed it"))
                continue
            try:
                event = self._event_of(record)
            except UNREADABLE as error:
                self.rejected.append((record, f"not an event: {why_unreadable(error)}"))
                continue
            if event.at >= standing.time:
                standing.time = event.at
            else:
                event = msgspec.structs.replace(event, at=standing.time)
            if event.source is not None and standing.is_repeat(event.source):
                self.repeats += 1
            elif (bundle := self._at_once(event)) is not None:
                self._add(Item(event, record), bundle)
            elif await self._must_wait(event.merchant) or not await self._take(event, record):
                standing.note_waiting(event.merchant, record.offset)
                waiting = Parked(record.offset, record.key, record.value, record.timestamp, event.at)
                self.parked.setdefault(event.merchant, []).append(waiting)

    def _at_once(self, event: AnyEvent) -> Bundle | None:
        """Return the bundle under which an event can be sorted in without asking further, as most can."""
        if event.merchant in self.standing.backlogs or type(event) in _OF_THE_PARTITION:
            return None
        return self.standing.in_force.get(event.merchant)

    async def take_up(self, records: Sequence[Parked], backlog: Backlog) -> None:
        """Group what waited by customer."""
        for record in records:
            if record.offset > backlog.reached:  # else the commit that applied it did not cut it off
                await self._take_up(record, backlog)

    async def _take_up(self, record: Parked, backlog: Backlog) -> None:
        try:
            event = self._event_of(record)
        except UNREADABLE as error:  # it could be read when it came
            self.rejected.append((record, f"not an event: {why_unreadable(error)}"))
        else:
            # What waited happens at its barrier: time never goes back for a customer.
            await self._take(msgspec.structs.replace(event, at=max(record.at, backlog.at)), record)

    async def _take(self, event: AnyEvent, record: Record) -> bool:
        """Sort an event in; say whether it could be, for without a bundle it has to wait."""
        if type(event) in _WITHOUT_BUNDLE:
            await self._note(event, record.offset)
            return True
        bundle = await self._bundle_of(event.merchant)
        if bundle is None:
            return False
        if type(event) is BudgetWished:
            self._lease(event, bundle)
        elif type(event) is DrawWished:
            self._note_draw(event, record.offset, bundle.program.draws.get(event.draw))
        elif type(event) is CodeGiven:
            if self.standing.codes.gives(event):
                self._add(Item(event, record), bundle)
        elif type(event) is not BudgetAnswered or is_paid(self.standing.purses, event):
            self._add(Item(event, record), bundle)
        return True

    async def _note(self, event: AnyEvent, offset: int) -> None:
        """What is the partition's own."""
        if type(event) is Barrier:
            await self._pass(event, offset)
        elif type(event) is RulePaused:
            self._pause(event)
        elif type(event) is ScheduleDue or type(event) is ScheduleDone:
            self.standing.note_schedule(event)
        elif isinstance(event, CampaignStarted | CampaignStopped | CampaignDone):
            self.standing.note_campaign(event, self._partition, offset)
        elif type(event) is BudgetLeased:
            note_lease(self.standing.purses, event)
        elif type(event) is FeedsTurned:
            self.standing.note_feeds(event)
        elif isinstance(event, OfDraw):
            self._note_draw(event, offset)
        elif isinstance(event, OfCodes):
            await self._note_codes(event)
        # of an audience nothing is noted: the walk reads its parts in the log

    def _lease(self, event: BudgetWished, bundle: Bundle) -> None:
        given = lease(self.standing.chests, event, bundle.budgets) if self._partition == CHEST else None
        if given is not None:
            self.answers.append((event.by, given))

    async def _note_codes(self, event: OfCodes) -> None:
        codes, name = self.standing.codes, (event.merchant, event.reward)
        if isinstance(event, CodesDealt):
            codes.stock(event)
        elif self._partition != POOL:
            return
        elif isinstance(event, CodesBrought):
            if codes.bring(event):
                self.brought.setdefault(name, []).extend(event.codes)
        elif (share := codes.deal(event)) is not None:
            pool = codes.pools[name]
            dealt = await self._in_pool(name, pool.brought - len(self.brought.get(name, ())), share)
            answer = CodesDealt(
                merchant=event.merchant, customer="", at=event.at, reward=event.reward, number=share.number,
                codes=dealt, left=pool.left,
            )  # fmt: skip
            self.answers.append((event.by, answer))

    async def _in_pool(self, name: Name, stored: int, share: Share) -> tuple[str, ...]:
        """The codes of a share: of those that stand in the list, and of those that this step adds to it."""
        end, found = share.first + share.count, list[str]()
        if share.first < min(end, stored):
            key = self.lease.keys.pool(*name)
            words = await self.lease.call("LRANGE", key, share.first, min(end, stored) - 1)
            found = [word.decode() for word in words]
        return (*found, *self.brought.get(name, [])[max(0, share.first - stored) : max(0, end - stored)])

    def _note_draw(self, event: OfDraw, offset: int, draw: Draw | None = None) -> None:
        self.answers += self.standing.draws.note(event, self._partition, offset, draw, self._voucher_key)
        if isinstance(event, DrawCalled | DrawDrawn):
            close_draws(self.standing, event.merchant)

    def _event_of(self, record: Record) -> AnyEvent:
        event: AnyEvent = decode_event(record.value or b"")
        appended_at = record.timestamp
        if is_ahead(event.at, appended_at) and is_bounded_at(self.standing.clocks, record.offset):
            return bounded_event(event, appended_at)
        return event

    async def _must_wait(self, merchant: str) -> bool:
        """Whether everything that comes for a merchant has to stand behind what waits."""
        return merchant in self.standing.backlogs and await self._bundle_of(merchant) is not None

    async def _bundle_of(self, merchant: str) -> Bundle | None:
        known = self.standing.in_force.get(merchant)
        return known if known is not None else await bundle_of(self.standing, merchant, self._bundles)

    def _add(self, item: Item, bundle: Bundle) -> None:
        name = (item.event.merchant, item.event.customer)
        runs = self.runs.get(name)
        if runs is None:
            runs = self.runs[name] = []
        if not runs or runs[-1].bundle is not bundle:
            runs.append(Run(bundle, self.standing.numbers.get(item.event.merchant, -1)))
        run = runs[-1]
        run.items.append(item)
        run.events.append(item.event)

    async def _pass(self, barrier: Barrier, offset: int) -> None:
        merchant, standing = barrier.merchant, self.standing
        goes_on = await self._must_wait(merchant) or merchant in standing.with_bundle
        if not await come_into_force(standing, merchant, barrier.number, barrier.hash, self._bundles):
            return
        log.info("bundle in force", merchant=merchant, number=barrier.number, partition=self._partition)
        opened = standing.draws.open_new(standing.in_force[merchant], self._voucher_key, standing.time)
        self.answers += ((self._partition, event) for event in opened)
        if not goes_on and (merchant in self.parked or await waits(self.lease, merchant)):
            standing.begin_taking_up(merchant, offset)

    def _pause(self, event: RulePaused) -> None:
        """A rule rests under the bundle that it raised under, and under no later one."""
        if event.number == self.standing.numbers.get(event.merchant):
            pause_rules(self.standing, event.merchant, [event.rule])

"""A partition of `customer.events.v1` folded from its records alone: what its state in Redis must be.

It does what the worker's customers service does with a record, minus Kafka and Redis: recorded time never goes back,
repeats are skipped by their source, barriers change the bundle in force, events of a merchant without a bundle wait
for its first barrier, and an event that cannot be applied is passed over (the worker puts it into the dead letters).
The worker takes up what waited a piece at a time; here it is applied at once, unless it is said how far the worker is.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

import msgspec

from stamgast.domain.budget_events import BudgetAnswered, BudgetLeased, BudgetWished
from stamgast.domain.campaign_events import CampaignDone, CampaignStarted, CampaignStopped
from stamgast.domain.code_events import CodeGiven, CodesDealt, CodesWished
from stamgast.domain.draw_events import DrawCalled, DrawDrawn, DrawWished
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.event import Source
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
from stamgast.domain.purses import CHEST, Chest, Purse
from stamgast.domain.recorded import bounded_event
from stamgast.domain.units import Millis
from stamgast.fold import Fold
from stamgast.service import Bundle, hearing
from stamgast.state.campaign_marks import CampaignMark
from stamgast.state.campaign_marks import after as campaigns_after
from stamgast.state.feed_marks import Unwell
from stamgast.state.meta_values import InForce
from stamgast.state.partition_meta import CAMPAIGNS, CHESTS, IN_FORCE, PAUSED, PURSES, SCHEDULES, SOURCES, STORE_FEEDS
from stamgast.state.schedule_marks import NO_MARK, Name, ScheduleMark, marked
from streams.customers.code_pools import POOL, CodePools, OfCodes
from streams.customers.drawing import Draws, OfDraw, closing
from streams.customers.leases import is_paid, lease, note_lease
from streams.maintenance.beside import Beside

FindBundle = Callable[[str, str, int], Bundle]
"""(merchant, hash, number) -> the bundle. Raises KeyError if that was not published under that number,
another LookupError if it cannot be used."""


class _Waiting(NamedTuple):
    """A record that waits, as it stands in the log, and the time that it was recorded at."""

    offset: int
    at: Millis
    value: bytes
    appended_at: Millis


class Pooled(NamedTuple):
    """A list of codes of a shop's own: how many, and both ends."""

    length: int
    first: str
    last: str


class PartitionReplay:
    """One partition, record by record. `fold` holds the states, `beside` what else; `watermark`: the newest offset."""

    def __init__(self, partition: int, voucher_key: bytes, find_bundle: FindBundle) -> None:
        self.fold = Fold(voucher_key)
        self.beside = Beside()
        self.watermark = -1
        self.passed_over: list[int] = []
        """Offsets of records that could not be applied."""
        self.aside: Collection[int] = ()
        """Offsets of records that the worker laid aside because they ended it."""
        self._partition = partition
        self._find_bundle = find_bundle
        self._in_force: dict[str, Bundle] = {}
        self._numbers: dict[str, int] = {}
        self._paused: dict[str, set[str]] = {}
        self._waiting: defaultdict[str, deque[_Waiting]] = defaultdict(deque)
        self._since: dict[str, Millis] = {}
        """merchant -> recorded time of the barrier that it waited for."""
        self._behind: Mapping[str, int] = {}
        self._sources: dict[tuple[str, int], tuple[int, int]] = {}
        self._draws = Draws()
        self._codes = CodePools()
        self.pooled: dict[str, Pooled] = {}
        """merchant:reward -> the list of its codes."""
        self._voucher_key = voucher_key
        self._purses: dict[Name, tuple[Purse, ...]] = {}
        self._chests: dict[Name, tuple[Chest, ...]] = {}
        self.time: Millis = 0
        """The partition's own: recorded time of what was applied, which never goes back."""
        self._schedules: dict[Name, ScheduleMark] = {}
        self._campaigns: dict[Name, CampaignMark] = {}
        self._store_feeds: dict[str, Unwell] = {}

    @property
    def bundles(self) -> Mapping[str, Bundle]:
        """The bundle in force per merchant."""
        return self._in_force

    @property
    def waiting(self) -> int:
        """How many events wait for a bundle of their merchant."""
        return sum(map(len, self._waiting.values()))

    def waiting_of(self, merchant: str) -> tuple[int, int, int]:
        """How many events of a merchant wait, and at which offsets the first and the last of them stand (-1: none)."""
        waiting = self._waiting.get(merchant)
        return (len(waiting), waiting[0].offset, waiting[-1].offset) if waiting else (0, -1, -1)

    @property
    def merchants_that_wait(self) -> list[str]:
        """Merchants of which something waits."""
        return [merchant for merchant, waiting in self._waiting.items() if waiting]

    def meta(self) -> dict[str, str]:
        """What the partition's meta has to say that follows from the log."""
        hashes = {merchant: bundle.hash for merchant, bundle in self._in_force.items()}
        in_force = {m: InForce(number, hashes.get(m, "")) for m, number in self._numbers.items()}
        marks = {name: mark for name, mark in self._schedules.items() if mark != NO_MARK}
        fields = {
            **SOURCES.written(self._sources),
            **IN_FORCE.written(in_force),
            **PAUSED.written({merchant: frozenset(rules) for merchant, rules in self._paused.items()}),
            **SCHEDULES.written(marks),
            **CAMPAIGNS.written(self._campaigns),
            **PURSES.written(self._purses),
            **CHESTS.written(self._chests),
            **self._draws.changes_since(Draws()),
            **self._codes.changes_since(CodePools()),
            **STORE_FEEDS.written(self._store_feeds),
        }
        return {name: str(value) for name, value in fields.items()}

    def apply(self, offset: int, value: bytes | None, appended_at: Millis = 0) -> None:
        """Apply the record at an offset. `appended_at` is the log's time of it, 0 where stamps are not held to that."""
        self.watermark = offset
        try:
            event = bounded_event(decode_event(value or b""), appended_at)
        except UNREADABLE:
            self.passed_over.append(offset)
            return
        merchant = event.merchant
        in_force = merchant in self._in_force
        if in_force and offset in self.aside:
            self.passed_over.append(offset)
            return
        self.time = max(self.time, event.at)
        if event.source is not None and self._is_repeat(event.source):
            return
        if in_force and not self._waiting[merchant] and offset <= self._behind.get(merchant, offset):
            self._take(offset, msgspec.structs.replace(event, at=self.time))
        elif in_force or type(event) not in OF_A_PARTITION or isinstance(event, BudgetWished | DrawWished):
            self._waiting[merchant].append(_Waiting(offset, self.time, value or b"", appended_at))
        elif isinstance(event, Barrier):
            self._come_into_force(event)
            self._since[merchant] = self.time
            self._take_up(merchant)
        else:
            self._take(offset, event)

    def taken_up(self, reached: Mapping[str, int]) -> None:
        """Say of which merchants the worker is still taking up what waited, and which offset it has reached."""
        self._behind = dict(reached)
        for merchant in self._in_force:
            self._take_up(merchant)

    def _take_up(self, merchant: str) -> None:
        waiting, up_to = self._waiting[merchant], self._behind.get(merchant, self.watermark)
        while waiting and merchant in self._in_force and waiting[0].offset <= up_to:
            offset, at, value, appended_at = waiting.popleft()
            event = bounded_event(decode_event(value), appended_at)
            # What waited happens at its barrier: time never goes back for a customer.
            self._take(offset, msgspec.structs.replace(event, at=max(at, self._since[merchant])))

    def _take(self, offset: int, event: AnyEvent) -> None:
        if type(event) in OF_A_PARTITION:
            self._take_of_partition(offset, event)
        elif isinstance(event, BudgetAnswered) and not is_paid(self._purses, event):
            pass  # as the worker: it is answered again
        elif isinstance(event, CodeGiven) and not self._codes.gives(event):
            pass  # likewise
        elif offset in self.aside:
            self.passed_over.append(offset)
        else:
            try:
                change = self.fold.apply(event, self._in_force[event.merchant], self._partition)
            except Exception:  # noqa: BLE001  as the worker: whatever it was, the other events must be applied
                self.passed_over.append(offset)
            else:
                self.beside.note(event, change)

    def _take_of_partition(self, offset: int, event: AnyEvent) -> None:
        if isinstance(event, Barrier):
            self._come_into_force(event)
        elif isinstance(event, RulePaused):
            self._pause(event)
        elif isinstance(event, ScheduleDue | ScheduleDone):
            name = (event.merchant, event.rule)
            self._schedules[name] = marked(event, self._schedules.get(name, NO_MARK))
        elif isinstance(event, CampaignStarted | CampaignStopped | CampaignDone):
            self._campaigns = campaigns_after(event, self._partition, offset, self._campaigns)
        elif isinstance(event, BudgetLeased | BudgetWished):
            self._note_money(event)
        elif isinstance(event, OfDraw):
            self._note_draw(event, offset)
        elif isinstance(event, OfCodes):
            self._note_codes(event)
        elif isinstance(event, FeedsTurned):
            self._store_feeds[event.merchant] = event.unwell
            if event.merchant in self._in_force:
                self._in_force[event.merchant] = hearing(self._in_force[event.merchant], event.unwell)

    def _come_into_force(self, barrier: Barrier) -> None:
        if barrier.number <= self._numbers.get(barrier.merchant, -1):
            return
        try:
            bundle = self._find_bundle(barrier.merchant, barrier.hash, barrier.number)
        except KeyError:
            return  # nobody published this: it is no barrier of ours
        except LookupError:
            self._numbers[barrier.merchant] = barrier.number
            return  # unusable: the one before it stays in force
        self._numbers[barrier.merchant] = barrier.number
        heard = hearing(bundle, self._store_feeds.get(barrier.merchant))
        self._in_force[barrier.merchant] = closing(heard, self._draws.closed_of(barrier.merchant))
        self._paused.pop(barrier.merchant, None)
        for _ in self._draws.open_new(bundle, self._voucher_key, self.time):
            pass  # the worker says so on the log

    def _note_money(self, event: BudgetLeased | BudgetWished) -> None:
        if isinstance(event, BudgetLeased):
            note_lease(self._purses, event)
            return
        bundle = self._in_force.get(event.merchant)
        if bundle is not None and self._partition == CHEST:
            lease(self._chests, event, bundle.budgets)

    def _note_codes(self, event: OfCodes) -> None:
        if isinstance(event, CodesDealt):
            self._codes.stock(event)
        elif self._partition != POOL:
            return
        elif isinstance(event, CodesWished):
            self._codes.deal(event)
        elif self._codes.bring(event) and event.codes:
            name = f"{event.merchant}:{event.reward}"
            known = self.pooled.get(name)
            first = event.codes[0] if known is None else known.first
            length = len(event.codes) + (0 if known is None else known.length)
            self.pooled[name] = Pooled(length, first, event.codes[-1])

    def _note_draw(self, event: OfDraw, offset: int) -> None:
        bundle = self._in_force.get(event.merchant)
        draw = None if bundle is None else bundle.program.draws.get(event.draw)
        self._draws.note(event, self._partition, offset, draw, self._voucher_key)
        if bundle is not None and isinstance(event, DrawCalled | DrawDrawn):
            self._in_force[event.merchant] = closing(bundle, self._draws.closed_of(event.merchant))

    def _pause(self, event: RulePaused) -> None:
        if event.number != self._numbers.get(event.merchant):
            return
        self._paused.setdefault(event.merchant, set()).add(event.rule)
        bundle = self._in_force.get(event.merchant)
        if bundle is None:
            return
        self._in_force[event.merchant] = replace(bundle, rules=bundle.rules.pausing(self._paused[event.merchant]))

    def _is_repeat(self, source: Source) -> bool:
        topic, partition, offset, index = source
        if (offset, index) <= self._sources.get((topic, partition), (-1, -1)):
            return True
        self._sources[topic, partition] = (offset, index)
        return False

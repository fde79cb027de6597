"""Once a day, and after every new bundle: what is a new customer of each segment worth against what winning one costs?

Customers' events are pure and know one customer each, so a fact about many cannot come from them. The owner of the
first partition of customers works it out beside its steps, from the live states of all, and appends what is new to
`segments.v1`. A segment that was seen at three times its cost or above and is below now *fell*: the record says since
when, the log warns once, and staff hear of it from that record, whoever wrote it. Nobody is judged while a till tells
of nothing, or before every partition has caught up.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from mode import Service

from stamgast.clock.shop_time import Clock
from stamgast.clock.ticks import until_tick
from stamgast.clv.installed import HOW, has_scipy
from stamgast.domain.alerts import LONGEST, STAFF_ROOM, AlertKind
from stamgast.domain.calendar import business_day
from stamgast.domain.events import StaffAlerted
from stamgast.domain.heard import knows_who_was_there
from stamgast.domain.program import Program
from stamgast.domain.recorded import is_ahead
from stamgast.domain.units import DAY, Millis
from stamgast.domain.value_bins import BOUNDS
from stamgast.log.producers import Record
from stamgast.log.reading import LogReader
from stamgast.log.segments import AllValued, Known, Point, SegmentWorth, encode_word, key_of_segment, read_segments
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.people.sources import KnowsPeople, UnnamedSources
from stamgast.service import Bundle
from stamgast.state import keys
from stamgast.state.customer_states import live_states
from stamgast.state.partition_meta import WATERMARK
from stamgast.state.partitions import Lease
from streams.customers.bundles import Bundles
from streams.customers.in_force import concerned
from streams.customers.job import OwnedCustomers
from streams.customers.staff_news import StaffNews
from streams.customers.writes import Written
from streams.runtime.emission import append
from streams.runtime.job import TROUBLE, OwnedPartition
from streams.runtime.ownership import Ownership
from streams.runtime.partitions import PartitionService

if TYPE_CHECKING:
    from stamgast.clv.segments.live_segments import Book, LiveSegment
    from stamgast.clv.segments.samples import Samples

log = get_logger(__name__)

WATCHING: Final = 0
"""The partition of customers whose owner looks."""
EVERY: Final = DAY
_TOLD: Final = frozenset({"tag", "source"})
"""Kinds of which a fall is told; who first came in a quarter gone by cannot be won any more."""
_KINDS: Final = ("tag", "source", "cohort", "shop")
MOST: Final = 100
"""Segments of a kind that are followed, those with the most customers: each is a record, and where a fall is told a
figure for Prometheus."""
_A_POINT_EVERY: Final[Millis] = 7 * DAY
_POINTS: Final = 53
"""Of a segment's line: a year."""
_LOOK_EVERY_S: Final = 2.0
_TROUBLE_PAUSE_S: Final = 10.0
_FAULT_PAUSE_S: Final = 3_600.0
_AT_ONCE: Final = 200
_REST_S: Final = 0.02
"""After so many customers the others have their turn: a million take two minutes."""


@dataclass(frozen=True, slots=True)
class News:
    """What is to be appended after a merchant's segments were valued, and which of them fell below three."""

    records: list[Record]
    fell: list[SegmentWorth]


def news_of(
    known: Mapping[str, SegmentWorth],
    found: Mapping[Any, list[LiveSegment]],
    bundle: Bundle,
    at: Millis,
    *,
    samples: Samples | None = None,
    values: tuple[int, ...] = (),
) -> News:
    """Compare what was found with what is known of the merchant's segments; `values` are counts of customers by bin."""
    program = bundle.program
    now = {each.key: each for each in _worths(known, found, program, at, samples)}
    records: list[Record] = [(key.encode(), encode_word(each)) for key, each in now.items() if _is_new(each, known)]
    records += [(key.encode(), None) for key in known if key not in now]
    valued = AllValued(merchant=program.merchant, at=at, bundle=bundle.hash, values=values)
    records.append((program.merchant.encode(), encode_word(valued)))
    fell = [each for key, each in now.items() if each.fell_from is not None and not known[key].below]
    return News(records, fell)


def _worths(
    known: Mapping[str, SegmentWorth],
    found: Mapping[Any, list[LiveSegment]],
    program: Program,
    at: Millis,
    samples: Samples | None,
) -> Iterator[SegmentWorth]:
    for by in _KINDS:
        segments = found.get(by, [])
        for each in segments[:MOST]:
            before = known.get(key_of_segment(program.merchant, by, each.segment))
            below = bool(each.new_below) and by in _TOLD
            since, fell_from = _fall(before, at) if below else (None, None)
            yield SegmentWorth(
                merchant=program.merchant,
                by=by,
                segment=each.segment,
                at=at,
                currency=program.currency,
                customers=each.customers,
                clv=each.clv or 0,
                acquisition_cost=each.acquisition_cost,
                ratio=each.new_to_cac,
                below=below,
                below_since=since,
                fell_from=fell_from,
                value_of_new=each.value_of_new,
                historic=each.historic,
                predicted=each.predicted,
                margin=each.margin,
                lifespan_months=each.lifespan_months,
                typical_gap_days=each.typical_gap_days,
                p_buy_90_days=each.p_buy_90_days,
                winning_may_cost=each.winning_may_cost,
                keeping_may_cost=each.keeping_may_cost,
                customers_with_cost=each.customers_with_cost,
                sample=() if samples is None else samples.of(by, each.segment),
                past=_past(before, each, at),
            )


def _past(before: SegmentWorth | None, now: LiveSegment, at: Millis) -> tuple[Point, ...]:
    """How it was, and a point more where the newest is a week old; one of a clock that was ahead begins anew."""
    past = () if before is None else tuple(each for each in before.past if each.at <= at)
    if past and at - past[-1].at < _A_POINT_EVERY:
        return past
    return (*past, Point(at, now.customers, now.value_of_new, now.new_to_cac))[-_POINTS:]


def _fall(before: SegmentWorth | None, at: Millis) -> tuple[Millis | None, float | None]:
    """Since when a segment that is below three has been so, and what its ratio was before."""
    if before is None or before.value_of_new is None:  # of a version before: it judged by another value
        return at, None
    return (before.below_since, before.fell_from) if before.below else (at, before.ratio)


def _is_new(worth: SegmentWorth, known: Mapping[str, SegmentWorth]) -> bool:
    before = known.get(worth.key)
    return before is None or msgspec.structs.replace(before, at=worth.at) != worth


def fallen_news(worth: SegmentWorth, now: Millis) -> StaffAlerted:
    """What staff hear of a segment that fell: what it is worth, and was, in hundredths of what it cost to win."""
    since = worth.below_since or 0
    return StaffAlerted(
        merchant=worth.merchant,
        customer=STAFF_ROOM,
        at=now,
        kind=AlertKind.SEGMENT_FELL,
        what=worth.segment[:LONGEST],
        how=worth.by,
        mark=str(since),
        since=since,
        found=int((worth.ratio or 0.0) * 100),
        of=int((worth.fell_from or 0.0) * 100),
    )


def is_due(bundle: Bundle, known: Known, now: Millis) -> bool:
    """Say whether a merchant's segments are to be valued: a day has gone by, or something else is in force."""
    program, valued = bundle.program, known.valued.get(bundle.program.merchant)
    prospects = program.prospects
    if prospects is None or prospects.spend is None or not knows_who_was_there(program):
        return False
    if valued is None or valued.bundle != bundle.hash or is_ahead(valued.at, now):
        return True  # the last: by a clock that was wrong, which must not keep them from being valued until then
    return now - valued.at >= EVERY


class SegmentWatch(Service):
    """Looks every few seconds; does nothing in a worker that does not own the first partition of customers."""

    def __init__(
        self,
        customers: PartitionService[OwnedCustomers, Written],
        topics: Topics,
        bundles: Bundles,
        clock: Clock,
        people: KnowsPeople,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._customers = customers
        self._topics = topics
        self._bundles = bundles
        self._clock = clock
        self._people = people
        self._known: Known | None = None
        self._rests: dict[str, float] = {}
        """Merchant -> until when (monotonic) nothing is tried."""
        self._of: Lease | None = None
        """The taking of the partition since which we know it."""
        self._news: StaffNews | None = None
        self._unread: set[str] = set()
        """Merchants of whose segments something is known that staff may have to hear."""

    @Service.task
    async def _keep(self) -> None:
        while not self.should_stop:
            await self.sleep(until_tick(_LOOK_EVERY_S, time.monotonic()))
            try:
                await self._look()
            except TROUBLE as error:
                log.warning("segments were not valued", why=repr(error))
                await self.sleep(_TROUBLE_PAUSE_S)

    async def _look(self) -> None:
        owned = self._customers.owned.get(WATCHING)
        if owned is None or not owned.caught_up:
            self._forget()
            return
        if self._known is None or self._of is not owned.lease:
            self._show(await self._read(), owned)
        own = owned.own
        if own is None:  # given up while we read
            return
        by_model = await concerned(own.standing, self._bundles, lambda seen: seen.may_value_segments, most=1)
        for bundle in by_model:
            if bundle.program.merchant in self._unread and self._known is not None and self._news is not None:
                await self._tell_staff(bundle.program, self._known, self._news)
            rests = self._rests.get(bundle.program.merchant, 0.0) > time.monotonic()
            if not rests and self._known is not None and is_due(bundle, self._known, self._clock.now()):
                await self._try(owned, bundle)

    async def _try(self, owned: Ownership[OwnedCustomers, Written], bundle: Bundle) -> None:
        """Value a merchant's segments; what we did wrong may hold up their figures, and nobody's messages."""
        merchant = bundle.program.merchant
        self._rests[merchant] = time.monotonic() + _TROUBLE_PAUSE_S
        if not has_scipy():
            self._rests[merchant] = time.monotonic() + _FAULT_PAUSE_S
            log.error("segments are not valued: scipy is not installed", merchant=merchant, install=HOW)
            return
        try:
            await self._value(owned, bundle)
        except TROUBLE:
            raise
        except Exception:
            self._rests[merchant] = time.monotonic() + _FAULT_PAUSE_S
            log.exception("segments cannot be valued", merchant=merchant)

    async def _read(self) -> Known:
        async with LogReader(self._customers.bootstrap) as reader:
            return await read_segments(reader, self._topics.segments)

    async def _value(self, owned: Ownership[OwnedCustomers, Written], bundle: Bundle) -> None:
        began, program = time.monotonic(), bundle.program
        if not await self._all_have_caught_up():
            return
        at = self._clock.now()
        book, unnamed = await self._take_in(program, at)
        found = await asyncio.to_thread(book.segments, await unnamed.names(self._people))
        known = await self._read()  # another owner may have been before us
        news = news_of(known.of(program.merchant), found, bundle, at, samples=book.samples, values=_binned(book.values))
        if self._customers.owned.get(WATCHING) is not owned or not owned.working:
            return
        await append(self._customers.emitters, self._topics.segments, 0, news.records)
        for each in news.fell:
            self._tell(each)
        for key, value in news.records:
            known.take((key or b"").decode(), value)
        self._show(known, owned)
        log.info(
            "segments valued", merchant=program.merchant, customers=len(book), s=round(time.monotonic() - began, 2)
        )

    async def _take_in(self, program: Program, at: Millis) -> tuple[Book, UnnamedSources]:
        def make() -> Book:
            from stamgast.clv.segments.live_segments import Book  # noqa: PLC0415  scipy takes a second: when needed, off the loop

            return Book(program, business_day(at, program.time_zone), with_trend=False)

        unnamed = UnnamedSources(program)
        book, redis, partitions = await asyncio.to_thread(make), self._customers.redis, self._topics.partitions
        async for piece in live_states(redis, partitions, program.merchant, at_once=_AT_ONCE, rest=_breathe):
            await asyncio.to_thread(book.add_named, piece)
            unnamed.add(piece)
        return book, unnamed

    async def _all_have_caught_up(self) -> bool:
        """A Redis that is being filled anew holds a part of the customers, who are worth a part."""
        numbers = range(self._topics.partitions)
        async with LogReader(self._customers.bootstrap) as reader:
            ends = await reader.ends([(self._topics.customer_events, number) for number in numbers])
        asked = (self._customers.redis.call("HGET", keys.customers(number).meta, WATERMARK.name) for number in numbers)
        marks = dict(zip(numbers, await asyncio.gather(*asked), strict=True))
        return all(end <= WATERMARK.read(marks[pair.partition]) + 1 for pair, end in ends.items())

    async def _tell_staff(self, program: Program, known: Known, news: StaffNews) -> None:
        """What fell stands in its record, so whoever looks next tells of what the last one could not."""
        now, merchant = self._clock.now(), program.merchant
        fallen = [each for each in known.of(merchant).values() if each.fell_from is not None]
        if all([await news.tell(program, fallen_news(each, now)) for each in fallen]):
            self._unread.discard(merchant)

    def _tell(self, fallen: SegmentWorth) -> None:
        self._customers.metrics.segments_fell.labels(fallen.merchant, fallen.by).inc()
        log.warning(
            "a segment fell below three times what winning its customers cost",
            merchant=fallen.merchant,
            by=fallen.by,
            segment=fallen.segment,
            ratio=round(fallen.ratio or 0.0, 4),
            was=round(fallen.fell_from or 0.0, 4),
            customers=fallen.customers,
        )

    def _show(self, known: Known, owned: OwnedPartition) -> None:
        if self._of is not owned.lease:
            self._news = StaffNews(owned, self._topics)
        self._known, self._of = known, owned.lease
        self._unread = {each.merchant for each in known.segments.values() if each.fell_from is not None}
        gauge = self._customers.metrics.segment_ratio
        gauge.clear()
        for each in known.segments.values():
            if each.ratio is not None and each.by in _TOLD:
                gauge.labels(each.merchant, each.by, each.segment).set(each.ratio)

    def _forget(self) -> None:
        """Somebody else shows them now."""
        if self._known is not None:
            self._customers.metrics.segment_ratio.clear()
        self._known, self._of = None, None


def _binned(values: Iterable[int] | None) -> tuple[int, ...]:
    """How many customers are worth how much, bin by bin; nothing where nothing is expected."""
    if values is None:
        return ()
    counts = Counter(bisect_right(BOUNDS, value) for value in values)
    return tuple(counts[number] for number in range(len(BOUNDS) + 1))


async def _breathe() -> None:
    await asyncio.sleep(_REST_S)

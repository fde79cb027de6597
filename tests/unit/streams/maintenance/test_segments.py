"""What workers tell of a merchant's segments: once that one fell below three, however often they look or start again."""

import time
from types import SimpleNamespace
from typing import Any, Self

import pytest
from structlog.testing import capture_logs

import streams.maintenance.segments as module
from stamgast.clv.segments.live_segments import LiveSegment
from stamgast.clv.segments.samples import Samples
from stamgast.domain.alerts import Alert, AlertKind
from stamgast.domain.costs import Costs
from stamgast.domain.customer import Customer, encode_customer
from stamgast.domain.events import StaffAlerted, decode_event
from stamgast.domain.program import Program
from stamgast.domain.units import DAY, HOUR
from stamgast.domain.value_bins import bins_of
from stamgast.log.reading import TopicPartition
from stamgast.log.segment_table import SegmentTable
from stamgast.log.segments import Known, Point, SegmentWorth, read_segments
from stamgast.log.topics import TABLE, Topics
from stamgast.service import Bundle
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing
from streams.maintenance.segments import MOST, News, SegmentWatch, _binned, is_due, news_of
from streams.metrics import Metrics
from tests.builders import MERCHANT, T0, bundle, program
from tests.fakes.clock import StillClock
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.fakes.records import LogRecord
from tests.models import model, shop_with

NOBODY: Any = SimpleNamespace()
"""Who is who, where nobody is asked."""
FLYER = f"{MERCHANT}|source|flyer"


def in_force(number: int = 1, **more: object) -> Bundle:
    return bundle(shop_with(model(), **more), number=number)


def segment(ratio: float | None, name: str = "flyer") -> LiveSegment:
    clv = 900 if ratio is None else round(300 * ratio)
    return LiveSegment(
        segment=name,
        customers=40,
        purchases=160,
        historic=500,
        predicted=clv - 500,
        contact_cost=0,
        clv=clv,
        customers_with_cost=0 if ratio is None else 40,
        acquisition_cost=0 if ratio is None else 300,
        net=clv - 300,
        ratio=ratio,
        value_of_new=clv,
        new_to_cac=ratio,
        new_below=None if ratio is None else ratio < 3,
        winning_may_cost=clv // 3,
        winning_budget=40 * clv // 3,
        trend=1.0,
    )


class Told:
    """`segments.v1` in memory, and what was found out each time that it was looked at."""

    def __init__(self) -> None:
        self.log: list[tuple[str, bytes | None]] = []

    def known(self) -> Known:
        """What somebody knows who starts now and reads it all."""
        known = Known()
        for key, value in self.log:
            known.take(key, value)
        return known

    def find(self, *found: LiveSegment, day: int = 0) -> News:
        news = news_of(self.known().of(MERCHANT), {"source": list(found)}, in_force(), T0 + day * DAY)
        self.log += [((key or b"").decode(), value) for key, value in news.records]
        return news

    def flyer(self) -> SegmentWorth:
        return self.known().segments[FLYER]


def test_a_segment_that_falls_below_three_is_told_once_with_what_it_was_and_since_when():
    told = Told()

    assert told.find(segment(3.4)).fell == []
    (fallen,) = told.find(segment(2.9), day=1).fell
    assert (fallen.segment, fallen.ratio, fallen.fell_from, fallen.below_since) == ("flyer", 2.9, 3.4, T0 + DAY)
    assert told.find(segment(2.9), day=2).fell == []
    assert told.find(segment(2.5), day=3).fell == []
    assert (told.flyer().ratio, told.flyer().below_since, told.flyer().fell_from) == (2.5, T0 + DAY, 3.4)


def test_exactly_three_is_fine():
    told = Told()
    told.find(segment(3.4))
    assert told.find(segment(3.0), day=1).fell == []
    assert not told.flyer().below


def test_one_that_recovers_and_falls_again_is_told_again():
    told = Told()
    for day, ratio in enumerate((3.4, 2.9, 3.1)):
        told.find(segment(ratio), day=day)
    assert (told.flyer().below, told.flyer().below_since, told.flyer().fell_from) == (False, None, None)
    (fallen,) = told.find(segment(2.8), day=3).fell
    assert (fallen.fell_from, fallen.below_since) == (3.1, T0 + 3 * DAY)


@pytest.mark.parametrize("before", [None, [segment(None)]])
def test_one_that_nobody_saw_at_three_or_above_has_not_fallen_but_is_below_since_then(before):
    told = Told()
    for each in before or []:
        told.find(each)

    assert told.find(segment(2.0), day=1).fell == []
    assert (told.flyer().below, told.flyer().below_since, told.flyer().fell_from) == (True, T0 + DAY, None)
    assert told.find(segment(1.9), day=2).fell == []


def test_what_has_not_changed_is_not_appended_again_and_what_is_gone_is_taken_away():
    told = Told()
    assert len(told.find(segment(3.4), segment(2.0, "friend")).records) == 3
    assert [key for key, _ in told.find(segment(3.4), segment(2.0, "friend"), day=1).records] == [MERCHANT.encode()]
    told.find(segment(3.4), day=2)
    assert set(told.known().segments) == {FLYER}


def test_a_shop_with_countless_tags_has_its_largest_followed():
    assert len(Told().find(*(segment(3.0, f"tag{n}") for n in range(MOST + 50))).records) == MOST + 1


def test_segments_are_valued_once_a_day_and_after_every_new_bundle():
    told = Told()
    told.find(segment(3.4))

    assert is_due(in_force(), Known(), T0)
    assert not is_due(in_force(), told.known(), T0 + DAY - HOUR)
    assert is_due(in_force(), told.known(), T0 + DAY)
    assert is_due(in_force(), told.known(), T0 - 365 * DAY)  # valued by a clock that was a year ahead
    newer = in_force()
    assert is_due(Bundle(2, "other", newer.program, newer.rules), told.known(), T0)


@pytest.mark.parametrize("shop", [shop_with(model(), feed_healthy=False), program()], ids=["silent till", "no model"])
def test_nobody_is_valued_while_the_till_is_silent_or_without_a_model(shop: Program):
    assert not is_due(bundle(shop), Known(), T0)


def test_without_costs_segments_are_valued_and_nobody_is_judged():
    assert is_due(bundle(shop_with(model(), costs=Costs())), Known(), T0)
    told = Told()
    assert told.find(segment(None)).fell == []
    assert (told.flyer().below, told.flyer().value_of_new) == (False, 900)


def test_of_who_came_long_ago_and_of_the_whole_shop_no_fall_is_told():
    known: dict[str, SegmentWorth] = {}
    for day, ratio in enumerate((3.4, 2.0)):
        found = {kind: [segment(ratio, kind)] for kind in ("cohort", "shop")}
        news = news_of(known, found, in_force(), T0 + day * DAY)
        assert news.fell == []
        topic = Known()
        for key, value in news.records:
            topic.take((key or b"").decode(), value)
        known = {**topic.of(MERCHANT)}
    assert {each.by: (each.ratio, each.below, each.fell_from) for each in known.values()} == {
        "cohort": (2.0, False, None), "shop": (2.0, False, None)
    }  # fmt: skip


def test_how_a_segment_was_is_kept_once_a_week_for_a_year():
    told = Told()
    for day in range(0, 400, 2):
        told.find(segment(3.4 + day / 1_000), day=day)
    past = told.flyer().past
    assert len(past) == 50
    assert [(each.at - T0) // DAY for each in past[:3]] == [0, 8, 16]
    assert past[1].ratio == 3.408
    for day in range(400, 1_000, 7):
        told.find(segment(3.4), day=day)
    assert len(told.flyer().past) == 53
    told.find(segment(3.1), day=10)
    assert told.flyer().past == (Point(T0 + 10 * DAY, 40, 930, 3.1),), "the others are of a clock that was ahead"


def test_a_record_names_some_of_the_segments_customers_and_the_merchants_how_all_are_worth():
    samples = Samples()
    samples.add("source", "flyer", "somebody")
    news = news_of({}, {"source": [segment(3.4)]}, in_force(), T0, samples=samples, values=_binned([-1, 0, 999, 1_000]))
    table = SegmentTable()
    for key, value in news.records:
        table.note(key, value)
    found = table.find(MERCHANT, "source", "flyer")
    assert found is not None
    assert found.sample == ("somebody",)
    assert [each.customers for each in bins_of(table.values(MERCHANT))] == [1, 2, 1, 0, 0, 0, 0, 0, 0, 0]


async def test_a_record_of_somebody_elses_is_passed_over():
    class Reader:
        async def read_all(self, *_: object) -> Any:
            told = Told()
            told.find(segment(3.4))
            yield [
                LogRecord(0, b"{}", b"\xff"),
                LogRecord(1, b"no", b"x"),
            ]
            yield [LogRecord(2, value, key.encode()) for key, value in told.log]

    reader: Any = Reader()
    assert set((await read_segments(reader, "segments.v1")).segments) == {FLYER}


@pytest.mark.parametrize(("marks", "caught_up"), [((9, 4), True), ((9, 3), False), ((9, None), False)])
async def test_a_redis_that_is_filled_anew_is_not_taken_for_a_shop_without_customers(monkeypatch, marks, caught_up):
    topics = Topics(2)

    class Reader:
        def __init__(self, _bootstrap: str) -> None: ...

        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None: ...

        async def ends(self, pairs: list[tuple[str, int]]) -> dict[TopicPartition, int]:
            return dict(zip((TopicPartition(*pair) for pair in pairs), (10, 5), strict=True))

    async def call(_command: str, key: str, _field: str) -> bytes | None:
        mark = marks[int(key[2])]
        return None if mark is None else str(mark).encode()

    monkeypatch.setattr(module, "LogReader", Reader)
    service: Any = SimpleNamespace(bootstrap="", redis=SimpleNamespace(call=call), metrics=Metrics(), owned={})
    clock: Any = None
    assert await SegmentWatch(service, topics, Bundles(), clock, NOBODY)._all_have_caught_up() is caught_up


def test_the_topic_keeps_the_newest_word_on_each_segment():
    assert next(topic.cleanup for topic in TABLE if topic.name == "segments.v1") == "compact"


async def test_a_partition_given_up_while_the_topic_is_read_ends_no_worker(monkeypatch):
    owned = SimpleNamespace(own=SimpleNamespace(), caught_up=True, lease=object())
    customers = SimpleNamespace(owned={0: owned}, metrics=Metrics())
    watch = SegmentWatch(customers, Topics(1), Bundles(), StillClock(), NOBODY)  # type: ignore[arg-type]

    async def read() -> Known:
        owned.own = None
        return Known()

    monkeypatch.setattr(watch, "_read", read)

    await watch._look()


async def test_a_worker_without_scipy_says_once_an_hour_that_segments_are_not_valued(monkeypatch):
    monkeypatch.setattr(module, "has_scipy", lambda: False)
    nothing: Any = None
    watch = SegmentWatch(nothing, Topics(1), nothing, StillClock(T0), NOBODY)
    with capture_logs() as logs:
        await watch._try(nothing, in_force())
    assert [(each["log_level"], each["merchant"], "CLV=1" in each["install"]) for each in logs] == [
        ("error", MERCHANT, True)
    ]
    assert watch._rests[MERCHANT] > time.monotonic() + 3_000


class Looking:
    """Whoever owns the first partition, and looks on; `told` is what stands on the topic."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, told: Told, alert: Alert) -> None:
        self.clock = StillClock(T0 + DAY + HOUR)
        shop = bundle(shop_with(model(), alerts={AlertKind.SEGMENT_FELL: alert}))
        own: Any = SimpleNamespace(standing=Standing(in_force={MERCHANT: shop}))
        self.owned = OwnedByTest[Any](MemoryLease(), own)
        customers: Any = SimpleNamespace(owned={0: self.owned}, metrics=Metrics())
        self.watch = SegmentWatch(customers, Topics(4), Bundles(), self.clock, NOBODY)

        async def read() -> Known:
            return told.known()

        monkeypatch.setattr(self.watch, "_read", read)
        monkeypatch.setattr(module, "is_due", lambda *_: False)

    async def look(self) -> list[tuple[str, ...]]:
        await self.watch._look()
        events = [decode_event(value) for value in self.owned.log.values("customer.events.v1")]
        return [(e.what, e.how, str(e.found), str(e.of)) for e in events if isinstance(e, StaffAlerted)]


async def test_staff_hear_of_it_from_its_record_also_where_another_worker_wrote_that(monkeypatch):
    told = Told()
    told.find(segment(3.4), segment(2.0, "friend"))
    told.find(segment(2.9), segment(1.9, "friend"), day=1)
    flyer = ("flyer", "source", "290", "340")
    looking = Looking(monkeypatch, told, Alert(("eva",)))
    assert await looking.look() == [flyer], "of friends nobody ever saw more"
    assert await looking.look() == [flyer], "what was just said may still be read"
    assert await Looking(monkeypatch, told, Alert(("eva",), only=frozenset({"flyer"}))).look() == [flyer]
    assert await Looking(monkeypatch, told, Alert(("eva",), only=frozenset({"radio"}))).look() == []
    old = Looking(monkeypatch, told, Alert(("eva",)))
    old.clock.at = T0 + 3 * DAY
    assert await old.look() == [], "it fell two days ago"


async def test_staff_who_have_heard_of_it_are_not_told_again(monkeypatch):
    told = Told()
    told.find(segment(3.4))
    told.find(segment(2.9), day=1)
    looking = Looking(monkeypatch, told, Alert(("eva",)))
    room = Customer(fired={"segment_fell:source:flyer": [str(told.flyer().below_since)]})
    looking.owned.lease.elsewhere = encode_customer(room)  # type: ignore[attr-defined]
    assert await looking.look() == []

"""Whatever comes in whatever number: a step and its commit stay within what Redis takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, get_args
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.actions import Give
from stamgast.domain.activation import RANKS
from stamgast.domain.alerts import STAFF_ROOM, AlertKind
from stamgast.domain.budget_events import BudgetAnswered, BudgetLeased, BudgetWished
from stamgast.domain.campaign_events import (
    AudienceFixed,
    AudienceListed,
    CampaignDone,
    CampaignPlace,
    CampaignStarted,
    CampaignStopped,
)
from stamgast.domain.code_events import CodeGiven, CodesBrought, CodesDealt, CodesWished
from stamgast.domain.draw_events import (
    DrawCalled,
    DrawDrawn,
    DrawnFor,
    DrawOpened,
    DrawTicketed,
    DrawWished,
    EntriesMoved,
    MovedEntry,
    PrizeDeclined,
    PrizePassed,
)
from stamgast.domain.draws import Winner
from stamgast.domain.events import (
    ActivationOutcome,
    AnyEvent,
    Barrier,
    CalledOff,
    CodeAsked,
    ConsentChanged,
    Enrolled,
    Erased,
    Line,
    MessagePriced,
    OptedIn,
    OptedOut,
    OwnEvent,
    PurchaseChanged,
    PurchaseReviewed,
    RateKnown,
    Replied,
    Reviewed,
    RulePaused,
    Scheduled,
    ScheduleDone,
    ScheduleDue,
    StaffAlerted,
    TimerDue,
    encode_event,
)
from stamgast.domain.feed_events import FeedsTurned
from stamgast.domain.feed_health import Health
from stamgast.domain.referral_events import FriendBought, FriendGiven
from stamgast.domain.shop_codes import MOST_AT_ONCE, MOST_BROUGHT
from stamgast.domain.till_events import (
    HandReason,
    RedemptionTakenBack,
    StampsHanded,
    StampsHandedBack,
    VoidReason,
    VoucherRedeemed,
    VoucherVoided,
)
from stamgast.state.partitions import MOST_WORDS, Writes
from streams.maintenance.replay import PartitionReplay
from streams.runtime import inbox, step_size
from streams.runtime.inbox import CHUNK, CHUNK_BYTES, Inbox
from tests.builders import KEY, MERCHANT, T0, bought, bundle, card, consent, hello_rule, program, rule
from tests.fakes.memory_partition import MemoryPartition, Shelf
from tests.fakes.records import LogRecord, log_of

MOST_LINES = 60
OTHER = "elders"


def bundle_of(rules: int) -> Any:
    many = [hello_rule(f"hello-{n}") if n % 2 else rule(f"give-{n}", "purchase", Give("loaf")) for n in range(rules)]
    cards = [card(stamps=3), card("daily", 5, max_per_day=2, per="item")]
    return bundle(program(*cards), *many)


def purchase(number: int, customer: str, lines: int) -> PurchaseChanged:
    basket = tuple(Line(str(n), 350, 1000, sku=f"sku-{n}", category="bread") for n in range(lines))
    return bought(f"transaction-{number}", T0 + number, customer=customer, lines=basket, spend=350 * max(lines, 1))


def _of(kind: Any, **more: Any) -> Callable[[int, str, int], AnyEvent]:
    return lambda number, who, _: kind(merchant=MERCHANT, customer=who, at=T0 + number, id=f"e{number}", **more)


def _of_draw(kind: Any, **more: Any) -> Callable[[int, str, int], AnyEvent]:
    return lambda number, _who, _lines: kind(merchant=MERCHANT, customer="", at=T0 + number, draw=f"d{number}", **more)


HIDDEN = tuple(f"{n:04}" + "x" * 100 for n in range(MOST_BROUGHT))
WINNER = Winner("c1", "e" * 16, "f" * 64, "loaf")
MAKERS: dict[type, Callable[[int, str, int], AnyEvent]] = {
    PurchaseChanged: purchase,
    PurchaseReviewed: _of(PurchaseReviewed, transaction="transaction-1", verdict="confirm", seen="x"),
    RateKnown: _of(RateKnown, transaction="transaction-1", seen="x"),
    Enrolled: _of(Enrolled, language="nl"),
    ConsentChanged: lambda number, who, _: consent(who, T0 + number),
    OptedOut: _of(OptedOut),
    OptedIn: _of(OptedIn),
    Erased: _of(Erased),
    Replied: _of(Replied, channel="sms"),
    CodeAsked: _of(CodeAsked, channel="sms"),
    VoucherRedeemed: _of(VoucherRedeemed, code="0-" + "A" * 16),
    RedemptionTakenBack: _of(RedemptionTakenBack, code="0-" + "A" * 16, redemption="r1"),
    ActivationOutcome: lambda number, who, _: ActivationOutcome(
        merchant=MERCHANT, customer=who, at=T0, activation=f"a{number}", status="sent", rank=RANKS["accepted"],
        provider_id=f"SM{number}",
    ),
    OwnEvent: lambda number, who, _: OwnEvent(
        merchant=MERCHANT, customer=who, at=T0, id=f"e{number}", name="workshop", happened_at=T0
    ),
    MessagePriced: lambda number, who, _: MessagePriced(
        merchant=MERCHANT, customer=who, at=T0, activation=f"a{number}", rule="hello-1", channel="sms",
        price=75_000, currency="EUR", cost=8_000,
    ),
    TimerDue: _of(TimerDue, due=T0),
    Reviewed: _of(Reviewed),
    Scheduled: _of(Scheduled, rule="r1", occasion=T0),
    ScheduleDue: lambda number, _who, _lines: ScheduleDue(
        merchant=MERCHANT, customer="", at=T0, rule=f"r{number}", occasion=T0
    ),
    ScheduleDone: lambda number, _who, _lines: ScheduleDone(
        merchant=MERCHANT, customer="", at=T0, rule=f"r{number}", occasion=T0, how="walked"
    ),
    CalledOff: _of(CalledOff, rule="r1", occasion=T0),
    AudienceListed: lambda number, who, _: AudienceListed(
        merchant=MERCHANT, customer="", at=T0, rule=f"r{number}", occasion=T0, customers=(who,)
    ),
    CampaignStarted: lambda number, _who, _lines: CampaignStarted(
        merchant=MERCHANT, customer="", at=T0, rule="r1", occasion=T0 + number, audience="a", size=1, places=(CampaignPlace(1, 0),)
    ),
    AudienceFixed: lambda number, _who, _lines: AudienceFixed(
        merchant=MERCHANT, customer="", at=T0, rule=f"r{number}", occasion=T0, audience="a", size=1, places=(CampaignPlace(1, 0),)
    ),
    CampaignStopped: lambda number, _who, _lines: CampaignStopped(
        merchant=MERCHANT, customer="", at=T0, rule="r1", occasion=T0 + number
    ),
    CampaignDone: lambda number, _who, _lines: CampaignDone(
        merchant=MERCHANT, customer="", at=T0, rule="r1", occasion=T0 + number, how="walked"
    ),
    FeedsTurned: lambda number, _who, _lines: FeedsTurned(
        merchant=f"shop-{number}", customer="", at=T0, unwell={f"store-{n}": Health.STALE for n in range(20)}
    ),
    BudgetWished: lambda number, _who, _lines: BudgetWished(
        merchant=MERCHANT, customer="", at=T0, budget=f"rule:r{number}/month", period="2026-10", by=number % 12, of=12,
        number=number, need=1, back=0, as_of=number,
    ),
    BudgetLeased: lambda number, _who, _lines: BudgetLeased(
        merchant=MERCHANT, customer="", at=T0, budget=f"rule:r{number}/month", period="2026-10", number=1,
        amount=number, left=500,
    ),
    BudgetAnswered: _of(BudgetAnswered, activation="0" * 32, given=True),
    FriendBought: lambda number, who, _lines: FriendBought(
        merchant=MERCHANT, customer=who, at=T0, friend=f"f{number}", number=1, counts=True
    ),
    FriendGiven: lambda number, who, _lines: FriendGiven(
        merchant=MERCHANT, customer=who, at=T0, by="c1", rule="r", reward="coffee"
    ),
    StampsHanded: _of(StampsHanded, card="bread", stamps=50, reason=HandReason.OTHER, happened_at=T0),
    VoucherVoided: _of(VoucherVoided, code="0-" + "A" * 16, reason=VoidReason.LOST, reissue=True),
    StampsHandedBack: _of(StampsHandedBack, handing="1" * 32),
    EntriesMoved: lambda number, who, _lines: EntriesMoved(
        merchant=MERCHANT, customer=who, at=T0, draw="big", entries=(MovedEntry(f"{number}", "r", f"t{number}", 1),)
    ),
    StaffAlerted: lambda number, _who, _lines: StaffAlerted(
        merchant=MERCHANT, customer=STAFF_ROOM, at=T0, kind=AlertKind.RULE_PAUSED, what=f"r{number}", how="failures",
        mark=f"{number}", since=T0,
    ),
    Barrier: lambda number, _who, _lines: Barrier(merchant=MERCHANT, customer="", at=T0, number=number, hash="hash1"),
    RulePaused: lambda number, _who, _lines: RulePaused(
        merchant=MERCHANT, customer="", at=T0, number=1, rule=f"r{number}", reason="x"
    ),
    DrawOpened: _of_draw(DrawOpened, commitment="0" * 64),
    DrawWished: _of_draw(DrawWished, by=1, of=12),
    DrawCalled: _of_draw(DrawCalled, places=3),
    DrawTicketed: _of_draw(DrawTicketed, by=1, of=12, entrants=1, entries=1, lowest=(WINNER,)),
    DrawDrawn: _of_draw(DrawDrawn, seed="0" * 64, entrants=1, entries=1, winners=(WINNER,)),
    PrizePassed: _of_draw(PrizePassed, by=1, place=1),
    DrawnFor: _of(DrawnFor, draw="december", reward="loaf", place=1),
    PrizeDeclined: _of(PrizeDeclined, draw="december"),
    CodesBrought: lambda number, _who, _lines: CodesBrought(
        merchant=MERCHANT, customer="", at=T0, reward="loaf", first=MOST_BROUGHT * (number - 1), codes=HIDDEN
    ),
    CodesWished: lambda number, _who, _lines: CodesWished(
        merchant=MERCHANT, customer="", at=T0, reward=f"r{number}", by=number % 12, of=12, number=number, need=1
    ),
    CodesDealt: lambda number, _who, _lines: CodesDealt(
        merchant=MERCHANT, customer="", at=T0, reward=f"r{number}", number=1, codes=HIDDEN[:MOST_AT_ONCE], left=3
    ),
    CodeGiven: _of(CodeGiven, voucher="0-" + "A" * 16, reward="loaf", code=HIDDEN[0]),
}  # fmt: skip


def records_of(events: Iterator[AnyEvent], start: int) -> list[Any]:
    return list(log_of([encode_event(event) for event in events], start=start, key=b"k"))


def test_every_kind_of_event_is_tried_here():
    assert set(MAKERS) == set(get_args(AnyEvent))


@given(
    kind=st.sampled_from(list(MAKERS)),
    customers=st.sampled_from((1, 7, CHUNK)),
    lines=st.sampled_from((0, MOST_LINES)),
    rules=st.sampled_from((0, 6)),
    waits=st.booleans(),
    most=st.sampled_from((step_size.MOST_WORDS, 3_000)),
)
@settings(max_examples=40)
def test_a_step_at_its_bound_is_committed_within_what_redis_takes(
    kind: type, customers: int, lines: int, rules: int, waits: bool, most: int
):
    """`waits`: it comes before the bundle, and is taken up behind it."""
    shelf = Shelf({(MERCHANT, "hash1"): bundle_of(rules)})
    barrier = Barrier(merchant=MERCHANT, customer="", at=T0, number=0, hash="hash1")
    many = records_of((MAKERS[kind](n + 1, f"c{n % customers}", lines) for n in range(CHUNK)), 0 if waits else 1)
    first = records_of(iter([barrier]), CHUNK if waits else 0)
    records = [*many, *first] if waits else [*first, *many]

    async def play() -> MemoryPartition:
        partition = MemoryPartition(shelf)
        await partition.take()
        fetched = Inbox()
        fetched.put(records)
        while not fetched.empty:
            await partition.step(fetched.take())
        await partition.take_up_everything()
        return partition

    with patch.object(step_size, "MOST_WORDS", most):
        partition = asyncio.run(play())
    for writes in partition.commits:
        words, size = step_size.size_of(writes)
        assert max(lengths_of(writes), default=0) <= MOST_WORDS
        assert words <= most + WORDS_OF_ONE
        assert size <= step_size.MOST_BYTES
    replay = PartitionReplay(0, KEY, shelf.find)
    for each in records:
        replay.apply(each.offset, each.value)
    assert partition.departs_from(replay) == []


WORDS_OF_ONE = 1_500
"""What one event comes to here at most, where it alone is more than a step should carry."""


def lengths_of(writes: Writes) -> Iterator[int]:
    at = 0
    while at < len(writes.commands):
        count = int(writes.commands[at])
        yield count
        at += count + 1


@given(
    st.lists(st.lists(st.integers(0, 60), max_size=9), max_size=9),
    st.integers(1, 7),
    st.integers(1, 100),
)
def test_a_step_has_so_many_records_and_bytes_at_most_and_none_is_lost(sizes: list[list[int]], most: int, room: int):
    lists = [[LogRecord(0, b"x" * size) for size in some] for some in sizes if some]
    fetched, taken = Inbox(), []
    with patch.object(inbox, "CHUNK", most), patch.object(inbox, "CHUNK_BYTES", room):
        for some in lists:
            fetched.put(some)
        while not fetched.empty:
            taken.append(fetched.take())
    assert [each for some in taken for each in some] == [each for some in lists for each in some]
    for piece in taken:
        assert len(piece) == 1 or (len(piece) <= most and sum(len(each.value or b"") for each in piece) <= room)
    assert CHUNK_BYTES < step_size.MOST_BYTES

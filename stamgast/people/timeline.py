"""Everything that happened to a customer, from the logs of their partition: newest first, a bounded piece at a time.

Their records are found by their key among those of a window of the partition; the next page begins where it began. So
one page costs the same however long the log is, and somebody of whom nothing was heard for long has empty pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, Final, NamedTuple

from msgspec import Struct

from stamgast.domain.activation import Note
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import (
    AnyEvent,
    ConsentChanged,
    Erased,
    OptedIn,
    OptedOut,
    OwnEvent,
    PurchaseChanged,
    Replied,
    decode_event,
    key_of,
)
from stamgast.domain.told import Arm, Told, decode_line
from stamgast.domain.told import Line as Fact
from stamgast.domain.units import Millis, Minor
from stamgast.domain.vocabulary import StepKind
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import ConsumerRecord, LogReader, TopicPartition
from stamgast.log.topics import Topics
from stamgast.state.outbox import decode_note

WINDOW: Final = 8_000
"""Records of the customers' log that are looked at for one step; of what it set off, those of the same time."""
_STEPS: Final = 3
_ENOUGH: Final = 40
_SENT_OR_NOT: Final = ("decided", "outcome")
_OF_A_DECISION: Final = (Arm.HELD_OUT, Arm.CANARY_EXCLUDED, Arm.WITHHELD, Arm.SHADOW)


class Kind(StrEnum):
    """What a line tells."""

    JOINED = "joined"
    BOUGHT = "bought"
    PURCHASE_CHANGED = "purchase_changed"
    """It was edited, or some of it came back."""
    PURCHASE_GONE = "purchase_gone"
    """It was voided, came back whole, or is somebody else's."""
    AGREED = "agreed"
    TOOK_BACK = "took_back"
    STOPPED = "stopped"
    STARTED = "started"
    WROTE = "wrote"
    ERASED = "erased"
    EVENT = "event"
    """One of the merchant's own kind."""
    MESSAGE = "message"
    """What became of one: `status` and `reason`."""
    NOT_SPOKEN = "not_spoken"
    """A rule decided for them, and said nothing: `status` is the arm, `reason` why."""
    STAMPS = "stamps"
    CARD_FULL = "card_full"
    STAMPS_RAN_OUT = "stamps_ran_out"
    STAMPS_BY_HAND = "stamps_by_hand"
    VOUCHER = "voucher"
    """What became of one: `status`."""
    STAGE = "stage"
    TIER = "tier"
    SEGMENT_IN = "segment_in"
    SEGMENT_OUT = "segment_out"
    DRAW = "draw"
    REFERRAL = "referral"


class Happening(Struct, frozen=True, omit_defaults=True):
    """One line: of what (a store, a template, a reward, a card …), by which rule, its status, and why.

    `amount` is minor units of the purchase's `currency`; stamps are counted from `before` to `count`.
    """

    at: Millis
    kind: Kind
    what: str = ""
    rule: str = ""
    status: str = ""
    reason: str = ""
    amount: Minor | None = None
    currency: str = ""
    before: int = 0
    count: int = 0


class Piece(NamedTuple):
    """Newest first; `before` is where older ones begin (the log's own time), None at its beginning."""

    lines: list[Happening]
    before: Millis | None


async def read_timeline(
    bootstrap: str, topics: Topics, customer: tuple[str, str], before: Millis | None = None, *, window: int = WINDOW
) -> Piece:
    """What happened to a customer (merchant, id) and stands in the log before a moment of its own.

    Raises:
        KafkaError: Kafka does not answer.
        LogTruncatedError: it was cut meanwhile.
    """
    key = key_of(*customer)
    partition = partition_for(key, topics.partitions)
    pairs = [TopicPartition(each, partition) for each in (topics.customer_events, topics.activations, topics.facts)]
    found: dict[bytes, Happening] = {}
    async with LogReader(bootstrap, client_id="stamgast-timeline") as reader:
        looking = _Looking(reader, pairs, await reader.begins(pairs), key, window)
        ends = await reader.ends(pairs) if before is None else await reader.since(pairs, before)
        for _ in range(_STEPS):
            step = await _step(looking, ends)
            found |= step.found
            ends, before = step.begins, step.before
            if before is None or len(found) >= _ENOUGH:
                break
    return Piece(sorted(found.values(), key=lambda each: -each.at), before)


class _Step(NamedTuple):
    """What one window held. `begins` is where it began in each log, `before` in the log's time."""

    found: dict[bytes, Happening]
    begins: dict[TopicPartition, int]
    before: Millis | None


class _Looking(NamedTuple):
    """Where is looked, and for whom."""

    reader: LogReader
    pairs: list[TopicPartition]
    begins: dict[TopicPartition, int]
    key: bytes
    window: int


async def _step(looking: _Looking, ends: dict[TopicPartition, int]) -> _Step:
    reader, pairs, begins, key, window = looking
    topic, partition = pairs[0]
    begin, end = begins[pairs[0]], ends[pairs[0]]
    start, found = end, dict[bytes, Happening]()
    oldest: Millis | None = None
    while oldest is None and start > begin:  # a window may hold nothing but marks of transactions
        start, upto = max(begin, start - window), start
        async for first, records in reader.read_of(topic, partition, start, upto, key):
            oldest = first if oldest is None else oldest
            _take(found, records, _of_event)
    starts, before = begins, None
    if start > begin and oldest is not None:
        starts, before = await reader.since(pairs, oldest), oldest
        since = starts[pairs[0]]
        async for _, records in reader.read_of(topic, partition, since, start, key):  # those of the very same moment
            _take(found, records, _of_event)
    for pair, told in zip(pairs[1:], (_of_note, _of_fact), strict=True):
        async for _, records in reader.read_of(pair.topic, pair.partition, starts[pair], ends[pair], key):
            _take(found, records, told)
    return _Step(found, starts, before)


def _take(
    found: dict[bytes, Happening], records: list[ConsumerRecord], told: Callable[[bytes], Happening | None]
) -> None:
    """Take in their records; a line that stands in a log once more is told once."""
    for record in records:
        if record.value is not None:
            try:
                happening = told(record.value)
            except UNREADABLE:  # not of our making
                continue
            if happening is not None:
                found[record.value] = happening


def _of_event(value: bytes) -> Happening | None:
    return next(told_of_event(decode_event(value)), None)


def _of_note(value: bytes) -> Happening | None:
    return told_of_note(decode_note(value))


def _of_fact(value: bytes) -> Happening | None:
    return told_of_fact(decode_line(value))


def told_of_event(event: AnyEvent) -> Iterator[Happening]:
    """What an event of their stream tells, if it tells people anything."""
    at = event.at
    match event:
        case PurchaseChanged():
            yield _of_purchase(event)
        case ConsentChanged(since=since):
            what = event.topic or f"{event.purpose}:{event.channel}"
            yield Happening(since or at, Kind.AGREED if event.granted else Kind.TOOK_BACK, what)
        case OptedOut():
            yield Happening(at, Kind.STOPPED, event.channel)
        case OptedIn():
            yield Happening(at, Kind.STARTED, event.channel)
        case Replied():
            yield Happening(at, Kind.WROTE, event.keyword or "", count=event.media)
        case Erased():
            yield Happening(at, Kind.ERASED)
        case OwnEvent():
            yield Happening(at, Kind.EVENT, event.name)
        case _:
            return


def _of_purchase(event: PurchaseChanged) -> Happening:
    after, before = event.after, event.before
    if after is None or not after.counts:
        gone = after or before
        store = "" if gone is None else gone.store
        return Happening(event.happened_at or event.at, Kind.PURCHASE_GONE, store)
    kind = Kind.BOUGHT if before is None or not before.counts else Kind.PURCHASE_CHANGED
    at = after.occurred_at if kind is Kind.BOUGHT else event.happened_at or event.at
    return Happening(at, kind, after.store, amount=after.spend, currency=after.currency)


def told_of_note(note: Note) -> Happening | None:
    """What became of a message to them."""
    if note.staff or note.kind not in _SENT_OR_NOT:
        return None
    return Happening(note.at, Kind.MESSAGE, note.template, note.rule, note.status, note.reason)


def told_of_fact(fact: Fact) -> Happening | None:
    """What a change of their state means."""
    kind, became, at = fact.kind, fact.became, fact.at
    told: dict[str, Callable[[], Happening | None]] = {
        Told.ENTRY: lambda: Happening(at, Kind.JOINED),
        Told.STAMPS: lambda: _of_stamps(fact),
        Told.BY_HAND: lambda: Happening(
            at, Kind.STAMPS_BY_HAND, fact.card, reason=fact.reason, status=became, count=fact.count
        ),
        Told.VOUCHER: lambda: Happening(at, Kind.VOUCHER, fact.reward, fact.rule, became, fact.reason),
        Told.STAGE: lambda: Happening(at, Kind.STAGE, became),
        Told.TIER: lambda: Happening(at, Kind.TIER, became, fact.rule),
        Told.SEGMENT: lambda: Happening(at, Kind.SEGMENT_IN if became == "entered" else Kind.SEGMENT_OUT, fact.segment),
        Told.DRAW: lambda: Happening(at, Kind.DRAW, fact.draw, fact.rule, became),
        Told.REFERRAL: lambda: Happening(at, Kind.REFERRAL, status=became, reason=fact.reason),
        Told.DECISION: lambda: (
            Happening(at, Kind.NOT_SPOKEN, "", fact.rule, became, fact.reason)
            if became in _OF_A_DECISION and not fact.activation
            else None
        ),
    }
    tell: Any = told.get(kind)
    found: Happening | None = tell() if tell is not None else None
    return found


def _of_stamps(fact: Fact) -> Happening | None:
    if fact.became == "completed":
        return Happening(fact.at, Kind.CARD_FULL, fact.card, count=fact.count)
    if fact.became == StepKind.EXPIRED:
        return Happening(fact.at, Kind.STAMPS_RAN_OUT, fact.card, count=fact.before)
    if fact.became == StepKind.WARNED:
        return None  # the message itself stands there
    return Happening(fact.at, Kind.STAMPS, fact.card, before=fact.before, count=fact.after)

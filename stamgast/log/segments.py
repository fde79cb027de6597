"""What is known of a merchant's segments, as it stands on `segments.v1`: the newest word on each, compacted.

A segment's record says what its customers are worth against what winning them cost, and since when that has been below
three. Whether one *fell* follows from the record before it, so whoever starts again repeats nothing. A merchant's own
record, appended after those of its segments, says when all were valued last and under which bundle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from stamgast.domain.errors import UNREADABLE, why_unreadable
from stamgast.domain.units import Millis, Minor
from stamgast.log.reading import LogReader
from stamgast.logs import get_logger

log = get_logger(__name__)


class Point(Struct, frozen=True, array_like=True):
    """How a segment was once: for its line over the weeks."""

    at: Millis
    customers: int
    value_of_new: Minor | None = None
    ratio: float | None = None


class SegmentWorth(Struct, frozen=True, kw_only=True, tag="segment", tag_field="kind"):
    """A segment: `by` is `tag`, `source`, `cohort` or `shop` (one record).

    `clv` and `acquisition_cost` are per customer, minor units of `currency`.

    `ratio` is the value of a new customer over what winning one costs, None where that is nothing; in records without
    `value_of_new`, of versions before, it is `clv` over it. `below_since` is when `below` was first seen to hold,
    `fell_from` the ratio before that, None if nobody had seen it at three or above; only tags and sources are judged.
    What follows `value_of_new` means what it means in `stamgast.clv.segments.live_segments.LiveSegment`. `sample` are
    ids of some of its customers, always the same ones as long as they belong to it; `past` is how it was, a point a
    week, the oldest first.
    """

    merchant: str
    by: str
    segment: str
    at: Millis
    currency: str
    customers: int
    clv: Minor
    acquisition_cost: Minor
    ratio: float | None
    below: bool
    below_since: Millis | None = None
    fell_from: float | None = None
    value_of_new: Minor | None = None
    historic: Minor | None = None
    predicted: Minor | None = None
    margin: float | None = None
    lifespan_months: float | None = None
    typical_gap_days: float | None = None
    p_buy_90_days: float | None = None
    winning_may_cost: Minor | None = None
    keeping_may_cost: Minor | None = None
    customers_with_cost: int = 0
    sample: tuple[str, ...] = ()
    past: tuple[Point, ...] = ()

    @property
    def key(self) -> str:
        """The record's key."""
        return key_of_segment(self.merchant, self.by, self.segment)


class AllValued(Struct, frozen=True, kw_only=True, tag="valued", tag_field="kind"):
    """When all segments of a merchant were valued last, and under which bundle (its hash).

    `values` are customers who have bought, by what they are worth in all (brought, and still expected, less messages),
    in the bins of `stamgast.domain.value_bins`; empty where nothing is expected, for want of a model.
    """

    merchant: str
    at: Millis
    bundle: str
    values: tuple[int, ...] = ()


_decode = msgspec.json.Decoder(SegmentWorth | AllValued).decode
encode_word = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Known:
    """Everything that the topic says now."""

    segments: dict[str, SegmentWorth] = field(default_factory=dict)
    """Record's key -> segment."""
    valued: dict[str, AllValued] = field(default_factory=dict)
    """Merchant -> when."""

    def take(self, key: str, value: bytes | None) -> None:
        """Take in a record; without a value it says that there is no such segment any more.

        Raises:
            msgspec.DecodeError, RecursionError: it is none of ours.
        """
        if value is None:
            self.segments.pop(key, None)
            return
        word = _decode(value)
        if isinstance(word, SegmentWorth):
            self.segments[word.key] = word
        else:
            self.valued[word.merchant] = word

    def of(self, merchant: str) -> Mapping[str, SegmentWorth]:
        """What is known of one merchant's segments, by key."""
        return {key: each for key, each in self.segments.items() if each.merchant == merchant}


def key_of_segment(merchant: str, by: str, segment: str) -> str:
    """Name a segment: `winkel|source|flyer`."""
    return f"{merchant}|{by}|{segment}"


async def read_segments(reader: LogReader, topic: str) -> Known:
    """Read the topic to its end; what is none of ours is passed over."""
    known = Known()
    async for records in reader.read_all(topic, 0):
        for record in records:
            try:
                known.take((record.key or b"").decode(), record.value)
            except UNREADABLE as error:
                log.error("a segment's record cannot be read", offset=record.offset, why=why_unreadable(error))
    return known

"""One record on `purchases.v1` as the hot path decodes it: the part of the public contract the core reads."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from stamgast.domain.event import Source
from stamgast.domain.units import DAY, MINUTE, Day, Millis

CLOCK_TOLERANCE = 5 * MINUTE
EARLIEST: Final[Millis] = 631_152_000_000
"""1990: no programme may look back further, so that a till that fell back to 1970 or 1980 is known without it."""
REACH: Final = 7305 * DAY
"""Twenty years: how far before its recording a sale may lie where the programme says nothing. A till whose battery died
begins again in 1970, 1980 or 2000."""
DAYS_APART: Final = 2
"""How far a business day may lie from the moment of the sale (UTC): a long night, on the other side of the world."""
UNDATED: Final[Millis] = -1
"""In the place of a date that cannot be right."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

# A shop's own producer may write anything; what no till can mean, and no state could hold, is refused on reading.
Amount = Annotated[int, Meta(ge=-(10**12), le=10**12)]
Version = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Moment = Annotated[datetime, Meta(tz=True)]
RecordedAt = Annotated[int, Meta(ge=0, le=7_258_118_400_000)]
"""Up to the year 2200: one in microseconds would keep everything after it from being new."""

Id = Annotated[str, Meta(max_length=200)]
"""An identifier of the source: it stands in keys, in states and in the names of occasions."""
MOST_LINES = 2_000
LARGEST_RECEIPT: Final = 240_000
"""Bytes of a record: four of it, before and after and each at its peak, fit into an event."""

MOST_DIGITS = 9
"""Of a quantity, before the point."""


Status = Literal["open", "completed", "partially_refunded", "refunded", "voided", "refund"]
"""`refund` marks a refund under its own id; all others are states of the whole transaction."""


class StoreRef(Struct, frozen=True, gc=False):
    """Where it was sold."""

    retail_store_id: Id = ""


class CustomerRef(Struct, frozen=True, gc=False):
    """On a canonical record only `customer_id` is set; anything else still has to be resolved."""

    customer_id: str | None = None
    membership_number: str | None = None
    provider_customer_id: str | None = None
    phone: str | None = None
    sealed: str | None = None


class Totals(Struct, frozen=True, gc=False):
    """`gross_minor` is for goods after discounts, with tax, without what stands beside it."""

    gross_minor: Amount
    shipping_minor: Any = None
    deposit_minor: Any = None
    gift_card_sold_minor: Any = None
    surcharge_minor: Any = None
    tip_minor: Any = None
    """Read at the door; here they only say which lines are no part of the gross."""
    rounding_minor: Any = None
    paid_minor: Any = None
    """Nothing is decided by it: what it does not go with is told."""


class LineItem(Struct, frozen=True, gc=False):
    """A line as delivered; `original_line_id` is set on the lines of a refund."""

    gross_minor: Amount
    line_id: Id = ""
    quantity: Id = "1"
    sku: Id | None = None
    category: Id | None = None
    kind: Id = "sale"
    cost_minor: Amount | None = None
    tax_minor: Amount | None = None
    tax_rate: Id | None = None
    original_line_id: Id | None = None


class Provenance(Struct, frozen=True, gc=False):
    """`test` purchases are kept, and never earn. `history` was before: it changes what is known, and gives nothing."""

    test: bool = False
    history: bool = False


class Delivery(Struct, frozen=True, gc=False):
    """The `data` of one record on `purchases.v1`: the part of the public contract that the core reads."""

    transaction_id: Id
    status: Status
    end_date_time: Moment
    price_currency: Id
    totals: Totals
    source_version: Version = 0
    store: StoreRef = StoreRef()
    customer: CustomerRef | None = None
    line_items: Annotated[tuple[LineItem, ...], Meta(max_length=MOST_LINES)] = ()
    refund_id: Id | None = None
    refund_ids: Annotated[tuple[Id, ...], Meta(max_length=MOST_LINES)] = ()
    provenance: Provenance = Provenance()
    time_suspect: bool = False
    link_settled: bool = False
    prices_include_tax: Any = True
    """Older records may hold anything there."""
    business_day_date: Any = None
    """Text as `business_day_of` reads it; whatever else older records hold there says nothing."""
    transaction_link: Any = None
    """Read at the door; here it only says that there is one."""


Warned = tuple[str, str]
"""Kind and place (JSON Pointer in the purchase) of what was taken although it looked wrong."""


class Record(Struct, frozen=True, gc=False):
    """A CloudEvents record on `purchases.v1`, as the hot path decodes it."""

    data: Delivery
    type: str
    stamgastrecordedat: RecordedAt | None = None
    stamgastsource: Source | None = None
    stamgastwarnings: tuple[Warned, ...] = ()
    """What looked wrong about it when it was taken in, for the day's report. Nothing is decided by it."""


decode_record = msgspec.json.Decoder(Record).decode
"""bytes -> Record. Raises `msgspec.DecodeError` where the bytes are none."""


def happened_at(delivery: Delivery, recorded_at: Millis) -> Millis:
    """When it took place; a till whose clock cannot be right is brought to the recorded time."""
    moment = millis_of(delivery.end_date_time)
    return moment if can_be_right(moment, recorded_at, EARLIEST) else recorded_at


def dated(delivery: Delivery, recorded_at: Millis) -> Millis:
    """Its date; `UNDATED` if that cannot be right, or was found so at the door, where the programme is known."""
    moment = millis_of(delivery.end_date_time)
    return UNDATED if delivery.time_suspect or not can_be_right(moment, recorded_at, EARLIEST) else moment


def business_day_of(delivery: Delivery) -> Day | None:
    """The day on which the till books it, if it says one that its moment can belong to."""
    day = _day(delivery.business_day_date) if isinstance(delivery.business_day_date, str) else None
    if day is None or abs(day - millis_of(delivery.end_date_time) // DAY) > DAYS_APART:
        return None
    return day


@lru_cache(maxsize=1024)
def _day(text: str) -> Day | None:
    try:
        return date.fromisoformat(text).toordinal() - EPOCH.toordinal()
    except ValueError:
        return None


def can_be_right(moment: Millis, recorded_at: Millis, earliest: Millis) -> bool:
    """Whether something that was recorded then can have taken place at that moment."""
    return earliest <= moment <= recorded_at + CLOCK_TOLERANCE


def millis_of(moment: datetime) -> Millis:
    """Aware datetime -> milliseconds UTC; what is finer is cut off."""
    return (moment - EPOCH) // _MILLISECOND


@lru_cache(maxsize=4096)
def thousandths(text: str) -> int:
    """Decimal text -> integer thousandths, half up on the last digit. Raises ValueError for other text."""
    sign = -1 if text.startswith("-") else 1
    whole, _, fraction = text.lstrip("+-").partition(".")
    digits = (fraction + "0000")[:4]
    if not (whole + fraction).isdecimal() or not text.isascii() or len(whole) > MOST_DIGITS:
        raise ValueError("a quantity is not a decimal number")
    return sign * (int(whole or "0") * 1000 + (int(digits) + 5) // 10)

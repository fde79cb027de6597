"""The scalars of the purchase contract: ids, money, quantities and times, each refused for one clear reason."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from stamgast.clock.shop_time import why_no_moment
from stamgast.domain.currencies import CURRENCIES, nearest_currency

MOST_MINOR: Final = 10**12
"""No amount is larger than this, in minor units: a till that says so is broken."""

_MOST_HOURS_FROM_UTC: Final = 14
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read_instant(value: object) -> datetime:
    """RFC 3339 text with its offset -> UTC. Raises `PydanticCustomError` that says what is missing."""
    if isinstance(value, datetime):
        value = value.isoformat()
    text = value if isinstance(value, str) else ""
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise PydanticCustomError("instant", "is not an RFC 3339 time, such as 2026-10-01T07:42:10Z")
    if match[2] is None:
        raise PydanticCustomError("instant_naive", "has no offset from UTC: end it with Z, or with one such as +02:00")
    if match[2] not in "Zz" and int(match[2][1:3]) > _MOST_HOURS_FROM_UTC:
        raise PydanticCustomError(
            "instant_offset", "has an offset from UTC that no place has: they go from -12:00 to +14:00"
        )
    seconds, offset = text[:19], "+00:00" if match[2] in "Zz" else match[2]
    fraction = ((match[1] or ".")[1:] + "000000")[:6]
    try:
        return datetime.fromisoformat(f"{seconds.upper()}.{fraction}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        why = why_no_moment(text)
        raise PydanticCustomError("instant", "is not on the calendar: {why}", {"why": why}) from None


def write_instant(moment: datetime) -> str:
    """RFC 3339 in UTC, with a fraction only where there is one."""
    if moment.tzinfo is UTC and not moment.microsecond:  # as nearly all of them are
        return f"{moment.isoformat()[:19]}Z"
    text = moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6].rstrip("0").rstrip(".")
    return f"{text}Z"


def _read_day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("day", "is not a date such as 2026-10-01")


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # not found is a KeyError; odd names raise the others
        raise PydanticCustomError("zone", "is not an IANA time zone such as Europe/Brussels") from None
    return value


ANY_ID: Final = r"^[^\x00-\x1f\x7f]+$"
Id = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=ANY_ID)]
"""An identifier of the source: 1 to 200 characters, no control characters."""

Text = Annotated[str, StringConstraints(max_length=500)]
"""Words for people; nothing is decided by them."""

Amount = Annotated[int, Field(ge=-MOST_MINOR, le=MOST_MINOR)]
"""Money in integer minor units (cents), of either sign."""

PositiveAmount = Annotated[int, Field(ge=0, le=MOST_MINOR)]


def _known_currency(value: str) -> str:
    if value in CURRENCIES:
        return value
    raise PydanticCustomError("currency", "is not a currency", {"nearest": nearest_currency(value)})


Currency = Annotated[str, AfterValidator(_known_currency), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"})]
"""ISO 4217."""

Quantity = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,6})?$")]
"""A decimal number as text, so that 0.348 kg stays what it was; counted to a thousandth."""

PositiveQuantity = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$")]

Rate = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,4})?$")]
"""A percentage as decimal text, such as 9 or 21.0."""

Gtin = Annotated[str, StringConstraints(pattern=r"^([0-9]{8}|[0-9]{12,14})$")]
Gln = Annotated[str, StringConstraints(pattern=r"^[0-9]{13}$")]

Instant = Annotated[
    datetime,
    BeforeValidator(read_instant),
    PlainSerializer(write_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment with its offset from UTC; a time without one is refused."""

CalendarDay = Annotated[date, BeforeValidator(_read_day), WithJsonSchema({"type": "string", "format": "date"})]

TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_known_zone)]

Version = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""Grows with every change of a transaction; a time in microseconds will do."""

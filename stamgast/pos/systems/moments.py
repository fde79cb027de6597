"""Moments as systems write them -> RFC 3339 in UTC, as the purchase contract wants them, and versions made of them."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NoReturn
from zoneinfo import ZoneInfo

from stamgast.domain.units import Millis
from stamgast.pos.types import read_instant, write_instant

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LONGEST: Final = 64
_LATEST: Final = 253_402_300_800_000
"""Milliseconds: the year 10000."""
_LOOSE: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2})?(?:[.,]\d{1,9})?) ?(Z|z|UTC|[+-]\d{2}(?:[:+]?\d{2})?)?",
    re.ASCII,
)


def moment(value: Any, zone: str = "") -> datetime:
    """A time as text -> UTC. One without an offset is in `zone`, the system's documented one.

    Raises ValueError for what is no time, for one without an offset where no zone is documented.
    """
    if not isinstance(value, str) or len(value) > _LONGEST:
        _refuse()
    return _moment(value, zone)


@lru_cache(maxsize=1024)
def _moment(text: str, zone: str) -> datetime:
    match = _LOOSE.fullmatch(text.strip())
    if match is None:
        _refuse()
    day, clock, offset = match[1], match[2].replace(",", "."), match[3]
    if clock.count(":") == 1:
        clock += ":00"
    if offset is None:
        if not zone:
            raise ValueError("has no offset from UTC")
        try:
            naive = datetime.fromisoformat(f"{day}T{clock[:15]}")
            return naive.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        except OverflowError:
            _refuse()
    if offset in {"UTC", "z", "Z"}:
        offset = "Z"
    else:
        digits = offset[1:].replace(":", "").replace("+", "")
        offset = f"{offset[0]}{digits[:2]}:{digits[2:] or '00'}"
    return read_instant(f"{day}T{clock}{offset}")


def utc(value: Any, zone: str = "") -> str:
    """A time as text -> RFC 3339 in UTC. Raises ValueError, as `moment`."""
    return write_instant(moment(value, zone))


def from_seconds(value: Any) -> str:
    """Seconds since 1970 -> RFC 3339 in UTC. Raises ValueError."""
    return from_millis(_whole(value) * 1000)


def from_millis(value: Any) -> str:
    """Milliseconds since 1970 -> RFC 3339 in UTC. Raises ValueError."""
    return write_instant(_EPOCH + timedelta(milliseconds=_whole(value)))


def version_of(value: Any, zone: str = "") -> int:
    """A time as text -> a version that grows with it: microseconds since 1970. Raises ValueError."""
    return version_at(moment(value, zone))


def version_at(moment: datetime) -> int:
    """The same of a time that was read."""
    return max(0, (moment - _EPOCH) // _MICROSECOND)


_RANKS: Final = {"open": 0, "completed": 1, "partially_refunded": 2, "refunded": 3, "voided": 4}
_MOST_REFUNDS: Final = 499


def ranked(version: int, status: str, refunds: int = 0, *, whole: bool = True) -> int:
    """A version of whole seconds that tells two states of one second apart: what is undone comes after what was sold,
    one more refund after one less, and what was read again after the notice that was not the whole.
    """
    return version + _RANKS.get(status, 0) * 1000 + min(refunds, _MOST_REFUNDS) * 2 + whole


def millis_of(value: Any, zone: str = "") -> Millis:
    """A time as text -> milliseconds since 1970. Raises ValueError."""
    return version_of(value, zone) // 1000


def _whole(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LATEST:
        _refuse()
    return int(value)


def _refuse() -> NoReturn:
    raise ValueError("is no time")

"""Visit days as a compact, order-free value: ascending (day, purchases on that day), as varints.

Each pair is written as the distance to the day before it (the first one: to day 0) and the number of
purchases of that day. What happened lately stands at the end, and what is asked is nearly always of lately: so readers
come from the end and go no further than they have to, for a regular has years.

A state lets go of days of long ago, of which no rule asks (`trimmed`): the purchases of those days stand in the ledger,
each with its day, and whatever changes one of them takes all days from there.
"""

import math
from functools import lru_cache
from typing import Final, NamedTuple

from stamgast.domain.units import Day

KEPT: Final[Day] = 800
"""Days before the newest of which a state tells for certain: rules and tiers ask of two years at most."""
PLENTY: Final = 256
"""Bytes that a value may have whatever days it is of: some 120 visits."""
_GO_ON: Final = bytes(range(0x80, 0x100))
"""All bytes but the last ones of a number."""
LOG_SCALE = 1 << 20
"""Logarithms of gaps are summed as integers in units of 2**-20, so that the sum has no order."""


def decode_days(value: bytes) -> list[tuple[Day, int]]:
    """Value -> [(day, purchases)], ascending."""
    numbers: list[int] = []
    number = shift = 0
    for byte in value:
        number |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
        else:
            numbers.append(number)
            number = shift = 0
    days: list[tuple[Day, int]] = []
    day = 0
    for index in range(0, len(numbers), 2):
        day += numbers[index]
        days.append((day, numbers[index + 1]))
    return days


def encode_days(days: list[tuple[Day, int]]) -> bytes:
    """[(day, purchases)], ascending -> value."""
    value = b""
    previous = 0
    for day, count in days:
        value += _varint(day - previous) + _varint(count)
        previous = day
    return value


def trimmed(value: bytes, last_day: Day) -> bytes:
    """The value without days of long ago, as long as it has more than `PLENTY`; `last_day` is the newest."""
    if len(value) <= PLENTY:
        return value
    begin, (day, middle) = 0, _number_at(value, 0)
    length = len(value)
    while length > PLENTY and day < last_day - KEPT:
        begin = _number_at(value, middle)[1]
        gap, middle = _number_at(value, begin)
        day += gap
        length = len(value) - middle + len(_varint(day))
    return _varint(day) + value[middle:] if begin else value


def is_whole(value: bytes, visits: int) -> bool:
    """Whether it has all of so many visit days, or some were let go of."""
    return len(value.translate(None, _GO_ON)) == 2 * visits


def first_of(value: bytes) -> Day:
    """The oldest day of a value that has any."""
    return _number_at(value, 0)[0]


class Spot(NamedTuple):
    """Where a day stands in a value, or would stand."""

    begin: int
    end: int
    """Both are bytes of the value; they are the same where the day is not in it."""
    purchases: int
    """On that day."""
    before: Day | None
    """The newest day in the value that is older; None: there is none."""
    after: Day | None
    """The oldest that is newer."""


def spot_of(value: bytes, last_day: Day, day: Day) -> Spot:
    """Look a day up; `last_day` is the newest in the value. What lies before it is not read."""
    end, newer, at = len(value), None, last_day
    while end:
        middle = _begin_of_last(value, end)
        begin = _begin_of_last(value, middle)
        if at < day:
            return Spot(end, end, 0, at, newer)
        older = at - _number(value, begin, middle)
        if at == day:
            return Spot(begin, end, _number(value, middle, end), older if begin else None, newer)
        newer, at, end = at, older, begin
    return Spot(0, 0, 0, None, newer)


def append_day(value: bytes, last_day: Day, day: Day) -> bytes:
    """Add one purchase on `day`, which is `last_day` (the newest in the value; 0: none) or after it."""
    if value and day == last_day:
        count = value[-1]
        if count < 0x7F and (len(value) < 2 or not value[-2] & 0x80):
            return value[:-1] + bytes((count + 1,))
        return change_day(value, last_day, day, 1)[0]
    return value + _varint(day - last_day) + b"\x01"


def purchases_on(value: bytes, last_day: Day, day: Day) -> int:
    """How many there were on a day; `last_day` is the newest. Of that one, or one after it, only the end is read."""
    if day > last_day:
        return 0
    if day == last_day and value and (len(value) < 2 or not value[-2] & 0x80):
        return value[-1]
    return spot_of(value, last_day, day).purchases


def change_day(value: bytes, last_day: Day, day: Day, by: int) -> tuple[bytes, Spot]:
    """Add `by` (which may be negative) purchases to any day; a day left without purchases goes.

    Also says where the day stood before; `last_day` is the newest in the value.
    """
    spot = spot_of(value, last_day, day)
    begin, end, count, before, after = spot
    left = max(count + by, 0)
    base = before or 0
    here = _varint(day - base) + _varint(left) if left else b""
    if after is not None and bool(count) != bool(left):  # the next one is so far from another day now
        was, now = (day if count else base), (day if left else base)
        end += len(_varint(after - was))
        here += _varint(after - now)
    return value[:begin] + here + value[end:], spot


def days_since(value: bytes, last_day: Day, since: Day) -> list[Day]:
    """The days of the value from `since` on, ascending; `last_day` is the newest."""
    found: list[Day] = []
    end, at = len(value), last_day
    while end and at >= since:
        found.append(at)
        middle = _begin_of_last(value, end)
        end = _begin_of_last(value, middle)
        at -= _number(value, end, middle)
    found.reverse()
    return found


def came_between(value: bytes, last_day: Day, since: Day, until: Day) -> bool:
    """Whether a day of the value lies from `since` to `until`, both of them within; `last_day` is the newest."""
    spot = spot_of(value, last_day, until)
    return spot.purchases > 0 or (spot.before is not None and spot.before >= since)


def last_gap(value: bytes) -> Day:
    """Days between the newest two of the value, which has at least two. Only its end is read: a regular has years."""
    count = _begin_of_last(value, len(value))
    begin = _begin_of_last(value, count)
    return _number(value, begin, count)


def newest_days(value: bytes, last_day: Day, count: int) -> list[Day]:
    """The newest so many days of the value, ascending; `last_day` is the newest. Only the value's end is read."""
    found: list[Day] = []
    day, at = last_day, len(value)
    while at and len(found) < count:
        found.append(day)
        at -= 1
        while at and value[at - 1] & 0x80:
            at -= 1
        at -= 1
        gap = value[at]
        while at and value[at - 1] & 0x80:
            at -= 1
            gap = gap << 7 | value[at] & 0x7F
        day -= gap
    found.reverse()
    return found


def _begin_of_last(value: bytes, end: int) -> int:
    """Where the number begins that ends before `end`: all of its bytes but the last one say that more follow."""
    begin = end - 1
    while begin and value[begin - 1] & 0x80:
        begin -= 1
    return begin


@lru_cache(maxsize=4096)
def log_gap(gap: int) -> int:
    """ln(gap in days) in units of 2**-20; gap is at least 1."""
    return round(math.log(gap) * LOG_SCALE)


def _number_at(value: bytes, begin: int) -> tuple[int, int]:
    """The number that begins there, and where the next one does."""
    number = shift = 0
    while value[begin] & 0x80:
        number |= (value[begin] & 0x7F) << shift
        shift += 7
        begin += 1
    return number | value[begin] << shift, begin + 1


def _number(value: bytes, begin: int, end: int) -> int:
    """The number that stands in these bytes."""
    if end - begin == 1:
        return value[begin]
    return sum((value[at] & 0x7F) << 7 * (at - begin) for at in range(begin, end))


def _varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)

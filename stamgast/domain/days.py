"""Visit days as a compact, order-free value: ascending (day, purchases on that day), as varints.

Each pair is written as the distance to the day before it (the first one: to day 0) and the number of
purchases of that day. Adding a purchase to the newest day or after it, the common case, touches only the
end of the value.
"""

import math
from functools import lru_cache
from itertools import pairwise

from stamgast.domain.units import Day

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


def append_day(value: bytes, last_day: Day, day: Day) -> bytes:
    """Add one purchase on `day`, which is `last_day` (the newest in the value; 0: none) or after it."""
    if value and day == last_day:
        count = value[-1]
        if count < 0x7F and (len(value) < 2 or not value[-2] & 0x80):
            return value[:-1] + bytes((count + 1,))
        days = decode_days(value)
        days[-1] = (day, days[-1][1] + 1)
        return encode_days(days)
    return value + _varint(day - last_day) + b"\x01"


def purchases_on(value: bytes, last_day: Day, day: Day) -> int:
    """How many there were on a day; `last_day` is the newest. Of that one, or one after it, only the end is read."""
    if day > last_day:
        return 0
    if day == last_day and value and (len(value) < 2 or not value[-2] & 0x80):
        return value[-1]
    return dict(decode_days(value)).get(day, 0)


def change_day(value: bytes, day: Day, by: int) -> bytes:
    """Add `by` (which may be negative) purchases to any day; a day left without purchases goes."""
    counts = dict(decode_days(value))
    left = counts.get(day, 0) + by
    if left > 0:
        counts[day] = left
    else:
        counts.pop(day, None)
    return encode_days(sorted(counts.items()))


def last_gap(value: bytes) -> Day:
    """Days between the newest two of the value, which has at least two. Only its end is read: a regular has years."""
    count = _begin_of_last(value, len(value))
    begin = _begin_of_last(value, count)
    return sum((value[at] & 0x7F) << 7 * (at - begin) for at in range(begin, count))


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


def sum_log_gaps(days: list[tuple[Day, int]]) -> int:
    """Sum over neighbouring days of ln(gap in days), in units of 2**-20."""
    return sum(log_gap(later[0] - earlier[0]) for earlier, later in pairwise(days))


@lru_cache(maxsize=4096)
def log_gap(gap: int) -> int:
    """ln(gap in days) in units of 2**-20; gap is at least 1."""
    return round(math.log(gap) * LOG_SCALE)


def _varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)

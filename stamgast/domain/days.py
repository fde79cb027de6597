"""Visit days as a compact, order-free value: ascending, each with the purchases of that day.

A day is written as the distance to the day before it (the first one: to day 0), and the purchases of a day behind it
where there were several: a regular's day takes a byte. A number stands in groups of seven bits, the lowest first, whose
last one has six and says which of the two it is, so that it can be read from either side. What happened lately stands
at the end, and what is asked is nearly always of lately: so readers come from the end and go no further than they have
to, for a regular has years.

A state lets go of days of long ago, of which no rule asks (`trimmed`): the purchases of those days stand in the ledger,
each with its day, and whatever changes one of them takes all days from there.
"""

import math
from functools import lru_cache
from typing import Final, NamedTuple

from stamgast.domain.units import Day

KEPT: Final[Day] = 800
"""Days before the newest of which a state tells for certain: rules and tiers ask of two years at most."""
PLENTY: Final = 120
"""Visit days that a value may have whatever days they are."""
_SEVERAL: Final = 0x40
"""Stands in the last byte of a number of purchases, and in none of a distance."""
_NO_DAY: Final = bytes(range(_SEVERAL, 0x100))
"""All bytes but those with which a distance ends: one of these for each day."""
LOG_SCALE = 1 << 20
"""Logarithms of gaps are summed as integers in units of 2**-20, so that the sum has no order."""


def decode_days(value: bytes) -> list[tuple[Day, int]]:
    """Value -> [(day, purchases)], ascending."""
    days: list[tuple[Day, int]] = []
    day = number = shift = 0
    for byte in value:
        if byte & 0x80:
            number |= (byte & 0x7F) << shift
            shift += 7
            continue
        number |= (byte & 0x3F) << shift
        if byte & _SEVERAL:
            days[-1] = (day, number)
        else:
            day += number
            days.append((day, 1))
        number = shift = 0
    return days


def encode_days(days: list[tuple[Day, int]]) -> bytes:
    """[(day, purchases)], ascending -> value."""
    value = b""
    previous = 0
    for day, count in days:
        value += _entry(day - previous, count)
        previous = day
    return value


def trimmed(value: bytes, last_day: Day) -> bytes:
    """The value without days of long ago, as long as it has more than `PLENTY`; `last_day` is the newest."""
    if len(value) <= PLENTY or (many := _visits(value)) <= PLENTY:
        return value
    begin, (day, middle) = 0, _number_at(value, 0)
    while many > PLENTY and day < last_day - KEPT:
        begin = middle
        gap, middle = _number_at(value, begin)
        if value[middle - 1] & _SEVERAL:
            begin = middle
            gap, middle = _number_at(value, begin)
        day += gap
        many -= 1
    return _distance(day) + value[middle:] if begin else value


def is_whole(value: bytes, visits: int) -> bool:
    """Whether it has all of so many visit days, or some were let go of."""
    return _visits(value) == visits


def _visits(value: bytes) -> int:
    return len(value.translate(None, _NO_DAY))


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
        begin, gap, count = _newest(value, end)
        if at < day:
            return Spot(end, end, 0, at, newer)
        older = at - gap
        if at == day:
            return Spot(begin, end, count, older if begin else None, newer)
        newer, at, end = at, older, begin
    return Spot(0, 0, 0, None, newer)


def append_day(value: bytes, last_day: Day, day: Day) -> bytes:
    """Add one purchase on `day`, which is `last_day` (the newest in the value; 0: none) or after it."""
    if value and day == last_day:
        last = value[-1]
        if last < _SEVERAL:
            return value + _several(2)
        if last < 0x7F and value[-2] < 0x80:
            return value[:-1] + bytes((last + 1,))
        return change_day(value, last_day, day, 1)[0]
    return value + _distance(day - last_day)


def purchases_on(value: bytes, last_day: Day, day: Day) -> int:
    """How many there were on a day; `last_day` is the newest. Of that one, or one after it, only the end is read."""
    if day > last_day:
        return 0
    if day == last_day and value:
        return _newest(value, len(value))[2]
    return spot_of(value, last_day, day).purchases


def change_day(value: bytes, last_day: Day, day: Day, by: int) -> tuple[bytes, Spot]:
    """Add `by` (which may be negative) purchases to any day; a day left without purchases goes.

    Also says where the day stood before; `last_day` is the newest in the value.
    """
    spot = spot_of(value, last_day, day)
    begin, end, count, before, after = spot
    left = max(count + by, 0)
    base = before or 0
    here = _entry(day - base, left) if left else b""
    if after is not None and bool(count) != bool(left):  # the next one is so far from another day now
        was, now = (day if count else base), (day if left else base)
        end += len(_distance(after - was))
        here += _distance(after - now)
    return value[:begin] + here + value[end:], spot


def days_since(value: bytes, last_day: Day, since: Day) -> list[Day]:
    """The days of the value from `since` on, ascending; `last_day` is the newest."""
    found: list[Day] = []
    end, at = len(value), last_day
    while end and at >= since:
        found.append(at)
        end, gap, _ = _newest(value, end)
        at -= gap
    found.reverse()
    return found


def came_between(value: bytes, last_day: Day, since: Day, until: Day) -> bool:
    """Whether a day of the value lies from `since` to `until`, both of them within; `last_day` is the newest."""
    spot = spot_of(value, last_day, until)
    return spot.purchases > 0 or (spot.before is not None and spot.before >= since)


def last_gap(value: bytes) -> Day:
    """Days between the newest two of the value, which has at least two. Only its end is read: a regular has years."""
    return _newest(value, len(value))[1]


def newest_days(value: bytes, last_day: Day, count: int) -> list[Day]:
    """The newest so many days of the value, ascending; `last_day` is the newest. Only the value's end is read."""
    found: list[Day] = []
    day, at = last_day, len(value)
    while at and len(found) < count:
        found.append(day)
        at, gap, _ = _newest(value, at)
        day -= gap
    found.reverse()
    return found


def _newest(value: bytes, end: int) -> tuple[int, int, int]:
    """Of the newest day before byte `end`: where it begins, its distance to the day before it, and its purchases."""
    begin, count = end - 1, 1
    number = value[begin]
    if number & _SEVERAL:
        count = number & 0x3F
        while value[begin - 1] & 0x80:
            begin -= 1
            count = count << 7 | value[begin] & 0x7F
        begin -= 1
        number = value[begin]
    while begin and value[begin - 1] & 0x80:
        begin -= 1
        number = number << 7 | value[begin] & 0x7F
    return begin, number, count


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
    return number | (value[begin] & 0x3F) << shift, begin + 1


def _entry(distance: Day, purchases: int) -> bytes:
    return _distance(distance) if purchases == 1 else _distance(distance) + _several(purchases)


def _several(purchases: int) -> bytes:
    return bytes((purchases | _SEVERAL,)) if purchases < _SEVERAL else _in_groups(purchases, _SEVERAL)


def _distance(days: Day) -> bytes:
    return bytes((days,)) if days < _SEVERAL else _in_groups(days, 0)


def _in_groups(number: int, kind: int) -> bytes:
    out = bytearray()
    while number >= _SEVERAL:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number | kind)
    return bytes(out)

"""What people write for amounts of time, money and the like: text -> value, or a `WordError` that says what to do."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from rules.yaml.problems import nearest
from stamgast.domain.currencies import exponent_of
from stamgast.domain.program import Window
from stamgast.domain.spans import Span
from stamgast.domain.units import DAY, HOUR, MINUTE, Day, Millis, Minor
from stamgast.domain.vocabulary import RuleStatus

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

HEALTHY: Final = "healthy"
STALE: Final = "stale"
FEED_STATES: Final = (HEALTHY, STALE)
NO_KEYWORD: Final = "none"
KEYWORDS: Final = ("help", NO_KEYWORD)
"""What an answer may have meant. STOP and START are the house's own and set off no rule."""
UNWATCHED: Final = "nobody watches this till's feed, so it is always healthy"
UNWATCHED_HINT: Final = "Add `feed: {stale_after: 2 days}` to program.yaml."
"""What makes somebody watch a till's feed."""

_UNITS: Final[dict[str, Millis]] = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY}
_MAX_DURATION: Final = 3660 * DAY
_DURATION: Final = re.compile(r"([0-9]{1,6}) ?([a-z]+?)s?")
_TIME: Final = re.compile(r"([0-9]{2}):([0-9]{2})")
EARLIEST: Final = 8 * 60
"""No message goes out earlier in the day than this minute of it."""
LATEST: Final = 21 * 60
_HOURS: Final = re.compile(r"([0-9]{2}:[0-9]{2}) ?- ?([0-9]{2}:[0-9]{2})")
_MONEY: Final = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,3})?) ?([A-Z]{3})")
_PERCENT: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9])?) ?%")
_RATE: Final = re.compile(r"([0-9]{1,9}) per (?:([0-9]{1,3}) )?(day|week)s?")


class WordError(ValueError):
    """The text is not what was asked for; `hint` says what to write."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as it was written: minor units of `currency`."""

    minor: Minor
    currency: str


@dataclass(frozen=True, slots=True)
class Status:
    """A rule's status; `canary` is the percentage of customers that a canary rule reaches, else 0."""

    name: str
    canary: int = 0


def parse_duration(text: str) -> Millis:
    """`30 days`, `24 hours`, `2 weeks`, `90 minutes`."""
    match = _DURATION.fullmatch(text)
    if match is None or match[2] not in _UNITS:
        written = re.fullmatch(r"([0-9]{1,6}) ?(\w+)", text)
        unit = nearest(written[2], [*_UNITS, *(f"{each}s" for each in _UNITS)]) if written else None
        asked = f'Did you mean "{written[1]} {unit}"? ' if written and unit else ""
        raise WordError(
            f'"{text}" is not a length of time',
            f'{asked}Write a whole number and a unit, such as "24 hours" or "30 days".',
        )
    length = int(match[1]) * _UNITS[match[2]]
    if length > _MAX_DURATION:
        raise WordError(f'"{text}" is longer than ten years')
    return length


def parse_days(text: str) -> Day:
    """`30 days` or `6 weeks` as days."""
    length = parse_duration(text)
    if length % DAY:
        raise WordError(f'"{text}" is not a number of whole days', 'Write it as "30 days" or "6 weeks".')
    return length // DAY


_SPAN: Final = re.compile(r"([0-9]{1,3}) (day|week|month|year)s?")
_SPAN_UNITS: Final = ("day", "week", "month", "year")
MOST_SPAN: Final = 731
"""Days that a span of time has at most: two years."""


def parse_span(text: str) -> Span:
    """`12 months`, `1 year`, `90 days`: a span of time that ends now."""
    match = _SPAN.fullmatch(text)
    number = int(match[1]) if match else 0
    if match is None or not number:
        written = re.fullmatch(r"([0-9]{1,3}) ?(\w+)", text)
        unit = nearest(written[2], [*_SPAN_UNITS, *(f"{each}s" for each in _SPAN_UNITS)]) if written else None
        asked = f'Did you mean "{written[1]} {unit}"? ' if written and unit else ""
        raise WordError(f'"{text}" is not a span of time', f'{asked}Write it as "12 months" or "90 days".')
    months = {"month": number, "year": 12 * number}.get(match[2], 0)
    days = {"day": number, "week": 7 * number}.get(match[2], 0)
    if months > 24 or days > MOST_SPAN:
        raise WordError(f'"{text}" is longer than two years')
    return Span(months, days)


def parse_time(text: str) -> int:
    """`09:00` as minutes since midnight; `24:00` is the end of the day."""
    match = _TIME.fullmatch(text)
    minutes = int(match[1]) * 60 + int(match[2]) if match else -1
    if match is None or int(match[2]) > 59 or minutes > 1440:
        raise WordError(f'"{text}" is not a time of day', 'Write hours and minutes, such as "09:00".')
    return minutes


def parse_hours(text: str) -> Window:
    """`09:00-20:00`, within one day: messages at night are refused."""
    match = _HOURS.fullmatch(text)
    if match is None:
        raise WordError(f'"{text}" is not a range of hours', 'Write it as "09:00-20:00".')
    opens, closes = parse_time(match[1]), parse_time(match[2])
    if opens == closes:
        raise WordError(f'"{text}" has no time in it', 'Write it as "09:00-20:00".')
    if opens > closes:
        by_day = closes >= EARLIEST and opens <= LATEST
        hint = f'Did you mean "{match[2]}-{match[1]}"?' if by_day else 'Write it as "09:00-20:00".'
        raise WordError(f'"{text}" means sending at night', hint)
    return Window(opens, closes)


def parse_any_hours(text: str) -> tuple[int, int]:
    """`17:00-19:00`, or past midnight `22:00-02:00`, as minutes since midnight."""
    match = _HOURS.fullmatch(text)
    begins, ends = (parse_time(match[1]), parse_time(match[2])) if match else (0, 0)
    if begins == ends:
        raise WordError(f'"{text}" is not a range of hours', 'Write it as "17:00-19:00".')
    return begins, ends


def parse_money(text: str) -> Money:
    """`12.50 EUR`."""
    match = _MONEY.fullmatch(text)
    if match is None:
        swapped = re.fullmatch(r"[€£$]? ?([0-9]+)[.,]?([0-9]{0,2}) ?([A-Za-z]{3})?", text)
        amount = f"{swapped[1]}.{swapped[2] or '00'} {(swapped[3] or 'EUR').upper()}" if swapped else "12.50 EUR"
        raise WordError(f'"{text}" is not an amount of money', f'Write amount and currency, such as "{amount}".')
    minor = Decimal(match[1]).scaleb(exponent_of(match[2]))
    if minor != minor.to_integral_value():
        raise WordError(f'"{text}" has more decimals than {match[2]} has')
    return Money(int(minor), match[2])


@dataclass(frozen=True, slots=True)
class Price:
    """A small price: thousandths of a minor unit of `currency`."""

    mills: int
    currency: str


def parse_price(text: str) -> Price:
    """`0.0875 EUR`: what a message costs, to a thousandth of a cent."""
    match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?) ?([A-Z]{3})", text)
    mills = Decimal(match[1]).scaleb(exponent_of(match[2]) + 3) if match else Decimal("0.5")
    if match is None or mills != mills.to_integral_value():
        raise WordError(f'"{text}" is not the price of a message', 'Write amount and currency, such as "0.0875 EUR".')
    return Price(int(mills), match[2])


def _meant_percent(text: str) -> str:
    """Return what a bare whole number was meant to be; nothing if that cannot be said."""
    return f"{text}%" if text.isascii() and text.isdecimal() and 1 < int(text) <= 100 else ""


def parse_percent(text: str) -> int:
    """`10%` as a whole number of percent."""
    match = _PERCENT.fullmatch(text)
    if match is None or float(match[1]) > 100 or not float(match[1]).is_integer():
        hint = f'Write it as "{_meant_percent(text) or "10%"}".'
        raise WordError(f'"{text}" is not a whole percentage from 0% to 100%', hint)
    return int(float(match[1]))


def parse_margin(text: str) -> int:
    """`62.5%` as thousandths."""
    match = _PERCENT.fullmatch(text)
    if match is None or float(match[1]) > 100:
        hint = f'Write it as "{_meant_percent(text) or "60%"}".'
        raise WordError(f'"{text}" is not a percentage from 0% to 100%', hint)
    return round(float(match[1]) * 10)


def parse_per_day(text: str) -> int:
    """`500 per day`."""
    times, days = parse_rate(text)
    if days != 1:
        raise WordError(f'"{text}" is not a number per day', 'Write it as "500 per day".')
    return times


def parse_rate(text: str) -> tuple[int, int]:
    """`2 per 7 days` as (times, days)."""
    match = _RATE.fullmatch(text)
    if match is None or int(match[1]) < 1 or int(match[2] or 1) < 1:
        raise WordError(f'"{text}" is not a rate', 'Write it as "1 per day", "2 per 7 days" or "500 per day".')
    days = int(match[2] or 1) * (7 if match[3] == "week" else 1)
    return int(match[1]), days


def parse_status(text: str) -> Status:
    """`draft`, `shadow`, `canary 5%`, `live` or `paused`."""
    name, _, share = text.partition(" ")
    if name == RuleStatus.CANARY:
        if not share:
            raise WordError("a canary needs its share of customers", 'Write it as "canary 5%".')
        return Status(name, parse_percent(share))
    if share or name not in tuple(RuleStatus):
        match = nearest(name, RuleStatus)
        meant = f"canary {share or '5%'}" if match == RuleStatus.CANARY else match
        asked = f'Did you mean "{meant}"? ' if match and match != name else ""
        raise WordError(f'unknown status "{text}"', f"{asked}Write one of: draft, shadow, canary 5%, live, paused.")
    return Status(name)


_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def parse_date(text: str) -> Day:
    """`2026-10-07` as days since 1970-01-01."""
    try:
        if _DATE.fullmatch(text):
            return (date.fromisoformat(text) - date(1970, 1, 1)).days
    except ValueError:
        pass
    raise WordError(f'"{text}" is not a date', 'Write year, month and day: "2026-10-07".')


def parse_dates(text: str) -> range:
    """`2026-12-25`, or `2026-07-20 to 2026-08-02`, both days included."""
    begins, _, ends = text.partition(" to ")
    try:
        first, last = parse_date(begins), parse_date(ends or begins)
    except WordError as error:
        raise WordError(str(error), 'Write "2026-12-25", or "2026-07-20 to 2026-08-02".') from None
    if last < first:
        raise WordError(f'"{text}" ends before it begins')
    return range(first, last + 1)


def parse_moment(text: str) -> tuple[Day, int]:
    """`2026-10-07 09:00` as a day and minutes since its midnight."""
    day, _, time = text.partition(" ")
    if not time:
        raise WordError(f'"{text}" lacks the time', f'Write it as "{text} 09:00".')
    return parse_date(day), parse_time(time)

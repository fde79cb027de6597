"""What people write for amounts of time, money and the like: text -> value, or a `WordError` that says what to do."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from rules.yaml.problems import nearest
from stamgast.domain.currencies import exponent_of, nearest_currency
from stamgast.domain.delays import Delay
from stamgast.domain.program import Window
from stamgast.domain.spans import Span
from stamgast.domain.units import DAY, HOUR, MINUTE, Day, Millis, Minor
from stamgast.domain.vocabulary import RuleStatus
from stamgast.domain.written_money import Written, plain_spaces, read_number, read_written, shown

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

HEALTHY: Final = "healthy"
QUIET: Final = "quiet"
STALE: Final = "stale"
FEED_STATES: Final = (HEALTHY, QUIET, STALE)
NO_KEYWORD: Final = "none"
KEYWORDS: Final = ("help", "card", NO_KEYWORD)
"""What an answer may have meant. STOP and START are the house's own and set off no rule."""
UNWATCHED: Final = "nobody watches this till's feed, so it is always healthy"
UNWATCHED_HINT: Final = "Add `feed: {stale_after: 2 days}` to program.yaml, or `feed: {by_store: true}`."
"""What makes somebody watch a till's feed."""
NO_STORES: Final = "the feed of this shop is not judged by store"
NEVER_QUIET: Final = "a feed is quiet by what is usual for its store, and nobody looks at stores here"
BY_STORE_HINT: Final = "Add `feed: {by_store: true}` to program.yaml."

_UNITS: Final[dict[str, Millis]] = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY}
_MAX_DURATION: Final = 3660 * DAY
MOST_DELAY: Final = 366 * DAY
"""How long something that a rule does may wait."""
_DURATION: Final = re.compile(r"([0-9]{1,6}) ?([a-z]+?)s?")
_TIME: Final = re.compile(r"([0-9]{2}):([0-9]{2})")
EARLIEST: Final = 8 * 60
"""No message goes out earlier in the day than this minute of it."""
LATEST: Final = 21 * 60
_HOURS: Final = re.compile(r"([0-9]{2}:[0-9]{2}) ?- ?([0-9]{2}:[0-9]{2})")
_SHARE: Final = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,2})?")
_RATE: Final = re.compile(r"([0-9]{1,9}) per (?:([0-9]{1,3}) )?(day|week)s?")


class WordError(ValueError):
    """The text is not what was asked for; `hint` says what to write.

    `formerly` is what it was once taken for: files in force go on to mean that.
    """

    def __init__(self, message: str, hint: str = "", formerly: Any = None) -> None:
        super().__init__(message)
        self.hint, self.formerly = hint, formerly


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
        hint = f'{_meant_duration(text)}Write a whole number and a unit, such as "24 hours" or "30 days".'
        raise WordError(f'"{text}" is not a length of time', hint)
    length = int(match[1]) * _UNITS[match[2]]
    if length > _MAX_DURATION:
        raise WordError(f'"{text}" is longer than ten years', 'Write "3650 days" at most.')
    return length


def _meant_duration(text: str) -> str:
    """What was meant by a length of time without a unit, with one of another language, or of half of one."""
    text = re.sub(r"^(?:an?|one|een|une?|eine?n?) ", "1 ", text)
    written = re.fullmatch(r"([0-9]{1,6})(?:[.,]([0-9]))? ?([^\W0-9]*)", text)
    if written is None:
        return ""
    number, part, word = int(written[1]), written[2], written[3]
    if re.fullmatch(r"months?|maand(?:en)?|mois|monate?", word.casefold()):
        return f'Months have different lengths: write "{number * 30} days". '
    if re.fullmatch(r"years?|jaar|jaren|ans?|années?|jahre?", word.casefold()):
        return f'Years have different lengths: write "{number * 365} days". '
    unit = (nearest(word, [*_UNITS, *(f"{each}s" for each in _UNITS)]) or "").removesuffix("s") if word else "day"
    if not unit:
        return ""
    if part and unit in {"day", "hour"}:
        smaller, many = ("hour", 24) if unit == "day" else ("minute", 60)
        number, unit = (number * 10 + int(part)) * many // 10, smaller
    return f'Did you mean "{number} {unit}{"" if number == 1 else "s"}"? '


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
        plural = "" if written is None or written[1] == "1" else "s"
        asked = f'Did you mean "{written[1]} {unit.removesuffix("s")}{plural}"? ' if written and unit else ""
        raise WordError(f'"{text}" is not a span of time', f'{asked}Write it as "12 months" or "90 days".')
    months = {"month": number, "year": 12 * number}.get(match[2], 0)
    days = {"day": number, "week": 7 * number}.get(match[2], 0)
    if months > 24 or days > MOST_SPAN:
        raise WordError(f'"{text}" is longer than two years', 'Write "24 months" at most.')
    return Span(months, days)


def parse_delay(text: str) -> Delay:
    """`3 days` on the calendar, `36 hours` by the hour."""
    length = parse_duration(text)
    if length > MOST_DELAY:
        raise WordError(f'"{text}" is longer than {MOST_DELAY // DAY} days', "Nothing waits for longer than a year.")
    in_days = _DURATION.fullmatch(text)
    if in_days is not None and in_days[2] in {"day", "week"}:
        return Delay(days=length // DAY)
    return Delay(millis=length)


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
        raise WordError(f'"{text}" is not a range of hours', 'Such as "17:00-19:00".')
    return begins, ends


def parse_money(text: str, usual: str = "EUR") -> Money:
    """`12.50 EUR`, also as `€ 12,50` or `1.250,00 EUR`; `usual` is the currency of what names none, for its hint.

    Three decimals of a currency that has two are refused: `1.250 EUR` could be meant as 1250 or as 1.25.
    """
    written = read_written(text)
    if written is None:
        raise WordError(
            f'"{text}" is not an amount of money', f'Write amount and currency, such as "{_meant(text, usual)}".'
        )
    currency = written.currency or usual
    decimals = exponent_of(currency)
    sign = "-" if written.below_zero else ""
    told = [
        f"{sign}{_with_decimals(each, decimals)} {currency}" for each in read_number(written.amount, decimals).values
    ]
    if not written.currency:
        raise WordError(
            f'"{text}" names no currency', f"Write {' or '.join(map(_quoted, told or [f'12.50 {usual}']))}."
        )
    if len(told) > 1:
        hint = f"Write {_quoted(told[0])} or {_quoted(told[1])}, whichever you mean."
        raise WordError(f'"{text}" can be read two ways', hint, _formerly(text, written, decimals))
    if not told:
        raise WordError(
            f'"{text}" is not an amount of money', f'Write it as "1250.00 {currency}": one point, no commas.'
        )
    minor = (read_number(written.amount, decimals).only or Decimal(0)).scaleb(decimals)
    if minor != minor.to_integral_value():
        raise WordError(f'"{text}" has more decimals than {currency} has', f"{currency} has {_COUNTED[decimals]}.")
    if minor >= _MUCH_MONEY:
        raise WordError(f'"{text}" is more money than can be counted')
    return Money(-int(minor) if written.below_zero else int(minor), currency)


def _formerly(text: str, written: Written, decimals: int) -> Money | None:
    """What amounts with three decimals meant when they were still taken: 1.250 EUR was 1.25."""
    minor = Decimal(written.amount).scaleb(decimals) if re.fullmatch(r"-?[0-9]+\.[0-9]{3} ?[A-Z]{3}", text) else None
    if minor is None or minor != minor.to_integral_value():
        return None
    return Money(-int(minor) if written.below_zero else int(minor), written.currency)


_MUCH_MONEY: Final = Decimal(10) ** 15
_COUNTED: Final = {0: "no decimals", 2: "two", 3: "three"}


def _quoted(text: str) -> str:
    return f'"{text}"'


def _with_decimals(value: Decimal, decimals: int) -> str:
    """As it can be written in a currency of so many decimals."""
    whole = value.to_integral_value()
    return f"{whole:f}" if value == whole else f"{value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"


def _meant(text: str, usual: str) -> str:
    """The amount that something which is none was meant to be, as far as it can be told; else an example."""
    match = re.fullmatch(r"([0-9][0-9.,]*) ?([^0-9 .,]{1,16})|([^0-9 .,]{1,16}) ?([0-9][0-9.,]*)", plain_spaces(text))
    number, name = (match[1] or match[4], match[2] or match[3]) if match else ("", "")
    currency = nearest_currency(name, usual) if name else usual
    value = read_number(number).only
    if value is None or not currency:
        return f"{_with_decimals(Decimal('12.5'), exponent_of(usual))} {usual}"
    return f"{_with_decimals(value, exponent_of(currency))} {currency}"


@dataclass(frozen=True, slots=True)
class Price:
    """A small price: thousandths of a minor unit of `currency`."""

    mills: int
    currency: str


def parse_price(text: str) -> Price:
    """`0.0875 EUR`: what a message costs, to a thousandth of a cent."""
    written = read_written(text)
    hint = 'Write amount and currency, such as "0.0875 EUR".'
    if written is None or not written.currency or written.below_zero:
        raise WordError(f'"{text}" is not the price of a message', hint)
    readings = read_number(written.amount)
    if len(readings.values) > 1:
        told = [f"{shown(each)} {written.currency}" for each in readings.values]
        raise WordError(f'"{text}" can be read two ways', f"Write {_quoted(told[0])} or {_quoted(told[1])}.")
    value = readings.only
    mills = value.scaleb(exponent_of(written.currency) + 3) if value is not None else Decimal("0.5")
    if mills != mills.to_integral_value() or mills >= _MUCH_MONEY:
        raise WordError(f'"{text}" is not the price of a message', hint)
    return Price(int(mills), written.currency)


def _percentage(text: str, most: int) -> tuple[Decimal | None, str]:
    """What `12.5%` or `12,5 %` says, and what else was perhaps meant; None for what is no percentage up to `most`."""
    plain = plain_spaces(text)
    number = plain.removesuffix("%").rstrip()
    value = read_number(number).only if _SHARE.fullmatch(number) else None
    if value is None or value > most:
        return None, ""
    if not plain.endswith("%"):
        return None, f"{shown(value)}%" if value > 1 else f"{shown(value * 100)}%" if 0 < value < 1 else ""
    return value, ""


def parse_percent(text: str) -> int:
    """`10%` as a whole number of percent."""
    value, meant = _percentage(text, 100)
    if value is None or value != value.to_integral_value():
        whole = meant if meant and "." not in meant else ""
        near = f"{value.to_integral_value():f}%" if value is not None else ""
        raise WordError(
            f'"{text}" is not a whole percentage from 0% to 100%',
            f'Write it as "{whole or near}".' if whole or near else 'Such as "10%".',
        )
    return int(value)


def parse_margin(text: str) -> int:
    """`62.5%` as thousandths."""
    value, meant = _percentage(text, 100)
    if value is None or value * 10 != (value * 10).to_integral_value():
        raise WordError(
            f'"{text}" is not a percentage from 0% to 100%', f'Write it as "{meant}".' if meant else 'Such as "60%".'
        )
    return int(value * 10)


_A_RATE: Final = '"500 per day"'


def parse_per_day(text: str) -> int:
    """`500 per day`."""
    number = read_number(text.partition(" ")[0], 0).values
    meant = " or ".join(f'"{shown(each)} per day"' for each in number if each >= 1 and each == int(each))
    if _RATE.fullmatch(text) is None:
        raise WordError(f'"{text}" is not a number per day', f"Write it as {meant or _A_RATE}.")
    times, days = parse_rate(text)
    if days != 1:
        hint = f'Messages are counted by the day: write "{max(1, times // days)} per day".'
        raise WordError(f'"{text}" is not a number per day', hint)
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
    raise WordError(f'"{text}" is not a date', _meant_date(text))


def _meant_date(text: str) -> str:
    """A date with the day first, as it is written here; where it could be the month, both."""
    found = re.fullmatch(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{4})", text)
    if found is None:
        return 'Write year, month and day: "2026-10-07".'
    first, second, year = found[1].zfill(2), found[2].zfill(2), found[3]
    both = first != second and int(first) <= 12 and int(second) <= 12
    other = f', or "{year}-{first}-{second}" if the month stands first' if both else ""
    return f'Write "{year}-{second}-{first}"{other}.'


def parse_dates(text: str) -> range:
    """`2026-12-25`, or `2026-07-20 to 2026-08-02`, both days included."""
    begins, _, ends = text.partition(" to ")
    try:
        first, last = parse_date(begins), parse_date(ends or begins)
    except WordError as error:
        raise WordError(str(error), 'Write "2026-12-25", or "2026-07-20 to 2026-08-02".') from None
    if last < first:
        raise WordError(f'"{text}" ends before it begins', f'Did you mean "{ends} to {begins}"?')
    return range(first, last + 1)


def parse_moment(text: str) -> tuple[Day, int]:
    """`2026-10-07 09:00` as a day and minutes since its midnight."""
    day, _, time = text.partition(" ")
    if not time and _DATE.fullmatch(day):
        raise WordError(f'"{text}" lacks the time', f'Write it as "{text} 09:00".')
    return parse_date(day), parse_time(time or "09:00")

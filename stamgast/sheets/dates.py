"""Dates as tills and shops write them: `2026-03-31`, `31.03.2026`, `3/31/26 8:50 AM`, `2026-03-31 12:15:18 +0100`.

Whether `03/04/2026` is of March or of April its file says, if any of its dates has a day above 12; where none has, or
they contradict each other, nobody guesses. A time belongs to the day that is written beside it, wherever the clock
stood.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from stamgast.domain.units import Day
from stamgast.domain.written_money import plain_spaces

EPOCH: Final = date(1970, 1, 1).toordinal()
_OLDEST: Final = date(1900, 1, 1).toordinal() - EPOCH
"""Nobody's till knows of earlier purchases; a year such as 0026 is a slip."""
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YEAR_FIRST: Final = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
_YEAR_LAST: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|(?<=[/.])\d{2})", re.ASCII)
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_TIME: Final = re.compile(
    r"(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:[.,](?P<part>\d{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?(?: ?(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?",
    re.ASCII,
)
_SPREADSHEET: Final = re.compile(r"(\d{5})(?:[.,]\d+)?", re.ASCII)
_SPREADSHEET_EPOCH: Final = date(1899, 12, 30).toordinal()
_NEWEST_CENTURY: Final = 70
"""Two digits of a year below this are of this century."""


class DateOrder(StrEnum):
    """Which of two numbers before a year is the day."""

    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"


@dataclass(frozen=True, slots=True)
class WrittenMoment:
    """A day and, where told, the milliseconds since its midnight and by how many minutes its clock is ahead."""

    day: Day
    ms: int | None = None
    ahead: int | None = None


def read_moment(text: str, order: DateOrder | None = None) -> WrittenMoment | None:
    """Return what a text says; None if that is no moment, or one that needs an order of day and month."""
    written, time = _parted(text)
    day = _day_of(written, order)
    if day is None or time is None:
        return None if day is None else WrittenMoment(day)
    match = _TIME.fullmatch(time)
    if match is None:
        return None
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    if hour > 23:
        return None
    seconds = (hour * 60 + int(match["minute"])) * 60 + int(match["second"] or 0)
    return WrittenMoment(day, seconds * 1_000 + int((match["part"] or "").ljust(3, "0")[:3]), _ahead(match["zone"]))


def read_date(text: str, order: DateOrder | None = None) -> Day | None:
    """Return the day that a text says, perhaps with a time of day; None as `read_moment`."""
    moment = read_moment(text, order)
    return None if moment is None else moment.day


def order_needed(text: str) -> bool:
    """Say whether a text is a date whose order of day and month the text does not tell."""
    return read_moment(text) is None and all(read_moment(text, order) is not None for order in DateOrder)


def orders_told(texts: Iterable[str]) -> set[DateOrder]:
    """Return the orders of day and month of which some date leaves no doubt: none, one, or both."""
    told: set[DateOrder] = set()
    for text in texts:
        match = _YEAR_LAST.fullmatch(_parted(text)[0])
        if match is None or match[2] == ".":
            continue
        if int(match[1]) > 12:
            told.add(DateOrder.DAY_FIRST)
        elif int(match[3]) > 12:
            told.add(DateOrder.MONTH_FIRST)
    return told


def order_in(lines: Iterable[str], column: int, parted_by: str = ",") -> DateOrder | None:
    """Return which order the dates of a column of a CSV have; None if none tells it, or they tell both."""
    with suppress(csv.Error):
        told = orders_told(row[column].strip() for row in csv.reader(lines, delimiter=parted_by) if column < len(row))
        return told.pop() if len(told) == 1 else None
    return None


def is_universal(text: str) -> bool:
    """Say whether a moment is told by the clock of Greenwich, of which a shop's day may be another one."""
    return text.endswith(("Z", "UTC", "GMT"))


def meant_date(text: str) -> str:
    """Guess what was meant; day and month cannot be told apart, so both are shown."""
    written, _ = _parted(text)
    if match := _COMPACT.fullmatch(written):
        return f"; write {match[1]}-{match[2]}-{match[3]}"
    if (match := _YEAR_LAST.fullmatch(written)) and match[2] != ".":
        one, other = ((day, _iso(day)) for day in (_day_of(written, order) for order in DateOrder))
        if one[0] is not None and other[0] is not None:
            return f"; write {one[1]}, or {other[1]} if the month stands first"
    if (match := _SPREADSHEET.fullmatch(text)) and 20_000 <= int(match[1]) < 80_000:
        day = int(match[1]) + _SPREADSHEET_EPOCH - EPOCH
        return f"; so spreadsheets store {_iso(day)}: format the column as a date, or write it"
    return "; write it as 2026-03-31"


def _parted(text: str) -> tuple[str, str | None]:
    """Set a date apart from the time of day behind it, None if there is none."""
    text = plain_spaces(text)
    for mark in ("T", ", ", " "):
        written, found, time = text.partition(mark)
        if found and written[:1].isdigit() and written[-1].isdigit():  # the T may be that of UTC
            return written, time.strip()
    return text, None


def _day_of(written: str, order: DateOrder | None) -> Day | None:
    day = _any_day_of(written, order)
    return None if day is None or day < _OLDEST else day


def _any_day_of(written: str, order: DateOrder | None) -> Day | None:
    with suppress(ValueError):
        if _ISO.fullmatch(written):
            return date.fromisoformat(written).toordinal() - EPOCH
        if match := _YEAR_FIRST.fullmatch(written):
            return date(int(match[1]), int(match[3]), int(match[4])).toordinal() - EPOCH
        if match := _YEAR_LAST.fullmatch(written):
            if match[2] == "." or int(match[1]) > 12:
                order = DateOrder.DAY_FIRST
            elif int(match[3]) > 12:
                order = DateOrder.MONTH_FIRST
            if order is None:
                return None if match[1] != match[3] else _in_order(match, DateOrder.DAY_FIRST)
            return _in_order(match, order)
    return None


def _in_order(match: re.Match[str], order: DateOrder) -> Day:
    one, other, year = int(match[1]), int(match[3]), int(match[4])
    day, month = (one, other) if order == DateOrder.DAY_FIRST else (other, one)
    if len(match[4]) == 2:
        year += 2000 if year < _NEWEST_CENTURY else 1900
    return date(year, month, day).toordinal() - EPOCH


def _ahead(zone: str | None) -> int | None:
    if zone is None or zone in {"Z", "UTC", "GMT"}:
        return None if zone is None else 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return -minutes if zone[0] == "-" else minutes


def _iso(day: Day | None) -> str:
    return "" if day is None else date.fromordinal(day + EPOCH).isoformat()

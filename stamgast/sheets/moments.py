"""Moments of a column: dates with or without a time of day, spreadsheets' own numbers, on the shop's own clock."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NamedTuple

from stamgast.domain.calendar import at_local
from stamgast.domain.units import DAY, MINUTE, Day, Millis
from stamgast.domain.written_money import plain_spaces
from stamgast.sheets.dates import EPOCH, DateOrder, WrittenMoment, meant_date, order_needed, read_moment
from stamgast.sheets.months import in_figures

_NOON: Final = 12 * 60
_SERIAL: Final = re.compile(r"(\d{5})(?:[.,](\d{1,12}))?", re.ASCII)
_SERIAL_EPOCH: Final = date(1899, 12, 30).toordinal() - EPOCH
_SERIALS: Final = range(20_000, 80_000)
"""1954 to 2119."""
_COMPACT: Final = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})", re.ASCII)


class Moment(NamedTuple):
    """When something was; `timed` says that a time of day was told, else it is noon of the `day`."""

    at: Millis
    day: Day
    timed: bool


def read_written(text: str, order: DateOrder | None, zone: str) -> Moment:
    """When a cell says; a time without an offset is on a clock in `zone`.

    Raises:
        ValueError: it is no date, or day and month cannot be told apart; the text says what to write.
    """
    moment = _serial(text) or read_moment(_dashed(text), order) or read_moment(in_figures(plain_spaces(text)), order)
    if moment is None:
        why = "could be of two days" if order_needed(text) else "is not a date"
        raise ValueError(f"{why}{meant_date(text)}")
    if moment.ms is None:
        return Moment(at_local(moment.day, _NOON, zone), moment.day, timed=False)
    if moment.ahead is not None:
        return Moment(moment.day * DAY + moment.ms - moment.ahead * MINUTE, moment.day, timed=True)
    minutes, rest = divmod(moment.ms, MINUTE)
    return Moment(at_local(moment.day, minutes, zone) + rest, moment.day, timed=True)


def _dashed(text: str) -> str:
    match = _COMPACT.fullmatch(text)
    return text if match is None else f"{match[1]}-{match[2]}-{match[3]}"


def _serial(text: str) -> WrittenMoment | None:
    match = _SERIAL.fullmatch(text)
    if match is None or int(match[1]) not in _SERIALS:
        return None
    part = match[2]
    ms = None if part is None else round(int(part) / 10 ** len(part) * DAY / 1_000) * 1_000 % DAY
    return WrittenMoment(int(match[1]) + _SERIAL_EPOCH, ms)

"""Dates with words in them, as spreadsheets show them: `1-okt-25`, `1 oktober 2025`, `wo 1-10-2025`, `Oct 1, 2025`."""

from __future__ import annotations

import re
from typing import Final

from stamgast.domain.spelling import folded

_NAMES: Final = (
    "jan januari januar janvier january janv",
    "feb februari februar fevrier february fev fevr febr",
    "mrt maart marz mars march mar maa mae mrz",
    "apr april avril avr",
    "mei mai may",
    "jun juni juin june",
    "jul juli juillet july juil",
    "aug augustus august aout aou",
    "sep sept september septembre",
    "okt oktober octobre october oct",
    "nov november novembre",
    "dec december decembre dezember dez",
)
_MONTHS: Final = {name: number for number, names in enumerate(_NAMES, 1) for name in names.split()}
_WEEK: Final = (
    "ma di wo do vr za zo maandag dinsdag woensdag donderdag vrijdag zaterdag zondag mo mi fr sa so montag dienstag "
    "mittwoch donnerstag freitag samstag sonnabend sonntag lun mar mer jeu ven sam dim lundi mardi mercredi jeudi "
    "vendredi samedi dimanche mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday "
    "sunday"
)
_DAYS: Final = frozenset(_WEEK.split())
_WEEKDAY: Final = re.compile(r"([^\W\d_]{2,9})\.?,?\s+(?=\d)")
_DAY_FIRST: Final = re.compile(
    r"([0-9]{1,2})(?:\.|er)?[-/ ] ?([^\W\d_]{3,9})\.?[-/ ] ?([0-9]{4}|[0-9]{2})(?![0-9])(?P<rest>.*)", re.DOTALL
)
_MONTH_FIRST: Final = re.compile(
    r"([^\W\d_]{3,9})\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})(?![0-9])(?P<rest>.*)", re.DOTALL
)
_NEWEST: Final = 70
"""Two digits of a year below this are of this century."""
_HOURS: Final = re.compile(r"(?<=\d)\s?[uhU](?=[0-5]\d\b)", re.ASCII)
"""`9u15`, `9h15`."""


def in_figures(text: str) -> str:
    """The same with figures alone, as `2025-10-01 09:15`; a text that is no such date as it stands."""
    if not any(each.isalpha() for each in text):
        return text
    plain = _HOURS.sub(":", text)
    weekday = _WEEKDAY.match(plain)
    if weekday is not None and folded(weekday[1]) in _DAYS:
        plain = plain[weekday.end() :]
    if match := _DAY_FIRST.fullmatch(plain):
        day, month, year = match[1], match[2], match[3]
    elif match := _MONTH_FIRST.fullmatch(plain):
        month, day, year = match[1], match[2], match[3]
    else:
        return plain
    number = _MONTHS.get(folded(month))
    if number is None:
        return text
    year = year if len(year) == len("2025") else f"20{year}" if int(year) < _NEWEST else f"19{year}"
    return f"{year}-{number:02}-{int(day):02}{match['rest']}"

"""How long time passes in a rule's test."""

import re
from collections.abc import Mapping
from typing import Final

from rules.yaml.words import parse_duration
from stamgast.domain.spans import Span
from stamgast.domain.units import Millis

_ON_THE_CALENDAR: Final = re.compile(r"([0-9]{1,3}) (month|year)s?")
_MONTHS: Final[Mapping[str, int]] = {"month": 1, "year": 12}


def parse_wait(text: str) -> Millis | Span:
    """As `parse_duration`, or `12 months` and `2 years` on the calendar. Raises `WordError`."""
    match = _ON_THE_CALENDAR.fullmatch(text)
    if match is None or not int(match[1]):
        return parse_duration(text)
    return Span(months=int(match[1]) * _MONTHS[match[2]])

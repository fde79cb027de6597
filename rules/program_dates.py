"""What program.yaml says about how old a sale may be: `purchases: {not_before: 2015-01-01}`."""

from typing import Final

from rules.nodes import Node
from rules.reader import Reader
from rules.words import parse_date
from stamgast.domain.calendar import at_local, date_of
from stamgast.domain.deliveries import EARLIEST
from stamgast.domain.units import DAY, Day, Millis

_FIRST: Final[Day] = EARLIEST // DAY + 1
"""One after 1990 began, so that it holds in every time zone."""
_LAST: Final[Day] = 84_005
"""The end of 2199."""


def read_not_before(reader: Reader, node: Node | None, time_zone: str) -> Millis | None:
    """The moment before which no sale can have been; None where nothing is said."""
    found = reader.mapping(node, "purchases", ("not_before",), ("not_before",)) if node is not None else {}
    day = reader.word(found["not_before"], "not_before", parse_date) if "not_before" in found else None
    if day is None:
        return None
    if not _FIRST <= day <= _LAST:
        message = f"`not_before` must be from {date_of(_FIRST)} to {date_of(_LAST)}, not {date_of(day)}"
        reader.problem(found["not_before"], message, "Write the day of the oldest sale that you may import.")
        return None
    return at_local(day, 0, time_zone)

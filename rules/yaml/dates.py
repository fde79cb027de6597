"""`starts:` and `ends:`: the first and the last day of a card or a rule."""

from collections.abc import Mapping

from rules.yaml.nodes import Node
from rules.yaml.reader import Reader
from rules.yaml.words import parse_date
from stamgast.domain.calendar import date_of
from stamgast.domain.units import Day


def read_dates(reader: Reader, found: Mapping[str, Node]) -> tuple[Day | None, Day | None]:
    """Both, as far as they are said; problems are noted."""
    starts = reader.word(found["starts"], "starts", parse_date) if "starts" in found else None
    ends = reader.word(found["ends"], "ends", parse_date) if "ends" in found else None
    if starts is not None and ends is not None and ends < starts:
        message = f"this ends on {date_of(ends)}, before it starts on {date_of(starts)}"
        reader.problem(found["ends"], message, "Both days count: `starts` is the first and `ends` the last.")
    return starts, ends

"""`measure: {window: 7 days}` of program.yaml: how long what is bought counts for a rule."""

from typing import Final

from rules.yaml.nodes import Node
from rules.yaml.reader import Reader
from rules.yaml.words import parse_duration
from stamgast.domain.program import MEASURE_WINDOW
from stamgast.domain.units import DAY, HOUR, Millis

LONGEST: Final[Millis] = 90 * DAY


def read_measure(reader: Reader, node: Node | None) -> Millis:
    """The window, from the decision for a comparison and from a message's arrival for attribution."""
    found = reader.mapping(node, "measure", ("window",), ("window",)) if node is not None else {}
    window = reader.word(found["window"], "window", parse_duration) if "window" in found else None
    if window is None:
        return MEASURE_WINDOW
    if not HOUR <= window <= LONGEST:
        hint = "Such as `window: 7 days`: what is bought later is not bought because of the message."
        reader.problem(found["window"], "`measure: window` is from an hour to 90 days", hint)
        return MEASURE_WINDOW
    return window

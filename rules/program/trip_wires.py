"""What program.yaml says about launches: what pauses a rule by itself.

`launch: {watch_for: 3 days, at_least: 50, opt_outs: 3%, failures: 25%, volume: 3, spend: 50 EUR}`
"""

from typing import Final

from rules.yaml.nodes import Node
from rules.yaml.reader import Reader
from rules.yaml.words import parse_duration, parse_percent
from stamgast.domain.trip_wires import TripWires
from stamgast.domain.units import DAY, HOUR

WORDS: Final = ("watch_for", "at_least", "opt_outs", "failures", "volume", "spend")
_LONGEST: Final = 31 * DAY
_USUAL: Final = TripWires()


def read_trip_wires(reader: Reader, node: Node | None, currency: str) -> TripWires:
    """Read `launch:`; what it does not say has a default."""
    found = reader.mapping(node, "launch", WORDS) if node is not None else {}
    watch_for = reader.word(found["watch_for"], "watch_for", parse_duration) if "watch_for" in found else None
    if watch_for is not None and not HOUR <= watch_for <= _LONGEST:
        reader.problem(found["watch_for"], "a launch is watched for an hour to 31 days", "Write it as `3 days`.")
    opt_outs = reader.word(found["opt_outs"], "opt_outs", parse_percent) if "opt_outs" in found else None
    failures = reader.word(found["failures"], "failures", parse_percent) if "failures" in found else None
    at_least = reader.integer(found["at_least"], "at_least", 1, 100_000) if "at_least" in found else None
    volume = reader.integer(found["volume"], "volume", 1, 1_000) if "volume" in found else None
    spend = reader.money(found["spend"], "spend", currency) if "spend" in found else None
    return TripWires(
        watch_for=_USUAL.watch_for if watch_for is None else watch_for,
        at_least=at_least or _USUAL.at_least,
        opt_outs=_USUAL.opt_outs if opt_outs is None else opt_outs,
        failures=_USUAL.failures if failures is None else failures,
        volume=volume or _USUAL.volume,
        spend=spend or 0,
    )

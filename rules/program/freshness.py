"""What program.yaml says about news: how old it may be, and when a till that tells of none counts as broken."""

from collections.abc import Mapping

from rules.yaml.nodes import Node
from rules.yaml.reader import Reader
from rules.yaml.words import parse_duration
from stamgast.domain.units import DAY, HOUR, Millis


def read_duration(reader: Reader, found: Mapping[str, Node], key: str, default: Millis) -> Millis:
    """Read a length of time that must be longer than zero, if it is there."""
    read = reader.word(found[key], key, parse_duration) if key in found else None
    if read == 0:
        reader.problem(found[key], f"`{key}` must be longer than zero", f"Such as `{key}: 2 days`.")
    return read or default


def read_feed(reader: Reader, node: Node | None) -> Millis:
    """Read `feed:`; 0 where nobody watches."""
    found = reader.mapping(node, "feed", ("stale_after",), ("stale_after",)) if node is not None else {}
    return read_duration(reader, found, "stale_after", 0)


def read_freshness(reader: Reader, node: Node | None) -> tuple[Millis, Millis]:
    """Read `freshness:`: of purchases and of timers."""
    found = reader.mapping(node, "freshness", ("purchases", "timers")) if node is not None else {}
    return read_duration(reader, found, "purchases", 2 * HOUR), read_duration(reader, found, "timers", 3 * DAY)

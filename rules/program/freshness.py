"""What program.yaml says about news: how old it may be, and when a till that tells of none counts as broken."""

from collections.abc import Mapping
from typing import Final

from rules.yaml.nodes import MapNode, Node
from rules.yaml.reader import Reader
from rules.yaml.words import parse_duration
from stamgast.domain.store_feeds import NO_STORE_FEEDS, StoreFeeds
from stamgast.domain.units import DAY, HOUR, Millis

_FEED: Final = ("stale_after", "by_store")


def read_duration(reader: Reader, found: Mapping[str, Node], key: str, default: Millis) -> Millis:
    """Read a length of time that must be longer than zero, if it is there."""
    read = reader.word(found[key], key, parse_duration) if key in found else None
    if read == 0:
        reader.problem(found[key], f"`{key}` must be longer than zero", f"Such as `{key}: 2 days`.")
    return read or default


def read_feed(reader: Reader, node: Node | None) -> tuple[Millis, StoreFeeds]:
    """Read `feed:`: after how long the shop's is stale, 0 for never; and whether it is judged by store."""
    if node is None:
        return 0, NO_STORE_FEEDS
    found = reader.mapping(node, "feed", _FEED)
    if isinstance(node, MapNode) and not node.entries:
        reader.problem(node, "`feed` says nothing", f"Allowed here: {', '.join(_FEED)}, or both of them.")
    by_store = reader.truth(found["by_store"], "by_store") if "by_store" in found else None
    return read_duration(reader, found, "stale_after", 0), StoreFeeds(by_store=by_store or False)


def read_freshness(reader: Reader, node: Node | None) -> tuple[Millis, Millis]:
    """Read `freshness:`: of purchases and of timers."""
    found = reader.mapping(node, "freshness", ("purchases", "timers")) if node is not None else {}
    return read_duration(reader, found, "purchases", 2 * HOUR), read_duration(reader, found, "timers", 3 * DAY)

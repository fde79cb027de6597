"""`double:` of a card: hours in which a purchase gives more stamps."""

from collections.abc import Iterable, Mapping
from typing import Final

from rules.yaml.nodes import ListNode, Node
from rules.yaml.reader import Reader
from rules.yaml.words import WEEKDAYS, parse_any_hours
from stamgast.domain.double_hours import DoubleHours
from stamgast.domain.program import Store

_WORDS: Final = ("weekday", "hour", "store", "times")
MOST: Final = 10


def read_double(reader: Reader, card: str, node: Node | None, stores: Mapping[str, Store]) -> tuple[DoubleHours, ...]:
    """One of them, or a list."""
    if node is None:
        return ()
    where = f"cards: {card}: double"
    parts = list(node.items) if isinstance(node, ListNode) else [node]
    if len(parts) > MOST:
        reader.problem(node, f"`{where}` has {len(parts)} parts; at most {MOST} are looked at for each purchase")
    return tuple(_one(reader, where, each, stores) for each in parts)


def _one(reader: Reader, where: str, node: Node, stores: Mapping[str, Store]) -> DoubleHours:
    with reader.showing('double: {weekday: tuesday, hour: "14:00-17:00"}'):
        found = reader.mapping(node, where, _WORDS)
    if found.keys() == {"times"}:
        hint = "Say when: `weekday`, `hour` or `store`. What always gives more needs fewer stamps on its card."
        reader.problem(node, f"`{where}` holds always", hint)

    def some(word: str, allowed: Iterable[str]) -> frozenset[str]:
        given = reader.some_of(found[word], f"{where}: {word}", allowed, thing=word) if word in found else ()
        return frozenset(given)

    hours = reader.word(found["hour"], f"{where}: hour", parse_any_hours) if "hour" in found else None
    times = reader.integer(found["times"], f"{where}: times", 2, 10) if "times" in found else 2
    begins, ends = hours or (0, 0)
    return DoubleHours(times or 2, some("weekday", WEEKDAYS), begins, ends, some("store", stores))

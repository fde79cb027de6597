"""`tiers:` and `watch:` of program.yaml.

`tiers: {by: spend, in: 12 months, levels: {silver: 250 EUR, gold: 500 EUR}, downgrade: one_step, grace: 30 days}`
`watch: [RYE-800]`
"""

from typing import Final

from rules.yaml.nodes import MapNode, Node
from rules.yaml.reader import Reader
from rules.yaml.words import parse_duration, parse_span
from stamgast.domain.program import Tiers
from stamgast.domain.tiers import NO_TIER

WORDS: Final = ("by", "in", "levels", "downgrade", "grace")
BY: Final = ("spend", "visits")
DOWNGRADES: Final = ("earned", "one_step", "never")
MOST_LEVELS: Final = 10
MOST_WATCHED: Final = 200
"""Products; each customer's state knows of `stamgast.domain.things.MOST_THINGS` at most."""


def read_watch(reader: Reader, node: Node | None) -> frozenset[str]:
    """Products of which it is kept when each customer bought them, and how often."""
    with reader.showing("watch: [RYE-800]"):
        products = reader.texts(node, "watch") if node is not None else ()
    if node is not None and len(products) > MOST_WATCHED:
        reader.problem(node, f"`watch` names {len(products)} products; at most {MOST_WATCHED} can be watched")
    return frozenset(products)


def read_tiers(reader: Reader, node: Node | None, currency: str) -> Tiers | None:
    """What customers rise to, by what, and how they fall; None where nothing is said, or it is wrong."""
    if node is None:
        return None
    with reader.showing("tiers: {levels: {silver: 250 EUR, gold: 500 EUR}}"):
        found = reader.mapping(node, "tiers", WORDS, ("levels",))
    by = reader.one_of(found["by"], "by", BY) if "by" in found else "spend"
    span = reader.word(found["in"], "in", parse_span) if "in" in found else None
    downgrade = reader.one_of(found["downgrade"], "downgrade", DOWNGRADES) if "downgrade" in found else "earned"
    grace = reader.word(found["grace"], "grace", parse_duration) if "grace" in found else 0
    levels = _levels(reader, found.get("levels"), by or "spend", currency)
    if not levels or by is None or downgrade is None or grace is None or ("in" in found and span is None):
        return None
    if "grace" in found and span is None:
        hint = "Add `in: 12 months`, or leave `grace` out."
        reader.problem(
            found["grace"], "without `in` nobody loses a tier by time, so there is nothing to wait for", hint
        )
    return Tiers(levels, by, span, downgrade, grace)  # type: ignore[arg-type]  # each one of its words


def _levels(reader: Reader, node: Node | None, by: str, currency: str) -> tuple[tuple[str, int], ...]:
    levels: list[tuple[str, int]] = []
    for key, value in reader.entries(node, "levels") if node is not None else []:
        where = f"levels: {key.text}"
        needed = reader.money(value, where, currency) if by == "spend" else reader.integer(value, where, 1, 100_000)
        if key.text == NO_TIER:
            reader.problem(key, f'"{NO_TIER}" is what those have who are on no tier', "Give this level another name.")
        elif needed == 0:
            reader.problem(value, f"`{where}`: everybody would have it", "Write more than nothing.")
        elif needed is not None:
            if levels and needed <= levels[-1][1]:
                reader.problem(
                    value, f"`{where}` takes no more than the level before it", "Write the lowest one first."
                )
            levels.append((key.text, needed))
    if node is not None and isinstance(node, MapNode) and not node.entries:
        reader.problem(node, "`levels` names no level", "Write it as {silver: 250 EUR, gold: 500 EUR}.")
    if len(levels) > MOST_LEVELS and node is not None:
        reader.problem(node, f"`levels` names {len(levels)} levels; at most {MOST_LEVELS} can be told apart")
    return tuple(levels)

"""Sections of program.yaml that name things: each by an id of the shop's."""

import re
from typing import Final

from rules.yaml.nodes import Node, ScalarNode
from rules.yaml.reader import Reader

ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_EXAMPLES: Final = {
    "stores": "stores: {main-street: {}}",
    "cards": "cards: {bread: {stamps: 7}}",
    "rewards": "rewards: {free_loaf: {names: {nl: Een brood}}}",
    "segments": "segments: {regulars: {visits: {at_least: 3}}}",
    "draws": "draws: {december: {opens: 2026-12-01, closes: 2026-12-24, drawn: 2026-12-27 12:00, prizes: {loaf: 10}}}",
    "events": "events: {workshop: {fields: {topic: [bread, cake]}}}",
}
"""How sections are written that are a list for whoever writes one first."""


def named(reader: Reader, node: Node | None, section: str) -> list[tuple[str, ScalarNode, Node]]:
    """The named things of a section; ids that could not stand in a key are noted."""
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return []
    found = []
    with reader.showing(_EXAMPLES.get(section, "")):
        entries = reader.entries(node, section)
    for key, value in entries:
        if ID.fullmatch(key.text):
            found.append((key.text, key, value))
        else:
            hint = "Use letters, digits, dashes and underscores."
            reader.problem(key, f'"{key.text}" cannot be an id in `{section}`', hint)
    return found

"""`segments:` of program.yaml: conditions under a name, for rules to ask about and to listen to.

`segments: {vip: {all: [{spend: {at_least: 500 EUR, in: 12 months}}, {visits: {at_least: 5}}]}}`
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from rules.engine import Condition, Segment
from rules.language.registry import Context
from rules.program.named import named
from rules.rule_reader import read_conditions
from rules.yaml.nodes import ListNode, MapNode, Node

MOST_SEGMENTS: Final = 50
SECTION: Final = "segments"


def read_segments(context: Context, program_node: Node) -> dict[str, Segment]:
    """The segments by name. One may ask about those that stand before it, so that none asks about itself."""
    reader = context.reader
    node = program_node.get(SECTION) if isinstance(program_node, MapNode) else None
    found: dict[str, Segment] = {}
    for name, key, value in named(reader, node, SECTION):
        context = replace(context, segments=found)
        condition = read_conditions(context, value, f"{SECTION}: {name}")
        if condition is None:
            continue
        asking = ", ".join(dict.fromkeys(each.text for each in leaves(condition) if each.needs_purchase))
        if asking:
            what = f"the segment {name} asks about a purchase, and people are in it without one at hand"
            reader.problem(key, what, f"It is about: {asking}.")
            continue
        found = {**found, name: Segment(name, condition, _mark(value, found))}
    if node is not None and len(found) > MOST_SEGMENTS:
        reader.problem(node, f"`{SECTION}` names {len(found)} segments; at most {MOST_SEGMENTS} can be told apart")
    return found


def leaves(condition: Condition) -> Iterator[Condition]:
    """Conditions that are no group."""
    if not condition.parts:
        yield condition
    for part in condition.parts:
        yield from leaves(part)


def _mark(node: Node, known: Mapping[str, Segment]) -> int:
    """What stands for a definition, with those that it asks about: 31 bits."""
    text = "\x1f".join(_written(node, known))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest()) >> 1


def _written(node: Node, known: Mapping[str, Segment]) -> Iterator[str]:
    if isinstance(node, MapNode):
        yield "{"
        for key, value in node.entries:
            yield key.text
            yield from _written(value, known)
        yield "}"
    elif isinstance(node, ListNode):
        yield "["
        for item in node.items:
            yield from _written(item, known)
        yield "]"
    else:
        yield node.text
        if node.text in known:
            yield f"\x1e{known[node.text].mark}"

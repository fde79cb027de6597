"""Segments as words of rules name them."""

from rules.engine import Segment
from rules.language.registry import Context
from rules.yaml.nodes import Node, ScalarNode
from rules.yaml.problems import nearest


def read_segment(node: Node, where: str, context: Context) -> Segment | None:
    """A segment of program.yaml by its name."""
    reader = context.reader
    if not context.rule and isinstance(node, ScalarNode) and node.text and node.text not in context.segments:
        near = nearest(node.text, context.segments)
        hint = f'Did you mean "{near}"? ' if near else ""
        hint += "A segment asks about those that stand above it in the file, and not about itself."
        reader.problem(node, f'no segment "{node.text}" stands above this one', hint)
        return None
    name = reader.known(node, where, context.segments, "segment")
    return None if name is None else context.segments[name]

"""Segments as words of rules name them."""

from rules.engine import Segment
from rules.language.registry import Context
from rules.yaml.nodes import Node


def read_segment(node: Node, where: str, context: Context) -> Segment | None:
    """A segment of program.yaml by its name."""
    name = context.reader.known(node, where, context.segments, "segment")
    return None if name is None else context.segments[name]

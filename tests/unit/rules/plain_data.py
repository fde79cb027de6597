"""YAML as plain data."""

from typing import Any

from rules.yaml.nodes import ListNode, MapNode, Node
from rules.yaml.source import Source, read_yaml


def plain(node: Node | None) -> Any:
    """The data that an editor's schema check sees."""
    if isinstance(node, MapNode):
        return {key.text: plain(value) for key, value in node.entries}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return None if node is None else node.value


def data_of(text: str) -> Any:
    source = Source("x.yaml", text)
    node = read_yaml(source)
    assert source.problems == []
    return plain(node)

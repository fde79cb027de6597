"""A YAML document as a tree that remembers where each thing stood. Free of any YAML library."""

from dataclasses import dataclass
from typing import NamedTuple

Plain = str | int | float | bool | None


class Mark(NamedTuple):
    """A place in a file: line and column count from 1, `length` is in characters of that line."""

    line: int
    column: int
    length: int = 1


class ScalarNode(NamedTuple):
    """One value: `text` as it was written, `value` as YAML 1.2's core schema reads it."""

    value: Plain
    text: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list."""

    items: "tuple[Node, ...]"
    mark: Mark


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping in the order of the file. Keys are unique and text."""

    entries: "tuple[tuple[ScalarNode, Node], ...]"
    mark: Mark

    def get(self, key: str) -> "Node | None":
        """The value under `key`, if there is one."""
        return next((value for name, value in self.entries if name.text == key), None)


Node = ScalarNode | ListNode | MapNode


def kind_of(node: Node) -> str:
    """What a person would call it, for messages."""
    if isinstance(node, MapNode):
        return "a mapping"
    if isinstance(node, ListNode):
        return "a list"
    if node.value is None:
        return "nothing"
    return f'"{node.text}"' if len(node.text) <= 40 else f'"{node.text[:37]}..."'

"""Adds an entry to a section of somebody's YAML file, and leaves everything else of it as it was, comments too."""

from __future__ import annotations

from typing import Final

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

_INDENT: Final = 2
WITHIN: Final = ": "
"""Between an entry and a word of it."""


class InsertionError(ValueError):
    """The file cannot take the entry; the text says why."""


def insert_entry(text: str, section: str, name: str, value: str) -> str:
    """The text of a file with `name: value` (YAML in one line, or a block below it) in a top-level section.

    What is there already under that name stays as it is. `coffee: expires` is a word of an entry that is there.

    Raises:
        InsertionError: the file, or that section, is no mapping.
    """
    try:
        document = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise InsertionError(f"this is not YAML: {error}") from error
    entry, _, word = name.partition(WITHIN)
    if document is None and not word:
        return f"{section}:\n{_lines(name, value, _INDENT)}"
    if not isinstance(document, MappingNode):
        raise InsertionError("this file is no mapping of words to values")
    found = next((node for key, node in document.value if key.value == section), None)
    if not word and (found is None or _is_empty(found)):
        return _new_section(text, document, section, _lines(name, value, _INDENT))
    if not isinstance(found, MappingNode):
        raise InsertionError(f"`{section}` is no mapping of names to values")
    if word:
        found, name = _entry(found, section, entry), word
    if any(key.value == name for key, _ in found.value):
        return text
    return _into_flow(text, found, name, value) if found.flow_style else _into_block(text, found, name, value)


def _entry(section: MappingNode, where: str, name: str) -> MappingNode:
    found = next((node for key, node in section.value if key.value == name), None)
    if not isinstance(found, MappingNode):
        raise InsertionError(f"`{where}: {name}` is no mapping of words to values")
    return found


def _is_empty(node: Node) -> bool:
    return isinstance(node, ScalarNode) and not node.value


def _new_section(text: str, document: MappingNode, section: str, lines: str) -> str:
    key = next((key for key, _ in document.value if key.value == section), None)
    if key is None:
        return f"{text.rstrip()}\n\n{section}:\n{lines}"
    end = text.find("\n", key.end_mark.index)
    head = text if end < 0 else text[: end + 1]
    return f"{head if head.endswith(chr(10)) else head + chr(10)}{lines}{'' if end < 0 else text[end + 1 :]}"


def _into_flow(text: str, node: MappingNode, name: str, value: str) -> str:
    if "\n" in value.strip():
        raise InsertionError(f"`{name}` takes several lines and cannot stand between braces")
    end = node.end_mark.index - 1
    before = text[:end].rstrip()
    comma = ", " if node.value else ""
    return f"{before.removesuffix(',')}{comma}{name}: {value.strip()}{text[end:]}"


def _into_block(text: str, node: MappingNode, name: str, value: str) -> str:
    """Behind the last line of the section that says something: comments before the next section stay with that."""
    indent = node.value[0][0].start_mark.column
    last = node.value[-1][1]
    end = _end_of(text, last)
    newline = text.find("\n", end)
    head = text + "\n" if newline < 0 else text[: newline + 1]
    return f"{head}{_lines(name, value, indent)}{'' if newline < 0 else text[newline + 1 :]}"


def _end_of(text: str, node: Node) -> int:
    """Where a value's own text ends. The end of a block, as the parser tells it, is where the next thing begins."""
    if isinstance(node, CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _end_of(text, last[1] if isinstance(last, tuple) else last)
    begin, end = node.start_mark.index, node.end_mark.index
    return begin + len(text[begin:end].rstrip())


def _lines(name: str, value: str, indent: int) -> str:
    pad = " " * indent
    first, *rest = value.strip("\n").splitlines() or [""]
    if not rest:
        return f"{pad}{name}: {first.strip()}\n"
    block = "".join(f"{pad}{' ' * _INDENT}{line}\n" if line.strip() else "\n" for line in (first, *rest))
    return f"{pad}{name}:\n{block}"

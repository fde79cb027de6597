"""A mapping as it stands in a file: checked by its model, and every mistake told at its place."""

from typing import Any

from pydantic import ValidationError

from rules.yaml.nodes import ListNode, MapNode, Node, ScalarNode
from rules.yaml.reader import Reader
from stamgast.pos.problems import problems_of


def read_mapping(reader: Reader, node: Node) -> dict[str, Any] | None:
    """The mapping as plain data; None, and its problems noted, if it is none."""
    # Imported here: only who has a mapping needs a library for paths.
    from stamgast.pos.mapping import Mapping  # noqa: PLC0415

    plain = plain_of(node)
    try:
        Mapping.model_validate(plain)
    except ValidationError as error:
        for problem in problems_of(error, Mapping):
            near = f"Did you mean {problem['nearest']!r}?" if "nearest" in problem else ""
            allowed = f"Allowed here: {problem['allowed']}." if "allowed" in problem else ""
            detail = problem["detail"].replace("value error, ", "").replace("Value error, ", "")
            reader.problem(_at(node, problem["pointer"]), f"`mapping`: {detail}", f"{near} {allowed}".strip())
        return None
    return plain if isinstance(plain, dict) else None


def plain_of(node: Node) -> Any:
    """What stands there, without its places."""
    match node:
        case ScalarNode():
            return node.value
        case ListNode():
            return [plain_of(each) for each in node.items]
        case MapNode():
            return {name.text: plain_of(value) for name, value in node.entries}


def _at(node: Node, pointer: str) -> Node:
    """The innermost node that a JSON Pointer leads to."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        inner = node.get(name) if isinstance(node, MapNode) else None
        if isinstance(node, ListNode) and name.isdecimal() and int(name) < len(node.items):
            inner = node.items[int(name)]
        if inner is None:
            return node
        node = inner
    return node

"""`events:` of program.yaml: what a merchant may post about customers beside purchases.

`events: {workshop: {fields: {topic: [bread, cake], score: number, paid: amount, on: date, first_time: yes_or_no}}}`
"""

from typing import Final

from rules.yaml.nodes import ListNode, MapNode, Node, ScalarNode
from rules.yaml.reader import Reader
from stamgast.domain.own_events import EventKind, FieldKind, FieldOfEvent

MOST_EVENTS: Final = 50
MOST_FIELDS: Final = 20
MOST_WORDS: Final = 100
LONGEST_WORD: Final = 64
ALONE: Final = tuple(kind for kind in FieldKind if kind is not FieldKind.CHOICE)
"""Kinds of fields that are named; a choice is a list of its words."""


def read_own_events(reader: Reader, found: list[tuple[str, ScalarNode, Node]]) -> dict[str, EventKind]:
    """The kinds of events, by name."""
    events: dict[str, EventKind] = {}
    for name, key, value in found:
        fields: dict[str, FieldOfEvent] = {}
        if not (isinstance(value, ScalarNode) and value.value is None):
            said = reader.mapping(value, f"events: {name}", ("fields",))
            for word, node in reader.entries(said["fields"], f"events: {name}: fields") if "fields" in said else []:
                kind = _field(reader, node, f"events: {name}: {word.text}")
                if kind is not None:
                    fields[word.text] = kind
        if len(fields) > MOST_FIELDS:
            reader.problem(key, f"the event {name} has {len(fields)} fields; at most {MOST_FIELDS} can be told")
        events[name] = EventKind(name, fields)
    if len(events) > MOST_EVENTS:
        reader.problem(found[0][1], f"`events` names {len(events)} events; at most {MOST_EVENTS} can be told apart")
    return events


def _field(reader: Reader, node: Node, where: str) -> FieldOfEvent | None:
    if isinstance(node, ListNode):
        words = reader.texts(node, where)
        if len(words) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
            what = f"`{where}` lists at most {MOST_WORDS} words of {LONGEST_WORD} characters"
            reader.problem(node, what, "Group them, or tell a number instead.")
            return None
        return FieldOfEvent(FieldKind.CHOICE, words) if words else None
    if isinstance(node, MapNode):
        reader.problem(node, f"`{where}` is a kind of value or a list of words", f"Write one of: {', '.join(ALONE)}.")
        return None
    if node.text in {"text", "string"}:
        hint = "List the words that may stand there, such as [bread, cake]."
        reader.problem(node, f"`{where}`: free text is not taken, for it may name a person", hint)
        return None
    kind = reader.one_of(node, where, ALONE, thing="kind of value")
    return None if kind is None else FieldOfEvent(kind)

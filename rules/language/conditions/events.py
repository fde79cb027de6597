"""The condition on what an event of the merchant's own making carries."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.conditions.figures import BOUNDS, highest, lowest, read_bounds
from rules.language.registry import Context, Schema
from rules.language.schema_parts import DATES, MONEY, TEXT, bounds, one_or_more
from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.words import parse_dates
from stamgast.domain.calendar import date_of
from stamgast.domain.currencies import format_money
from stamgast.domain.own_events import MOST_NUMBER, FieldKind, FieldOfEvent, Value

Fits = Callable[[Value], bool]
Asked = tuple[str, str, Fits]
"""A field, what is asked of it in words, and the test."""
_LISTED: Final = " or "


@CONDITIONS.add
class EventHasCondition(ConditionWord):
    """What the event carries that set the rule off: `when: {event: …}`. All that is asked must hold.

    Of a choice stand the words that will do, of `yes_or_no` true or false, of a date days, of a number or an amount
    bounds, or the number itself. A field that was not told is unknown.

    Example::

        when:
          event: workshop
        if:
          - event_has: {topic: [bread, cake], score: {at_least: 4}}
    """

    name = "event_has"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "wat gemeld werd past",
        "fr": "ce qui a été signalé convient",
        "de": "das Gemeldete passt",
        "en": "what was reported fits",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """Fields of the event, each with what is asked of it."""
        reader = context.reader
        kind = context.program.events.get(context.event)
        if kind is None:
            reader.problem(
                node, f"`{self.name}` asks about the event that set the rule off", "Write `when: {event: …}`."
            )
            return None
        if not isinstance(node, MapNode) or not node.entries:
            reader.problem(node, f"`{self.name}` needs fields of the event {kind.name}", "Write it as {topic: bread}.")
            return None
        found = [
            _asked(context, key.text, value, kind.fields[key.text])
            for key, value in reader.entries(node, self.name, tuple(kind.fields))
            if key.text in kind.fields
        ]
        asked = tuple(each for each in found if each is not None)
        if len(asked) < len(node.entries):
            return None

        def test(view: View) -> bool | None:
            told = view.fact.data.get("fields", {})
            answers = [fits(told[name]) if name in told else None for name, _, fits in asked]
            return False if False in answers else None if None in answers else True

        text = " and ".join(f"{name} is {said}" for name, said, _ in asked)
        return Condition(f"the event's {text}", test, lambda view: _told(view, asked))

    def schema(self) -> Schema:
        """Fields with what is asked of them."""
        number: Schema = {"type": "integer"}
        asked: Schema = {
            "anyOf": [one_or_more(TEXT), {"type": "boolean"}, one_or_more(DATES), bounds(number), bounds(MONEY)]
        }
        return {"type": "object", "additionalProperties": asked, "minProperties": 1}


def _told(view: View, asked: tuple[Asked, ...]) -> str:
    told = view.fact.data.get("fields", {})
    return ", ".join(f"{name} {told.get(name, 'not told')}" for name, _, _ in asked)


def _asked(context: Context, name: str, node: Node, field: FieldOfEvent) -> Asked | None:
    reader = context.reader
    if field.kind is FieldKind.CHOICE:
        words = reader.some_of(node, name, field.words)
        return (name, _LISTED.join(words), frozenset(words).__contains__) if words else None
    if field.kind is FieldKind.YES_OR_NO:
        truth = reader.truth(node, name)
        return None if truth is None else (name, "true" if truth else "false", lambda value: value is truth)
    if field.kind is FieldKind.DATE:
        items = [reader.word(item, name, parse_dates) for item in reader.items(node, name)]
        ranges = tuple(each for each in items if each is not None)
        if not ranges or len(ranges) < len(items):
            return None
        said = _LISTED.join(f"{date_of(each[0])} to {date_of(each[-1])}" for each in ranges)
        return name, said, lambda value: any(value in each for each in ranges)
    return _figure(context, name, node, field)


def _figure(context: Context, name: str, node: Node, field: FieldOfEvent) -> Asked | None:
    reader, currency = context.reader, context.program.currency
    money = field.kind is FieldKind.AMOUNT

    def read(each: Node, where: str) -> int | None:
        if money:
            return reader.money(each, where, currency)
        return reader.integer(each, where, -MOST_NUMBER, MOST_NUMBER)

    def show(number: int) -> str:
        return format_money(number, currency) if money else str(number)

    if isinstance(node, ScalarNode):
        exact = read(node, name)
        return None if exact is None else (name, show(exact), lambda value: value == exact)
    found = read_bounds(node, name, context, read)
    if found is None:
        return None
    low, high = lowest(found), highest(found)
    said = " and ".join(f"{BOUNDS[word]} {show(number)}" for word, number in found.items())
    return name, said, lambda value: not isinstance(value, str) and low <= value <= high

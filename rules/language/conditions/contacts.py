"""The condition on the messages that a customer has had."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Final

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.conditions.figures import bounded, highest, lowest, read_bounds
from rules.language.registry import Context, Schema
from rules.language.schema_parts import DURATION, TEXT, bounds
from rules.yaml.nodes import MapNode, Node
from rules.yaml.words import parse_duration
from stamgast.domain.contacts import newest_message
from stamgast.domain.kept import Kept
from stamgast.domain.units import DAY, HOUR, Millis

RULE: Final = "rule"


@CONDITIONS.add
class LastMessageCondition(ConditionWord):
    """How long ago the last message to the customer left, of any rule or of the one that `rule` names.

    Who never had one had it longer ago than any bound. For as long as a rule asks about it, it is remembered.

    Example::

        if:
          - last_message: {rule: example, at_least: 60 days}
    """

    name = "last_message"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "het laatste bericht zo lang geleden is",
        "fr": "le dernier message remonte à cela",
        "de": "die letzte Nachricht so lange her ist",
        "en": "the last message was that long ago",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """Bounds, and a rule."""
        reader = context.reader
        found = read_bounds(
            node, self.name, context, lambda value, where: reader.word(value, where, parse_duration), (RULE,)
        )
        entries = {key.text: value for key, value in node.entries} if isinstance(node, MapNode) else {}
        rule = reader.text(entries[RULE], RULE) if RULE in entries else ""
        if found is None or rule is None:
            return None
        low, high = lowest(found), highest(found)
        without_end = not ({"at_most", "less_than"} & found.keys())

        def test(view: View) -> bool:
            ago = _ago(view, rule)
            return without_end if ago is None else low <= ago <= high

        def found_now(view: View) -> str:
            ago = _ago(view, rule)
            return "never" if ago is None else f"{_show(ago)} ago"

        said = bounded(f"last message{f' of {rule}' if rule else ''}", found, _show) + " ago"
        condition = Condition(said, test, found_now, kept=Kept(contacts=max(found.values())))
        return replace(condition, rule=rule)

    def schema(self) -> Schema:
        """At least one bound, and a rule's id."""
        words = bounds(DURATION)
        return words | {"properties": words["properties"] | {RULE: TEXT}}


def _ago(view: View, rule: str) -> Millis | None:
    newest = newest_message(view.customer.contacts, rule)
    return None if newest is None else view.at - newest.at


def _show(length: Millis) -> str:
    return f"{length // DAY} days" if length % DAY == 0 else f"{length // HOUR} hours"

"""The condition that picks a share of the customers."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.registry import Context, Schema
from rules.language.schema_parts import PERCENT
from rules.yaml.nodes import Node
from rules.yaml.words import parse_percent
from stamgast.domain.contact_policy import stable_percent


@CONDITIONS.add
class PercentCondition(ConditionWord):
    """A share of the customers, always the same ones for this rule. Another rule picks others.

    It is no holdout: nobody measures what becomes of the rest. That is `limits: {hold_out: 10%}`.

    Example::

        if:
          - percent: 20%
    """

    name = "percent"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de klant bij een vaste {value} hoort",
        "fr": "le client fait partie de {value} fixes",
        "de": "der Kunde zu festen {value} gehört",
        "en": "the customer is among a fixed {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """A whole percentage."""
        percent = context.reader.word(node, self.name, parse_percent)
        if percent is None:
            return None
        if percent in {0, 100}:
            whom = "nobody" if percent == 0 else "everybody"
            context.reader.problem(node, f"`{self.name}`: {percent}% is {whom}", "Write a share in between.")
            return None
        rule = context.rule

        def test(view: View) -> bool | None:
            return None if not view.customer_id else _place(view, rule) < percent

        def found(view: View) -> str:
            return f"{_place(view, rule):.1f}%" if view.customer_id else "unknown"

        return Condition(f"is among {percent}%", test, found)

    def schema(self) -> Schema:
        """A percentage."""
        return PERCENT


def _place(view: View, rule: str) -> float:
    return stable_percent("sample", view.program.merchant, rule, view.customer_id)

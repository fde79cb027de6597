"""Conditions on when it happened and where the customer stands: weekday, lifecycle stage."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.registry import Context, Schema
from rules.language.schema_parts import choice, one_or_more
from rules.yaml.nodes import Node
from rules.yaml.words import WEEKDAYS
from stamgast.domain.vocabulary import Stage


def listed(words: tuple[str, ...]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


@CONDITIONS.add
class WeekdayCondition(ConditionWord):
    """The day of the week on the shop's own calendar: that of the purchase, else of the moment itself.

    Example::

        if:
          - weekday: [tuesday, wednesday]
    """

    name = "weekday"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "het {value} is",
        "fr": "c'est {value}",
        "de": "es {value} ist",
        "en": "it is {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """One weekday or several."""
        days = context.reader.some_of(node, self.name, WEEKDAYS, thing="weekday")
        if not days:
            return None
        wanted = frozenset(days)

        def test(view: View) -> bool:
            return view.local.weekday in wanted

        return Condition(f"weekday is {listed(days)}", test, lambda view: view.local.weekday)

    def schema(self) -> Schema:
        """One weekday in English, or a list of them."""
        return one_or_more(choice(WEEKDAYS))


@CONDITIONS.add
class StageCondition(ConditionWord):
    """The customer's lifecycle stage.

    Example::

        if:
          - stage: [lapsing, lapsed]
    """

    name = "stage"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de klant {value} is",
        "fr": "le client est {value}",
        "de": "der Kunde {value} ist",
        "en": "the customer is {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """One stage or several."""
        stages = context.reader.some_of(node, self.name, Stage, thing="stage")
        if not stages:
            return None
        wanted = frozenset(stages)

        def test(view: View) -> bool:
            return view.customer.stage in wanted

        return Condition(f"stage is {listed(stages)}", test, lambda view: view.customer.stage)

    def schema(self) -> Schema:
        """One stage, or a list of them."""
        return one_or_more(choice(Stage))

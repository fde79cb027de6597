"""The condition on taking part in a draw."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.draw_names import read_draw
from rules.language.registry import Context, Schema
from rules.language.schema_parts import TEXT
from rules.yaml.nodes import Node
from stamgast.domain.draws import Entered


@CONDITIONS.add
class HasEnteredCondition(ConditionWord):
    """The customer takes part in a draw of program.yaml, or took part in it.

    Entries that were taken back do not count. Once it is drawn, it holds for those who had one then.

    Example::

        if:
          - has_entered: december
    """

    name = "has_entered"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de klant doet mee aan {value}",
        "fr": "le client participe à {value}",
        "de": "der Kunde nimmt an {value} teil",
        "en": "the customer takes part in {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """A draw."""
        draw = read_draw(node, self.name, context)
        if draw is None:
            return None
        name = draw.id

        def test(view: View) -> bool:
            entered = view.customer.draws.get(name)
            return entered is not None and _takes_part(entered)

        def found(view: View) -> str:
            entered = view.customer.draws.get(name)
            if entered is None or not _takes_part(entered):
                return "no entry"
            return entered.how or f"{entered.count} entries"

        return Condition(f"takes part in {name}", test, found)

    def schema(self) -> Schema:
        """A draw's id."""
        return TEXT


def _takes_part(entered: Entered) -> bool:
    return bool(entered.how) or any(not each.back for each in entered.entries)

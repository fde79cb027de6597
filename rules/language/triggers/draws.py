"""The trigger on a draw that was drawn, or on an instant win that was decided."""

from collections.abc import Mapping
from typing import ClassVar, Final

from rules.engine import CompiledTrigger
from rules.language.draw_names import read_draw
from rules.language.registry import Context, Schema
from rules.language.schema_parts import TEXT
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.yaml.nodes import MapNode, Node
from stamgast.domain.facts import Fact
from stamgast.domain.vocabulary import FactName, OncePer

WON: Final = "won"


@TRIGGERS.add
class DrawnTrigger(Trigger):
    """A draw of program.yaml that the customer took part in was drawn, or an instant win was decided.

    `won` says for whom: those who won, or those who did not; without it for all of them. Who won has the prize by then,
    as a voucher that a message may speak of. Once per draw; of an instant win once per entry. A reserve who is called
    later hears `won: false` first.

    Example::

        when:
          drawn: {draw: december, won: true}
    """

    name = "drawn"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een loting is getrokken",
        "fr": "un tirage a eu lieu",
        "de": "eine Verlosung gezogen wurde",
        "en": "a draw was drawn",
    }
    facts = (FactName.DRAWN,)
    earned = True

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """A draw, and for whom."""
        reader = context.reader
        if not isinstance(node, MapNode):
            name = next(iter(context.program.draws), "december")
            reader.problem(node, f"`{self.name}` needs a draw", f"Write it as {{draw: {name}, won: true}}.")
            return None
        found = reader.mapping(node, self.name, ("draw", WON), ("draw",))
        if len(found) < len(node.entries) or "draw" not in found:
            return None
        draw = read_draw(found["draw"], "draw", context)
        won = reader.truth(found[WON], WON) if WON in found else None
        if draw is None or (WON in found and won is None):
            return None
        id_, text = draw.id, f"{draw.id} was drawn"
        if won is not None:
            text += " and won" if won else " and not won"

        def fires(fact: Fact) -> bool:
            return fact.data["draw"] == id_ and (won is None or fact.data[WON] is won)

        may = (OncePer.DRAW, *PERIODS)
        return CompiledTrigger(
            self.name, text, self.facts, fires, OncePer.DRAW, may, has_purchase=False, voucher=won is True
        )  # fmt: skip

    def schema(self) -> Schema:
        """A draw, and for whom."""
        words = {"draw": TEXT, WON: {"type": "boolean"}}
        return {"type": "object", "properties": words, "required": ["draw"], "additionalProperties": False}

"""The trigger on tiers."""

from collections.abc import Mapping
from typing import ClassVar, Final

from rules.engine import CompiledTrigger, Fires
from rules.language.registry import Context, Schema
from rules.language.schema_parts import TEXT, choice
from rules.language.tier_names import has_tiers, read_tier
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.language.triggers.purchases import SETTING_FREE, stands_alone
from rules.yaml.nodes import MapNode, Node
from stamgast.domain.facts import Fact
from stamgast.domain.vocabulary import FactName, OncePer

UP: Final = "up"
DOWN: Final = "down"
WAYS: Final = (UP, DOWN)


@TRIGGERS.add
class TierChangedTrigger(Trigger):
    """The customer came to another tier. Once per tier, each time that they come to it.

    `to` names one, `way` says `up` or `down`; without them any change will do. Who had earned a tier before
    program.yaml had any has it from the start, and that is no change. The tier falls at once with a refund of what
    earned it, and what coming to it brought is taken back.

    Example::

        when:
          tier_changed: {to: gold, way: up}
    """

    name = "tier_changed"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant van niveau verandert",
        "fr": "un client change de niveau",
        "de": "ein Kunde die Stufe wechselt",
        "en": "a customer changes tier",
    }
    facts = (FactName.TIER_CHANGED,)
    earned = True

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """Nothing, or a tier and a way."""
        reader = context.reader
        if stands_alone(node):
            found: dict[str, Node] = {}
        elif isinstance(node, MapNode):
            found = reader.mapping(node, self.name, ("to", "way"))
            if len(found) < len(node.entries):
                return None
        else:
            reader.problem(node, f"`{self.name}` takes `to` and `way`", "Write it as {to: gold}.")
            return None
        if not has_tiers(reader, node, context.program):
            return None
        to = read_tier(reader, found["to"], "to", context.program) if "to" in found else ""
        way = reader.one_of(found["way"], "way", WAYS) if "way" in found else ""
        if to is None or way is None:
            return None
        text = "moving " + (f"{way} " if way else "") + (f"to the tier {to}" if to else "to another tier")
        may = (OncePer.TIER, *PERIODS)
        return CompiledTrigger(self.name, text, self.facts, _moves(to, way), OncePer.TIER, may, has_purchase=False)

    def schema(self) -> Schema:
        """Nothing, or a tier and a way."""
        words: Schema = {"to": TEXT, "way": choice(WAYS)}
        full: Schema = {"type": "object", "properties": words, "additionalProperties": False}
        return {"anyOf": [*SETTING_FREE["anyOf"], full]}


def _moves(to: str, way: str) -> Fires:
    def fires(fact: Fact) -> bool:
        if to and fact.data["tier"] != to:
            return False
        return not way or (fact.after > fact.before) == (way == UP)

    return fires

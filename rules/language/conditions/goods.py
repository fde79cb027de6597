"""The condition on what a customer has bought so far."""

from collections.abc import Mapping
from typing import ClassVar, Final

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.conditions.figures import BOUNDS, highest, lowest, read_bounds
from rules.language.goods import NAMES, read_thing
from rules.language.registry import Context, Schema
from rules.language.schema_parts import COUNT, DAYS, TEXT, bounds
from rules.yaml.nodes import MapNode, Node
from rules.yaml.words import parse_days
from stamgast.domain.counting import how_often, so_many
from stamgast.domain.things import name_of

WITHIN: Final = "within"
ONCE: Final = {"at_least": 1}


@CONDITIONS.add
class BoughtCondition(ConditionWord):
    """How many purchases held something of a category, or a product that program.yaml names under `watch:`.

    At least one, unless bounds are given. `within: 30 days` asks that the newest of them is no older than that. This
    purchase counts too. What was bought before the category was asked about, or the product was watched, is not known
    and does not count; of 64 things at most it is known, and what was bought longest ago is forgotten.

    Example::

        if:
          - bought: {category: bread, at_least: 3, within: 30 days}
          - none:
              - bought: {product: RYE-800}
    """

    name = "bought"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de klant dit kocht",
        "fr": "le client a acheté ceci",
        "de": "der Kunde dies gekauft hat",
        "en": "the customer bought this",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """A category or a product; bounds; how long ago at most."""
        reader = context.reader
        found = reader.mapping(node, self.name, (*NAMES, WITHIN, *BOUNDS))
        if not isinstance(node, MapNode) or len(found) < len(node.entries):
            return None
        thing = read_thing(node, found, self.name, context, remembers=True)
        times: dict[str, int] | None = ONCE
        if any(word in found for word in BOUNDS):
            times = read_bounds(
                node, self.name, context, lambda value, where: reader.integer(value, where, 0, 1_000_000),
                (*NAMES, WITHIN),
            )  # fmt: skip
        within = reader.word(found[WITHIN], WITHIN, parse_days) if WITHIN in found else None
        if thing is None or times is None or (WITHIN in found and within is None):
            return None
        low, high = lowest(times), highest(times)
        name = thing.name

        def test(view: View) -> bool:
            known = view.customer.bought.get(name)
            if known is None:
                return low <= 0 <= high and within is None
            recent = within is None or view.local.day - known.day <= within
            return recent and low <= known.times <= high

        def found_now(view: View) -> str:
            known = view.customer.bought.get(name)
            return (
                "not bought"
                if known is None
                else f"{how_often(known.times)}, {so_many(view.local.day - known.day, 'day')} ago"
            )

        said = " and ".join(f"{BOUNDS[word]} {number}" for word, number in times.items())
        text = f"bought {name_of(name)} {said} times" + (f" within {within} days" if within is not None else "")
        return Condition(text, test, found_now, kept=thing.kept)

    def schema(self) -> Schema:
        """A category or a product, with bounds and a number of days."""
        words = bounds(COUNT)
        return words | {"properties": words["properties"] | {"category": TEXT, "product": TEXT, WITHIN: DAYS}}

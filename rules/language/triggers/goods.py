"""The trigger on what was bought."""

from collections.abc import Mapping
from typing import ClassVar, Final

from rules.engine import CompiledTrigger, Fires
from rules.language.goods import NAMES, read_thing
from rules.language.registry import Context, Schema
from rules.language.schema_parts import POSITIVE, TEXT
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.yaml.nodes import MapNode, Node, ScalarNode
from stamgast.domain.facts import Fact
from stamgast.domain.kept import NOTHING_KEPT
from stamgast.domain.things import name_of
from stamgast.domain.vocabulary import FactName, OncePer

FIRST: Final = "first"
TIME: Final = "time"
MOST_TIMES: Final = 10_000


@TRIGGERS.add
class BoughtTrigger(Trigger):
    """A purchase holds something of a category, or a product (by SKU). Once per purchase unless the rule says else.

    `time: first` waits for the first such purchase, `time: 5` for the fifth; that is once per customer. What was
    bought before the category was asked about, or the product stood under `watch:` of program.yaml, is not known and
    does not count. A refund of it takes back what it brought.

    Example::

        when:
          bought: {category: bread, time: first}
    """

    name = "bought"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant dit koopt",
        "fr": "un client achète ceci",
        "de": "ein Kunde dies kauft",
        "en": "a customer buys this",
    }
    facts = (FactName.BOUGHT,)

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """A category or a product, and which time."""
        reader = context.reader
        found = reader.mapping(node, self.name, (*NAMES, TIME))
        if not isinstance(node, MapNode) or len(found) < len(node.entries):
            return None
        time = _read_time(found[TIME], context) if TIME in found else 0
        thing = read_thing(node, found, self.name, context, remembers=bool(time))
        if thing is None or time is None:
            return None
        each = not time
        nth = f" for the {_ordinal(time)} time" if time else ""
        return CompiledTrigger(
            self.name,
            f"buying {name_of(thing.name)}{nth}",
            self.facts,
            _buys(thing.name, time),
            OncePer.PURCHASE if each else OncePer.CUSTOMER,
            (OncePer.PURCHASE, *PERIODS) if each else PERIODS,
            has_purchase=True,
            figure="" if each else thing.name,
            crosses=None if each else time,
            thing=thing.name,
            kept=NOTHING_KEPT if each else thing.kept,
        )

    def schema(self) -> Schema:
        """A category or a product, and which time."""
        time = {"anyOf": [{"const": FIRST}, POSITIVE]}
        words: Schema = {"category": TEXT, "product": TEXT, TIME: time}
        return {"type": "object", "properties": words, "additionalProperties": False, "minProperties": 1}


def _ordinal(number: int) -> str:
    if number == 1:
        return FIRST
    ending = "th" if number % 100 in range(11, 14) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _read_time(node: Node, context: Context) -> int | None:
    if isinstance(node, ScalarNode) and node.text == FIRST:
        return 1
    if not isinstance(node, ScalarNode) or not isinstance(node.value, int):
        context.reader.problem(node, f"`{TIME}` is `first` or a number", "Write it as `time: first` or `time: 5`.")
        return None
    return context.reader.integer(node, TIME, 1, MOST_TIMES)


def _buys(thing: str, time: int) -> Fires:
    least = time or 1

    def each(fact: Fact) -> bool:
        return fact.before < fact.after and fact.data["thing"] == thing

    def nth(fact: Fact) -> bool:
        return fact.before < least <= fact.after and fact.data["thing"] == thing

    return nth if time else each

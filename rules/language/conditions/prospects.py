"""Conditions on a customer's worth and future: lifetime value by any method, the chance of staying away."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.conditions.figures import BOUNDS, highest, lowest, read_bounds, within
from rules.language.registry import Context, Schema
from rules.language.schema_parts import MONEY, PERCENT, bounds, choice
from rules.probes import Within
from rules.yaml.nodes import MapNode, Node
from rules.yaml.words import parse_margin
from stamgast.domain.currencies import format_money
from stamgast.domain.vocabulary import ClvMethod

METHOD = "method"


@CONDITIONS.add
class ClvCondition(ConditionWord):
    """Customer lifetime value: the profit made so far (`historic`), unless another method is named.

    The others are `simple`, `predicted` (profit to come, by the model that was fitted) and `net` (historic + predicted
    - what winning the customer and messages to them cost). Before a fit was published the last two are unknown, and
    what is unknown is not met.

    Example::

        if:
          - clv: {more_than: 100 EUR}
          - clv: {at_least: 400 EUR, method: net}
    """

    name = "clv"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de klant {value} waard is",
        "fr": "le client vaut {value}",
        "de": "der Kunde {value} wert ist",
        "en": "the customer is worth {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """Bounds in the programme's currency, and a method."""
        currency, reader = context.program.currency, context.reader
        found = read_bounds(
            node, self.name, context, lambda value, where: reader.money(value, where, currency), (METHOD,)
        )
        entries = {key.text: value for key, value in node.entries} if isinstance(node, MapNode) else {}
        method = (
            reader.one_of(entries[METHOD], METHOD, ClvMethod, thing="method")
            if METHOD in entries
            else ClvMethod.HISTORIC
        )
        if found is None or method is None:
            return None
        if method is ClvMethod.HISTORIC:
            return within(self.name, "profit", found, lambda minor: format_money(minor, currency))
        return _valued(method, found, currency)

    def schema(self) -> Schema:
        """Bounds and a method."""
        words = bounds(MONEY)
        return words | {"properties": words["properties"] | {METHOD: choice(ClvMethod)}}


def _valued(method: ClvMethod, found: dict[str, int], currency: str) -> Condition:
    low, high = lowest(found), highest(found)

    def test(view: View) -> bool | None:
        value = view.clv(method)
        return None if value is None else low <= value <= high

    def found_now(view: View) -> str:
        value = view.clv(method)
        return "unknown: no model is in force" if value is None else format_money(value, currency)

    limits = " and ".join(f"{BOUNDS[word]} {format_money(minor, currency)}" for word, minor in found.items())
    probe = Within(method, lambda view: view.clv(method), low, high)
    return Condition(f"{method} clv {limits}", test, found_now, probe=probe)


@CONDITIONS.add
class ChurnProbabilityCondition(ConditionWord):
    """The chance that the customer buys nothing within the time that program.yaml names under `clv: churn_within`.

    It is that of the model that was fitted; before a fit was published it is unknown, and so not met.

    Example::

        if:
          - churn_probability: {at_least: 60%}
    """

    name = "churn_probability"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de kans dat de klant wegblijft {value} is",
        "fr": "le risque de perdre le client est de {value}",
        "de": "die Gefahr, dass der Kunde wegbleibt, {value} beträgt",
        "en": "the chance that the customer stays away is {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """Bounds in percent."""
        reader = context.reader
        found = read_bounds(node, self.name, context, lambda value, where: reader.word(value, where, parse_margin))
        if found is None:
            return None
        days = context.program.horizon.churn_days

        def test(view: View) -> bool | None:
            chance = view.churn_probability
            return None if chance is None else all(_HOLDS[word](chance * 1000, bound) for word, bound in found.items())

        def found_now(view: View) -> str:
            chance = view.churn_probability
            return "unknown: no model is in force" if chance is None else f"{chance:.1%}"

        limits = " and ".join(f"{BOUNDS[word]} {bound / 10:g}%" for word, bound in found.items())
        return Condition(f"churn probability within {days} days {limits}", test, found_now)

    def schema(self) -> Schema:
        """At least one bound, in percent."""
        return bounds(PERCENT)


_HOLDS = {
    "at_least": lambda chance, bound: chance >= bound,
    "at_most": lambda chance, bound: chance <= bound,
    "more_than": lambda chance, bound: chance > bound,
    "less_than": lambda chance, bound: chance < bound,
}

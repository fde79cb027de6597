"""Triggers about the customer as a whole: visits and value."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import CompiledTrigger, Fires
from rules.language.registry import Context, Schema
from rules.language.schema_parts import MONEY, POSITIVE, choice
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.yaml.nodes import MapNode, Node
from stamgast.domain.currencies import format_money
from stamgast.domain.facts import OF_CLV, Fact
from stamgast.domain.vocabulary import ClvMethod, FactName, OncePer


def crosses(threshold: int) -> Fires:
    """Fires when the figure goes from below the threshold to it or beyond."""

    def fires(fact: Fact) -> bool:
        return fact.before < threshold <= fact.after

    return fires


@TRIGGERS.add
class VisitsReachedTrigger(Trigger):
    """The customer came for the nth time; several purchases on one day are one visit. Once per customer.

    Example::

        when:
          visits_reached: 10
    """

    name = "visits_reached"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant voor de {value}e keer komt",
        "fr": "un client vient pour la {value}e fois",
        "de": "ein Kunde zum {value}. Mal kommt",
        "en": "a customer comes for visit number {value}",
    }
    facts = (FactName.VISITS_CHANGED,)
    earned = True

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """A number of visits."""
        visits = context.reader.integer(node, self.name, 1, 1_000_000)
        if visits is None:
            return None
        return CompiledTrigger(
            self.name,
            f"visit number {visits}",
            self.facts,
            crosses(visits),
            OncePer.CUSTOMER,
            PERIODS,
            has_purchase=True,
            figure="visits",
            crosses=visits,
        )

    def schema(self) -> Schema:
        """A number from 1."""
        return POSITIVE


@TRIGGERS.add
class ClvPassedTrigger(Trigger):
    """A purchase took the customer's lifetime value to that amount or beyond it. Once per customer.

    The value is the profit made so far (`historic`), unless another method is named: `simple`, `predicted` or `net`.
    The last two need a model that was fitted; until then they pass nothing. Write those as
    `clv_passed: {amount: 400 EUR, method: net}`.

    Example::

        when:
          clv_passed: 150 EUR
    """

    name = "clv_passed"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant {value} waard is",
        "fr": "un client vaut {value}",
        "de": "ein Kunde {value} wert ist",
        "en": "a customer is worth {value}",
    }
    facts = tuple(OF_CLV.values())
    earned = True

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """An amount in the programme's currency, with a method if it is not the usual one."""
        reader, currency = context.reader, context.program.currency
        method: ClvMethod | None = ClvMethod.HISTORIC
        if isinstance(node, MapNode):
            found = reader.mapping(node, self.name, ("amount", "method"), ("amount",))
            if "amount" not in found:
                return None
            node = found["amount"]
            if "method" in found:
                method = reader.one_of(found["method"], "method", ClvMethod, thing="method")
        amount = reader.money(node, self.name, currency)
        if amount is None or method is None:
            return None
        usual = method is ClvMethod.HISTORIC
        return CompiledTrigger(
            self.name,
            f"{'customer' if usual else method} lifetime value passes {format_money(amount, currency)}",
            (OF_CLV[method],),
            crosses(amount),
            OncePer.CUSTOMER,
            PERIODS,
            has_purchase=True,
            figure="clv" if usual else f"{method}_clv",
            crosses=amount,
        )

    def schema(self) -> Schema:
        """Money, alone or with a method."""
        words: Schema = {"amount": MONEY, "method": choice(ClvMethod)}
        full = {"type": "object", "properties": words, "required": ["amount"], "additionalProperties": False}
        return {"anyOf": [MONEY, full]}

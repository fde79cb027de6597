"""Triggers about the customer as a whole: visits and value."""

from rules.engine import CompiledTrigger, Fires
from rules.nodes import MapNode, Node
from rules.registry import Context, Schema
from rules.schema_parts import MONEY, POSITIVE, choice
from rules.triggers import PERIODS, TRIGGERS, Trigger
from stamgast.domain.clv import METHODS
from stamgast.domain.currencies import format_money
from stamgast.domain.facts import Fact


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

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """A number of visits."""
        visits = context.reader.integer(node, self.name, 1, 1_000_000)
        if visits is None:
            return None
        return CompiledTrigger(
            self.name,
            f"visit number {visits}",
            ("visits_changed",),
            crosses(visits),
            "customer",
            PERIODS,
            has_purchase=True,
            threshold=f"visits:{visits}",
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

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """An amount in the programme's currency, with a method if it is not the usual one."""
        reader, currency, method = context.reader, context.program.currency, "historic"
        if isinstance(node, MapNode):
            found = reader.mapping(node, self.name, ("amount", "method"), ("amount",))
            if "amount" not in found:
                return None
            node = found["amount"]
            if "method" in found:
                method = reader.one_of(found["method"], "method", METHODS, thing="method") or ""
        amount = reader.money(node, self.name, currency)
        if amount is None or not method:
            return None
        usual = method == "historic"
        figure = "clv" if usual else f"{method}_clv"
        return CompiledTrigger(
            self.name,
            f"{'customer' if usual else method} lifetime value passes {format_money(amount, currency)}",
            (f"{figure}_changed",),
            crosses(amount),
            "customer",
            PERIODS,
            has_purchase=True,
            threshold=f"{figure}:{amount}",
            crosses=amount,
        )

    def schema(self) -> Schema:
        """Money, alone or with a method."""
        words: Schema = {"amount": MONEY, "method": choice(METHODS)}
        full = {"type": "object", "properties": words, "required": ["amount"], "additionalProperties": False}
        return {"anyOf": [MONEY, full]}

"""The trigger on what a customer has spent."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import CompiledTrigger
from rules.language.registry import Context, Schema
from rules.language.schema_parts import MONEY, SPAN
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.language.triggers.customers import crosses
from rules.yaml.nodes import MapNode, Node
from rules.yaml.words import parse_span
from stamgast.domain.currencies import format_money
from stamgast.domain.facts import Fact
from stamgast.domain.kept import Kept
from stamgast.domain.spans import Span
from stamgast.domain.vocabulary import FactName, OncePer


@TRIGGERS.add
class SpendReachedTrigger(Trigger):
    """A purchase took what the customer has spent, refunds taken off, to that amount or beyond. Once per customer.

    `{amount: 500 EUR, in: 12 months}` counts what was spent within the last twelve months, today included; that is
    once per year unless the rule says otherwise. A refund that takes it below the amount again takes back what was
    promised.

    Example::

        when:
          spend_reached: {amount: 500 EUR, in: 12 months}
    """

    name = "spend_reached"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant genoeg heeft besteed",
        "fr": "un client a assez dépensé",
        "de": "ein Kunde genug ausgegeben hat",
        "en": "a customer has spent enough",
    }
    facts = (FactName.SPEND_CHANGED, FactName.WINDOW_SPEND_CHANGED)
    earned = True

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """An amount in the programme's currency, and a span of time if it is not all that was ever spent."""
        reader, currency = context.reader, context.program.currency
        span: Span | None = None
        if isinstance(node, MapNode):
            found = reader.mapping(node, self.name, ("amount", "in"), ("amount",))
            if "in" in found:
                span = reader.word(found["in"], "in", parse_span)
            if "amount" not in found or len(found) < len(node.entries) or ("in" in found and span is None):
                return None
            node = found["amount"]
        amount = reader.money(node, self.name, currency)
        if amount is None:
            return None
        if amount == 0:
            reader.problem(node, f"`{self.name}`: nobody has to spend anything for that", "Write an amount above zero.")
            return None
        money = format_money(amount, currency)
        passes = crosses(amount)
        if span is None:
            return CompiledTrigger(
                self.name,
                f"having spent {money}",
                (FactName.SPEND_CHANGED,),
                passes,
                OncePer.CUSTOMER,
                PERIODS,
                has_purchase=True,
                figure="spend",
                crosses=amount,
            )
        text = span.text

        def fires(fact: Fact) -> bool:
            return passes(fact) and fact.data["span"] == text

        return CompiledTrigger(
            self.name,
            f"having spent {money} in {text}",
            (FactName.WINDOW_SPEND_CHANGED,),
            fires,
            OncePer.YEAR,
            PERIODS,
            has_purchase=True,
            figure=f"spend in {text}",
            crosses=amount,
            span=span,
            kept=Kept(spend_days=span.longest),
        )

    def schema(self) -> Schema:
        """Money, alone or with a span of time."""
        words: Schema = {"amount": MONEY, "in": SPAN}
        full = {"type": "object", "properties": words, "required": ["amount"], "additionalProperties": False}
        return {"anyOf": [MONEY, full]}

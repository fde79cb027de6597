"""Triggers about one purchase."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import CompiledTrigger, always
from rules.language.registry import Context, Schema
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.yaml.nodes import ListNode, MapNode, Node, kind_of
from stamgast.domain.vocabulary import FactName, OncePer


def stands_alone(node: Node) -> bool:
    """Whether nothing is set: nothing, `{}` or `true` stands after the word."""
    if isinstance(node, MapNode):
        return not node.entries
    return not isinstance(node, ListNode) and node.value in {None, True}


def takes_nothing(node: Node, name: str, context: Context) -> bool:
    """These triggers take no settings: nothing, `{}` or `true` stand after them."""
    if stands_alone(node):
        return True
    context.reader.problem(node, f"nothing stands after `{name}`, not {kind_of(node)}", f"Write `when: {name}`.")
    return False


SETTING_FREE: Schema = {"anyOf": [{"type": "null"}, {"const": True}, {"type": "object", "maxProperties": 0}]}


@TRIGGERS.add
class PurchaseTrigger(Trigger):
    """A purchase that counts came in. Once per purchase unless the rule says otherwise.

    Example::

        when: purchase
    """

    name = "purchase"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant iets koopt",
        "fr": "un client achète quelque chose",
        "de": "ein Kunde etwas kauft",
        "en": "a customer buys something",
    }
    facts = (FactName.PURCHASE,)

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """Takes no settings."""
        if not takes_nothing(node, self.name, context):
            return None
        may = (OncePer.PURCHASE, *PERIODS)
        return CompiledTrigger(self.name, "a purchase", self.facts, always, OncePer.PURCHASE, may, has_purchase=True)

    def schema(self) -> Schema:
        """Nothing stands after it."""
        return SETTING_FREE


@TRIGGERS.add
class RefundedTrigger(Trigger):
    """Money was given back on a purchase, wholly or in part. Once per purchase unless the rule says otherwise.

    Example::

        when: refunded
    """

    name = "refunded"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant geld terugkrijgt",
        "fr": "un client est remboursé",
        "de": "ein Kunde Geld zurückbekommt",
        "en": "a customer gets money back",
    }
    facts = (FactName.REFUNDED,)

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """Takes no settings."""
        if not takes_nothing(node, self.name, context):
            return None
        may = (OncePer.PURCHASE, *PERIODS)
        return CompiledTrigger(self.name, "a refund", self.facts, always, OncePer.PURCHASE, may, has_purchase=True)

    def schema(self) -> Schema:
        """Nothing stands after it."""
        return SETTING_FREE

"""The trigger on a customer's joining."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import CompiledTrigger, always
from rules.language.registry import Context, Schema
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.language.triggers.purchases import SETTING_FREE, takes_nothing
from rules.yaml.nodes import Node
from stamgast.domain.vocabulary import FactName, OncePer


@TRIGGERS.add
class JoinedTrigger(Trigger):
    """The customer joined: gave their name or number for the first time. Once per customer.

    What they agreed to in the same breath is known by then, so that a welcome can go out.

    Example::

        when: joined
    """

    name = "joined"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant zich aanmeldt",
        "fr": "un client s'inscrit",
        "de": "ein Kunde sich anmeldet",
        "en": "a customer joins",
    }
    facts = (FactName.JOINED,)

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """Takes no settings."""
        if not takes_nothing(node, self.name, context):
            return None
        return CompiledTrigger(self.name, "joining", self.facts, always, OncePer.CUSTOMER, PERIODS, has_purchase=False)

    def schema(self) -> Schema:
        """Nothing stands after it."""
        return SETTING_FREE

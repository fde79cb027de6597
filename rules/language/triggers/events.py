"""The trigger on events of the merchant's own making."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import CompiledTrigger, Fires
from rules.language.registry import Context, Schema
from rules.language.schema_parts import TEXT
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.yaml.nodes import Node
from stamgast.domain.facts import Fact
from stamgast.domain.vocabulary import FactName, OncePer


@TRIGGERS.add
class EventTrigger(Trigger):
    """An event of program.yaml's `events` was posted about the customer (`POST /v1/merchants/{merchant}/events`).

    Once per event unless the rule says otherwise; the same id again within a day is the same event. One that
    happened longer ago than `freshness` allows sends nothing, as a late purchase. `event_has` asks about its fields.

    Example::

        when:
          event: workshop
    """

    name = "event"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "bij een klant {value} gemeld wordt",
        "fr": "{value} est signalé pour un client",
        "de": "für einen Kunden {value} gemeldet wird",
        "en": "{value} is reported of a customer",
    }
    facts = (FactName.OWN_EVENT,)

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """The name of an event."""
        name = context.reader.known(node, self.name, context.program.events, "event")
        if name is None:
            return None
        return CompiledTrigger(
            self.name,
            f"the event {name}",
            self.facts,
            _is(name),
            OncePer.EVENT,
            (OncePer.EVENT, *PERIODS),
            has_purchase=False,
            event=name,
        )

    def schema(self) -> Schema:
        """The name of an event."""
        return TEXT


def _is(name: str) -> Fires:
    def fires(fact: Fact) -> bool:
        return bool(fact.data["event"] == name)

    return fires

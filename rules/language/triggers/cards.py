"""Triggers about stamp cards."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import CompiledTrigger, Fires
from rules.language.registry import Context, Schema
from rules.language.schema_parts import POSITIVE, TEXT
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.yaml.nodes import MapNode, Node
from stamgast.domain.facts import Fact
from stamgast.domain.vocabulary import FactName, OncePer

MAY = (OncePer.CARD, *PERIODS)


@TRIGGERS.add
class StampCardCompletedTrigger(Trigger):
    """A stamp card became full. Once per card unless the rule says otherwise.

    Example::

        when:
          stamp_card_completed: bread
    """

    name = "stamp_card_completed"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de kaart {value} vol is",
        "fr": "la carte {value} est pleine",
        "de": "die Karte {value} voll ist",
        "en": "the {value} card is full",
    }
    facts = (FactName.STAMP_CARD_COMPLETED,)
    earned = True

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """The id of a card."""
        card = context.reader.known(node, self.name, context.program.cards, "stamp card")
        if card is None:
            return None
        text = f"the {card} card is completed"
        return CompiledTrigger(
            self.name,
            text,
            self.facts,
            _completed(card),
            OncePer.CARD,
            MAY,
            has_purchase=True,
            card=card,
            fills_card=True,
        )

    def schema(self) -> Schema:
        """A card's id."""
        return TEXT


def _completed(card: str) -> Fires:
    def fires(fact: Fact) -> bool:
        return fact.data.get("card") == card

    return fires


@TRIGGERS.add
class StampCardReachesTrigger(Trigger):
    """A stamp card came to hold that many stamps. Once per card unless the rule says otherwise.

    Example::

        when:
          stamp_card_reaches: {bread: 5}
    """

    name = "stamp_card_reaches"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de kaart {key} {value} stempels heeft",
        "fr": "la carte {key} a {value} tampons",
        "de": "die Karte {key} {value} Stempel hat",
        "en": "the {key} card has {value} stamps",
    }
    facts = (FactName.STAMPS_CHANGED,)
    earned = True

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """One card's id and a number of stamps below or at its size."""
        reader = context.reader
        entries = reader.entries(node, self.name)
        if len(entries) != 1:
            if isinstance(node, MapNode):
                reader.problem(node, f"`{self.name}` needs one card and a number", "Write it as {bread: 5}.")
            return None
        key, value = entries[0]
        card = reader.known(key, self.name, context.program.cards, "stamp card")
        stamps = reader.integer(value, f"{self.name}: {key.text}", 1, 1000)
        if card is None or stamps is None:
            return None
        size = context.program.cards[card].stamps_required
        if stamps > size:
            reader.problem(
                value, f"the {card} card has {size} stamps: it never reaches {stamps}", f"Write at most {size}."
            )
            return None
        text = f"the {card} card reaches {stamps} of {size} stamps"
        return CompiledTrigger(
            self.name,
            text,
            self.facts,
            _reaches(card, stamps),
            OncePer.CARD,
            MAY,
            has_purchase=True,
            crosses=stamps,
            card=card,
            fills_card=stamps == size,
        )

    def schema(self) -> Schema:
        """One card's id -> stamps."""
        return {"type": "object", "additionalProperties": POSITIVE, "minProperties": 1, "maxProperties": 1}


def _reaches(card: str, stamps: int) -> Fires:
    def fires(fact: Fact) -> bool:
        return fact.before < stamps <= fact.after and fact.data.get("card") == card

    return fires

"""Triggers about stamp cards."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import CompiledTrigger, Fires
from rules.language.registry import Context, Schema
from rules.language.schema_parts import DAYS, POSITIVE, TEXT
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.yaml.nodes import MapNode, Node
from rules.yaml.words import parse_days
from stamgast.domain.awaited import Awaited
from stamgast.domain.facts import Fact
from stamgast.domain.vocabulary import FactName, OncePer, TimerKind

MAY = (OncePer.CARD, *PERIODS)
CARD, BEFORE = "card", "before"


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


@TRIGGERS.add
class StampsExpiringTrigger(Trigger):
    """Stamps on a card are to run out, since none was added for so long. Once for as long as none is.

    It comes as many days before that as the card's `warned` says, or `before`: `{card: bread, before: 45 days}`. The
    stamps run out only once a message of such a rule was delivered, and `warned` days after that at the soonest; its
    template says when: `{{ card.expires_on }}`. Who is sent none (STOP, no consent, held out) keeps their stamps. It
    waits while the feed is stale. A card that lay for longer when the rule begins is told of within 30 days. A message
    that waits does not go if a stamp was added meanwhile.

    Example::

        when:
          stamps_expiring: slow
    """

    name = "stamps_expiring"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de stempels op de kaart {value} bijna vervallen",
        "fr": "les tampons de la carte {value} vont expirer",
        "de": "die Stempel auf der Karte {value} bald verfallen",
        "en": "the stamps on the {value} card are about to run out",
    }
    facts = (FactName.STAMPS_EXPIRING,)

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """The id of a card whose stamps run out, with a number of days if not its own."""
        reader, program, days = context.reader, context.program, None
        if isinstance(node, MapNode):
            found = reader.mapping(node, self.name, (CARD, BEFORE), (CARD,))
            if CARD not in found:
                return None
            if BEFORE in found and (days := reader.word(found[BEFORE], BEFORE, parse_days)) is None:
                return None
            node = found[CARD]
        card = reader.known(node, self.name, program.cards, "stamp card")
        if card is None:
            return None
        expires = program.cards[card].expires
        if expires is None:
            hint = f"Write `expires: {{after: 12 months, warned: 30 days}}` under cards: {card} in program.yaml."
            reader.problem(node, f"the stamps of the {card} card never run out", hint)
            return None
        before = expires.warned if days is None else days
        if before < expires.warned or before >= expires.after.leaves(0):
            hint = (
                f"Write from {expires.warned} days (`warned` of the card) to less than {expires.after.text} (`after`)."
            )
            reader.problem(node, f"`{BEFORE}`: {before} days do not fit the {card} card", hint)
            return None
        return CompiledTrigger(
            self.name,
            f"the stamps of the {card} card running out in {before} days",
            self.facts,
            _running_out(card, before),
            OncePer.QUIET_SPELL,
            (OncePer.QUIET_SPELL, *PERIODS),
            has_purchase=False,
            card=card,
            absence=True,
            awaited=Awaited(TimerKind.EXPIRING, before, card),
        )

    def schema(self) -> Schema:
        """A card's id, alone or with a number of days."""
        words: Schema = {CARD: TEXT, BEFORE: DAYS}
        full = {"type": "object", "properties": words, "required": [CARD], "additionalProperties": False}
        return {"anyOf": [TEXT, full]}


def _running_out(card: str, before: int) -> Fires:
    def fires(fact: Fact) -> bool:
        return fact.after == before and fact.data.get("card") == card

    return fires

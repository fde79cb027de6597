"""What a customer is given, and taken: rewards, stamps, tags, a tier."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from rules.actions import Action, AddStamps, Give, GiveFriend, SetTier, Tag
from rules.bounds import MOST_STAMPS_AT_ONCE, MOST_TAGS_AT_ONCE, hold_to
from rules.language.actions import ACTIONS, ActionWord
from rules.language.registry import Context, Schema
from rules.language.schema_parts import DURATION, SPAN, TEXT, choice, one_or_more
from rules.language.spoken import all_of, spoken
from rules.language.tier_names import has_tiers, read_tier
from rules.yaml.nodes import MapNode, Node
from rules.yaml.reader import Reader
from rules.yaml.words import parse_duration, parse_span
from stamgast.domain.tiers import NO_TIER

LONGEST_TAG = 64
FRIEND: Final = "friend"
"""Whom else something may be given to."""


@ACTIONS.add
class GiveAction(ActionWord):
    """Give a reward: a voucher with a code. It stays valid as long as the reward says, unless said here.

    With `to: friend` it is given to the friend whose purchase set the rule off (`when: referred`).

    Example::

        then:
          - give: free_loaf
            valid_for: 30 days
    """

    name = "give"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "geef {value}",
        "fr": "donner {value}",
        "de": "{value} geben",
        "en": "give {value}",
    }
    options: ClassVar[Mapping[str, Schema]] = {"valid_for": DURATION, "to": choice((FRIEND,))}

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:
        """A reward of program.yaml."""
        reward = context.reader.known(node, self.name, context.program.rewards, "reward")
        valid_for = None
        if "valid_for" in options:
            valid_for = context.reader.word(options["valid_for"], "valid_for", parse_duration)
            if valid_for == 0:
                hint = "Such as `valid_for: 30 days`."
                context.reader.problem(options["valid_for"], "`valid_for` must be longer than zero", hint)
        if "to" in options:
            whom = context.reader.one_of(options["to"], "to", (FRIEND,))
            return None if reward is None or whom is None else GiveFriend(reward, valid_for)
        return None if reward is None else Give(reward, valid_for)

    def schema(self) -> Schema:
        """A reward's id."""
        return TEXT


@ACTIONS.add
class AddStampsAction(ActionWord):
    """Put stamps on cards, such as two to begin with. They may fill the card, with all that comes of that.

    A refund of what they were given for takes them off again; like tags they stay where a message about them is
    withheld later. A card's daily cap holds for purchases alone; one that has not begun, or is over, takes none.

    Example::

        when: joined
        then:
          - add_stamps: {bread: 2}
    """

    name = "add_stamps"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "zet stempels op de kaart ({value})",
        "fr": "mettre des timbres sur la carte ({value})",
        "de": "Stempel auf die Karte setzen ({value})",
        "en": "put stamps on the card ({value})",
    }

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:  # noqa: ARG002
        """Cards of program.yaml, each with a number."""
        reader, cards = context.reader, context.program.cards
        if not isinstance(node, MapNode):
            name = next(iter(cards), "bread")
            reader.problem(node, "`add_stamps` needs a card and a number", f"Write it as `add_stamps: {{{name}: 2}}`.")
            return None
        if not node.entries:
            reader.problem(node, "`add_stamps` names no card", f"Cards: {', '.join(cards)}." if cards else "")
        found = []
        for key, value in node.entries:
            card = reader.known(key, self.name, cards, "card")
            number = reader.integer(value, f"{self.name}: {key.text}", 1, MOST_STAMPS_AT_ONCE)
            if card is not None and number is not None:
                found.append((card, number))
        return AddStamps(tuple(found)) if found else None

    def read_back(self, node: Node, language: str) -> str:
        """`bread: 2`."""
        entries = node.entries if isinstance(node, MapNode) else ()
        said = [f"{key.text}: {spoken(value, language)}" for key, value in entries]
        return self.says[language].format(value=", ".join(said) or spoken(node, language))

    def schema(self) -> Schema:
        """A number for each card."""
        number: Schema = {"type": "integer", "minimum": 1, "maximum": MOST_STAMPS_AT_ONCE}
        return {"type": "object", "additionalProperties": number, "minProperties": 1}


@ACTIONS.add
class TagAction(ActionWord):
    """Add tags to the customer, or remove them. A single word adds that tag.

    Example::

        then:
          - tag: {add: regular, remove: newcomer}
    """

    name = "tag"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "geef het label {value}",
        "fr": "donner l'étiquette {value}",
        "de": "das Etikett {value} geben",
        "en": "give the tag {value}",
    }

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:  # noqa: ARG002
        """A tag, or `add` and `remove`."""
        reader = context.reader
        if not isinstance(node, MapNode):
            added = reader.texts(node, self.name)
            _refuse_long(reader, node, added)
            return Tag(add=added) if added else None
        entries = reader.mapping(node, self.name, ("add", "remove"))
        add = reader.texts(entries["add"], "tag: add") if "add" in entries else ()
        remove = reader.texts(entries["remove"], "tag: remove") if "remove" in entries else ()
        _refuse_long(reader, node, (*add, *remove))
        for both in sorted(set(add) & set(remove)):
            reader.problem(node, f'"{both}" is both added and removed', "Leave it out of one of the two.")
        if not add and not remove and not node.entries:
            reader.problem(node, "`tag` needs a tag to add or remove", "Write it as `tag: regular`.")
        return Tag(add, remove) if add or remove else None

    def read_back(self, node: Node, language: str) -> str:
        """What is added, and what is taken away."""
        parts = {key.text: value for key, value in node.entries} if isinstance(node, MapNode) else {"add": node}
        said = [super().read_back(parts["add"], language)] if "add" in parts else []
        if "remove" in parts:
            said.append(_TAKES[language].format(spoken(parts["remove"], language)))
        return all_of(said, language)

    def schema(self) -> Schema:
        """A tag, or two lists."""
        words = {"add": one_or_more(TEXT), "remove": one_or_more(TEXT)}
        both: Schema = {"type": "object", "properties": words, "additionalProperties": False, "minProperties": 1}
        return {"anyOf": [one_or_more(TEXT), both]}


@ACTIONS.add
class SetTierAction(ActionWord):
    """Put the customer on a tier of program.yaml, for a time (`for`) or until what they buy has earned it.

    It stands beside the tier that purchases earn, and the higher of the two counts: nobody falls by it. When its time
    is over, or what it was given for is refunded, the customer is on the tier that they have earned. Like tags it stays
    where a message about it is withheld later.

    Example::

        when: joined
        then:
          - set_tier: gold
            for: 1 year
    """

    name = "set_tier"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "zet de klant op niveau {value}",
        "fr": "donner le niveau {value}",
        "de": "die Stufe {value} geben",
        "en": "give the tier {value}",
    }
    options: ClassVar[Mapping[str, Schema]] = {"for": SPAN}

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:
        """A level of program.yaml."""
        reader, program = context.reader, context.program
        if not has_tiers(reader, node, program):
            return None
        span = reader.word(options["for"], "for", parse_span) if "for" in options else None
        tier = read_tier(reader, node, self.name, program)
        if tier == NO_TIER:
            hint = "Nobody loses a tier by a rule; `for: 1 year` beside it says when one that a rule gives is over."
            reader.problem(node, f"`set_tier: {NO_TIER}` would take a tier away", hint)
            return None
        return None if tier is None or ("for" in options and span is None) else SetTier(tier, span)

    def schema(self) -> Schema:
        """A level's name."""
        return TEXT


_TAKES = {
    "nl": "neem het label {} weg",
    "fr": "retirer l'étiquette {}",
    "de": "das Etikett {} wegnehmen",
    "en": "take the tag {} away",
}


def _refuse_long(reader: Reader, node: Node, tags: Sequence[str]) -> None:
    hold_to(reader, node, "tags that an action adds or takes", len(tags), MOST_TAGS_AT_ONCE)
    for tag in tags:
        if len(tag) > LONGEST_TAG:
            message = f'"{tag[:LONGEST_TAG]}…" is longer than the {LONGEST_TAG} characters of a tag'
            reader.problem(node, message, "A tag is a word or two: what a customer is called by rules.")

"""The words after `then:`: each reads one action."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rules.actions import Action, Give, Send, Tag
from rules.bounds import MOST_TAGS_AT_ONCE, hold_to
from rules.language.registry import Context, Registry, Schema, Word
from rules.language.schema_parts import DURATION, TEXT, choice, one_or_more
from rules.language.spoken import all_of, spoken
from rules.yaml.nodes import MapNode, Node
from rules.yaml.reader import Reader
from rules.yaml.words import parse_duration
from stamgast.domain.vocabulary import Channel

CHANNELS = tuple(each.value for each in Channel)
"""Plain words: decisions put them together with others for each event."""
LONGEST_TAG = 64


class ActionWord(Word[Action]):
    """A word that begins an item of `then:`. `options` are the words that may stand beside it."""

    options: ClassVar[Mapping[str, Schema]] = {}

    def read(self, node: Node, context: Context) -> Action | None:
        """The action without options."""
        return self.read_with(node, {}, context)

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:
        """The action with what stands beside it."""
        raise NotImplementedError


ACTIONS: Registry[ActionWord] = Registry("action")


@ACTIONS.add
class SendAction(ActionWord):
    """Send a template over the first of these channels that the customer agreed to and can be reached on.

    Example::

        then:
          - send: free_loaf
            by: [whatsapp, sms]
    """

    name = "send"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "stuur het bericht {value}",
        "fr": "envoyer le message {value}",
        "de": "die Nachricht {value} senden",
        "en": "send the message {value}",
    }
    options: ClassVar[Mapping[str, Schema]] = {"by": one_or_more(choice(CHANNELS))}

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:
        """A template of program.yaml; `by` defaults to the channels it is written for."""
        template = context.reader.known(node, self.name, context.program.templates, "template")
        channels: tuple[str, ...] = ()
        if "by" in options:
            channels = context.reader.some_of(options["by"], "by", CHANNELS, thing="channel")
        if template is None or ("by" in options and not channels):
            return None
        written = context.program.templates[template]
        default = tuple(channel.value for channel in Channel if written.wordings(channel))
        return Send(template, channels or default)

    def schema(self) -> Schema:
        """A template's id."""
        return TEXT


@ACTIONS.add
class GiveAction(ActionWord):
    """Give a reward: a voucher with a code. It stays valid as long as the reward says, unless said here.

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
    options: ClassVar[Mapping[str, Schema]] = {"valid_for": DURATION}

    def read_with(self, node: Node, options: Mapping[str, Node], context: Context) -> Action | None:
        """A reward of program.yaml."""
        reward = context.reader.known(node, self.name, context.program.rewards, "reward")
        valid_for = None
        if "valid_for" in options:
            valid_for = context.reader.word(options["valid_for"], "valid_for", parse_duration)
            if valid_for == 0:
                context.reader.problem(options["valid_for"], "`valid_for` must be longer than zero")
        return None if reward is None else Give(reward, valid_for)

    def schema(self) -> Schema:
        """A reward's id."""
        return TEXT


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
            reader.problem(node, f'"{both}" is both added and removed')
        if not add and not remove and not entries:
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
            reader.problem(node, f'"{tag[:LONGEST_TAG]}…" is longer than the {LONGEST_TAG} characters of a tag')

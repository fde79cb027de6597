"""Conditions on what is known of the person: tags, language, where they came from, what they agreed to."""

from collections.abc import Mapping
from operator import attrgetter
from typing import ClassVar, Final

from rules.engine import Condition, Test, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.conditions.moments import listed
from rules.language.registry import Context, Schema
from rules.language.schema_parts import TEXT, choice, one_or_more
from rules.probes import Among, Touching
from rules.yaml.called import language_called
from rules.yaml.nodes import MapNode, Node, ScalarNode
from stamgast.domain.spelling import meant_by
from stamgast.domain.veil import MARK, Veil
from stamgast.domain.vocabulary import Channel, Purpose

_tags: Final = attrgetter("customer.tags")


@CONDITIONS.add
class TagCondition(ConditionWord):
    """The customer has one of these tags.

    Example::

        if:
          - tag: [regular, neighbour]
    """

    name = "tag"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de klant het label {value} heeft",
        "fr": "le client a l'étiquette {value}",
        "de": "der Kunde das Etikett {value} hat",
        "en": "the customer has the tag {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """One tag or several."""
        tags = context.reader.texts(node, self.name)
        if not tags:
            return None
        wanted = frozenset(tags)

        def found(view: View) -> str:
            return ", ".join(view.customer.tags) or "no tag"

        test: Test = lambda view: not wanted.isdisjoint(view.customer.tags)  # noqa: E731 - a closure like the one above
        return Condition(f"tag is {listed(tags)}", test, found, probe=Touching(self.name, _tags, wanted))

    def schema(self) -> Schema:
        """A tag, or a list of them."""
        return one_or_more(TEXT)


@CONDITIONS.add
class LanguageCondition(ConditionWord):
    """The customer's language; the programme's first one for who has told none.

    Example::

        if:
          - language: nl
    """

    name = "language"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de klant {value} spreekt",
        "fr": "le client parle {value}",
        "de": "der Kunde {value} spricht",
        "en": "the customer speaks {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """One or several of the programme's languages."""
        spoken = context.program.languages
        if (
            isinstance(node, ScalarNode)
            and (code := language_called(node.text))
            and code != node.text
            and code in spoken
        ):
            context.reader.problem(node, f'"{node.text}" is not the code of a language', f"Write `language: {code}`.")
            return None
        languages = context.reader.some_of(node, self.name, spoken, thing="language")
        if not languages or len(languages) < len(context.reader.items(node, self.name)):
            return None
        wanted = frozenset(languages)
        probe, text = Among(self.name, _language, wanted), f"language is {listed(languages)}"
        return Condition(text, lambda view: _language(view) in wanted, _language, probe=probe)

    def schema(self) -> Schema:
        """A language, or a list of them."""
        return one_or_more(TEXT)


def _language(view: View) -> str:
    return view.customer.language or view.program.languages[0]


@CONDITIONS.add
class SourceCondition(ConditionWord):
    """Where the customer came from, as their enrolment says it.

    Example::

        if:
          - source: [flyer, friend]
    """

    name = "source"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de klant via {value} kwam",
        "fr": "le client est venu par {value}",
        "de": "der Kunde über {value} kam",
        "en": "the customer came by {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """One source or several."""
        reader, known = context.reader, context.program.costs.acquisition_costs
        sources = reader.texts(node, self.name)
        if not sources:
            return None
        for source in sources:
            if source not in known and (near := meant_by(source, known)):
                message = f'no acquisition cost is about the source "{source}"'
                reader.problem(node, message, f'Did you mean "{near}"?', warning=True)
        wanted = frozenset(sources)

        def test(view: View) -> bool:
            stored = view.customer.source
            return stored in (_veiled(sources, view.program.veil) if stored.startswith(MARK) else wanted)

        return Condition(f"source is {listed(sources)}", test, lambda view: _source(view, sources))

    def schema(self) -> Schema:
        """A source, or a list of them."""
        return one_or_more(TEXT)


def _veiled(sources: tuple[str, ...], veil: Veil) -> dict[str, str]:
    """What stands for them in states -> the sources."""
    return {veil.source(name): name for name in sources}


def _source(view: View, asked: tuple[str, ...]) -> str:
    """By its name, if it is known here."""
    stored, program = view.customer.source, view.program
    known = {**_veiled(asked, program.veil), **program.costs.source_names}
    return known.get(stored, "another one" if stored.startswith(MARK) else stored) or "unknown"


@CONDITIONS.add
class ConsentCondition(ConditionWord):
    """The customer has agreed to messages of that purpose, over that channel or over any, and has not said STOP.

    A message is never sent without it, whatever a rule asks: this is for rules that do something else as well.

    Example::

        if:
          - consent: {purpose: marketing, channel: whatsapp}
    """

    name = "consent"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de klant berichten goedvindt",
        "fr": "le client accepte des messages",
        "de": "der Kunde Nachrichten zugestimmt hat",
        "en": "the customer agreed to messages",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """A purpose, or a purpose and a channel."""
        reader = context.reader
        found: dict[str, Node] = {"purpose": node}
        if isinstance(node, MapNode):
            found = reader.mapping(node, self.name, ("purpose", "channel"), ("purpose",))
            if len(found) < len(node.entries) or "purpose" not in found:
                return None
        said = found["purpose"]
        if isinstance(said, ScalarNode) and said.text in tuple(Channel):
            hint = f"Write `consent: {{purpose: marketing, channel: {said.text}}}`."
            reader.problem(said, f"{said.text} is a channel, and consent is for a purpose", hint)
            return None
        purpose = reader.one_of(said, self.name, Purpose, thing="purpose")
        channel = reader.one_of(found["channel"], "channel", Channel, thing="channel") if "channel" in found else ""
        if purpose is None or channel is None:
            return None
        keys = tuple(f"{purpose}:{each.value}" for each in Channel if channel in {"", each})

        def test(view: View) -> bool:
            customer = view.customer
            return not customer.stopped_at and any(key in customer.consents for key in keys)

        def found_now(view: View) -> str:
            return "said STOP" if view.customer.stopped_at else ", ".join(sorted(view.customer.consents)) or "none"

        return Condition(f"agreed to {purpose}" + (f" by {channel}" if channel else ""), test, found_now)

    def schema(self) -> Schema:
        """A purpose, alone or with a channel."""
        words: Schema = {"purpose": choice(Purpose), "channel": choice(Channel)}
        full = {"type": "object", "properties": words, "required": ["purpose"], "additionalProperties": False}
        return {"anyOf": [choice(Purpose), full]}

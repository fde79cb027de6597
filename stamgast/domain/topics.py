"""What a shop's messages are about, in its own words: somebody may leave one topic and hear of the others.

Leaving one narrows what was agreed to, and coming back gives no consent that was not there (docs/adr/0182).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from stamgast.domain.templates import Template

LONGEST_ID: Final = 64
TAKEN: Final = frozenset(
    word
    for words in (
        "stop stoppen start help hulp info kaart join ja nee alles alle allemaal berichten bericht reclame",
        "arret carte aide oui non tout tous toutes messages message pub publicite texto textos",
        "stopp karte hilfe nein alle alles nachrichten nachricht werbung",
        "card yes no all everything texts text ads spam sms whatsapp stopall unstop unsubscribe",
    )
    for word in words.split()
)
"""What already means something to the house beside a STOP, in plain letters: no topic can be called so."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: the messages of a `purpose`, or these `templates`."""

    id: str
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Language -> the words that mean it. The first is what answers call it; all are heard in every language."""
    purpose: str = ""
    templates: frozenset[str] = frozenset()

    def covers(self, template: Template) -> bool:
        """Whether a message is about it."""
        return template.id in self.templates or template.purpose == self.purpose

    def name(self, language: str) -> str:
        """What it is called in a language, or in the first one where that has no word for it."""
        spoken = next((each for each in (language, language[:2]) if each in self.words), next(iter(self.words), ""))
        return self.words[spoken][0] if spoken else self.id


def topics_of(topics: Mapping[str, Topic], templates: Mapping[str, Template]) -> dict[str, tuple[str, ...]]:
    """Template -> the topics that it is about; those about none are left out."""
    found = {
        name: tuple(topic.id for topic in topics.values() if topic.covers(template))
        for name, template in templates.items()
    }
    return {name: about for name, about in found.items() if about}

"""The trigger on what customers write to the shop."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import CompiledTrigger, Fires
from rules.language.registry import Context, Schema
from rules.language.schema_parts import choice
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.language.triggers.purchases import SETTING_FREE, stands_alone
from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.words import KEYWORDS, NO_KEYWORD
from stamgast.domain.facts import Fact
from stamgast.domain.vocabulary import Channel, FactName, OncePer


@TRIGGERS.add
class RepliedTrigger(Trigger):
    """The customer wrote to the shop. Once per day unless the rule says otherwise.

    `keyword` is what they wrote: `help`, `card`, or `none` for anything that is no keyword; without it all will do.
    `media: true` asks for a photo, a sound or a file. STOP and START are the house's own and set off no rule. HELP and
    CARD are answered by the house, unless a rule answers them with a message.

    Example::

        when:
          replied: {keyword: help, channel: whatsapp}
    """

    name = "replied"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant antwoordt",
        "fr": "un client répond",
        "de": "ein Kunde antwortet",
        "en": "a customer replies",
    }
    facts = (FactName.REPLIED,)

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """Nothing, or a keyword and a channel."""
        reader = context.reader
        if stands_alone(node):
            found: dict[str, Node] = {}
        elif isinstance(node, MapNode):
            found = reader.mapping(node, self.name, ("keyword", "channel", "media"))
            if len(found) < len(node.entries):
                return None
        else:
            reader.problem(node, f"`{self.name}` takes a keyword or a channel", "Write it as {keyword: help}.")
            return None
        said = found.get("keyword")
        if isinstance(said, ScalarNode) and said.text.casefold() in {"stop", "start"}:
            hint = "The house obeys STOP and START by itself: no message goes after a STOP."
            reader.problem(said, f"{said.text.upper()} sets off no rule", hint)
            return None
        keyword = reader.one_of(found["keyword"], "keyword", KEYWORDS, thing="keyword") if "keyword" in found else ""
        channel = reader.one_of(found["channel"], "channel", Channel, thing="channel") if "channel" in found else ""
        media = reader.truth(found["media"], "media") if "media" in found else False
        if keyword is None or channel is None or media is None:
            return None
        text = "an answer" + (f" with the keyword {keyword}" if keyword else "") + (f" by {channel}" if channel else "")
        text += " with a photo or a file" if media else ""
        may = PERIODS
        return CompiledTrigger(
            self.name, text, self.facts, _wrote(keyword, channel, media=media), OncePer.DAY, may, has_purchase=False
        )

    def schema(self) -> Schema:
        """Nothing, or both words."""
        words = {"keyword": choice(KEYWORDS), "channel": choice(Channel), "media": {"type": "boolean"}}
        full: Schema = {"type": "object", "properties": words, "additionalProperties": False}
        return {"anyOf": [*SETTING_FREE["anyOf"], full]}


def _wrote(keyword: str, channel: str, *, media: bool) -> Fires:
    def fires(fact: Fact) -> bool:
        data = fact.data
        if media and not data["media"]:
            return False
        return (not keyword or (data["keyword"] or NO_KEYWORD) == keyword) and channel in {"", data["channel"]}

    return fires

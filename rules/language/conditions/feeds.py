"""Conditions on what the shop's till tells us: whether purchases still come in."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.registry import Context, Schema
from rules.language.schema_parts import choice
from rules.yaml.nodes import Node
from rules.yaml.words import FEED_STATES, HEALTHY, STALE, UNWATCHED, UNWATCHED_HINT


@CONDITIONS.add
class FeedCondition(ConditionWord):
    """Whether the till's feed is `healthy` or `stale`: whether purchases still come in.

    It is stale when none came for as many open days as program.yaml says under `feed: stale_after`, and healthy where
    that says nothing. While it is stale `became_at_risk`, `lapsing` and `lapsed` wait by themselves: ask elsewhere.

    Example::

        if:
          - feed: healthy
    """

    name = "feed"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de aankopen {value}",
        "fr": "les achats {value}",
        "de": "die Einkäufe {value}",
        "en": "purchases {value}",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """One of the two."""
        reader, program = context.reader, context.program
        state = reader.one_of(node, self.name, FEED_STATES, thing="state of a feed")
        if state is None:
            return None
        if not program.feed_stale_after:
            reader.problem(node, UNWATCHED, UNWATCHED_HINT, warning=True)
        wanted = state == HEALTHY

        def test(view: View) -> bool:
            return view.program.feed_healthy is wanted

        return Condition(f"feed is {state}", test, _found, while_stale=not wanted)

    def schema(self) -> Schema:
        """One of the two states."""
        return choice(FEED_STATES)


def _found(view: View) -> str:
    if not view.program.feed_stale_after:
        return f"{HEALTHY}: nobody watches it"
    return HEALTHY if view.program.feed_healthy else STALE

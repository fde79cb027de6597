"""The condition on the newest score that a customer gave."""

from collections.abc import Mapping
from typing import ClassVar, Final

from rules.engine import Condition, View
from rules.language.conditions import CONDITIONS, ConditionWord
from rules.language.conditions.figures import bounded, highest, lowest, read_bounds
from rules.language.registry import Context, Schema
from rules.language.schema_parts import DURATION, TEXT, bounds
from rules.yaml.nodes import MapNode, Node
from rules.yaml.words import parse_duration
from stamgast.domain.counting import so_many
from stamgast.domain.questions import HIGHEST_SCORE
from stamgast.domain.units import DAY, Millis

QUESTION: Final = "question"
WITHIN: Final = "within"


@CONDITIONS.add
class FeedbackCondition(ConditionWord):
    """The newest score that the customer gave, to any question or to the one that `question` names.

    `within` says how old it may be at most: an older one does not count. Of who gave none it is unknown.

    Example::

        if:
          - feedback: {question: visit, at_least: 9, within: 90 days}
    """

    name = "feedback"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "de laatste score past",
        "fr": "la dernière note convient",
        "de": "die letzte Bewertung passt",
        "en": "the newest score fits",
    }

    def read(self, node: Node, context: Context) -> Condition | None:
        """Bounds, a question, and an age."""
        reader = context.reader
        found = read_bounds(
            node, self.name, context, lambda value, at: reader.integer(value, at, 0, HIGHEST_SCORE), (QUESTION, WITHIN)
        )
        entries = {key.text: value for key, value in node.entries} if isinstance(node, MapNode) else {}
        asked: str | None = ""
        if QUESTION in entries:
            asked = reader.known(entries[QUESTION], QUESTION, context.program.questions, "question")
        within = reader.word(entries[WITHIN], WITHIN, parse_duration) if WITHIN in entries else 0
        if found is None or asked is None or within is None:
            return None
        question, low, high = asked, lowest(found), highest(found)

        def test(view: View) -> bool | None:
            newest = _newest(view, question)
            if newest is None:
                return None
            score, at = newest
            return low <= score <= high and (not within or view.at - at <= within)

        def found_now(view: View) -> str:
            newest = _newest(view, question)
            return (
                "none given" if newest is None else f"{newest[0]}, {so_many((view.at - newest[1]) // DAY, 'day')} ago"
            )

        text = bounded(f"newest score{f' of {question}' if question else ''}", found, str)
        return Condition(f"{text}{f' within {within // DAY} days' if within else ''}", test, found_now)

    def schema(self) -> Schema:
        """At least one bound, a question's id and a length of time."""
        words = bounds({"type": "integer", "minimum": 0, "maximum": HIGHEST_SCORE})
        return words | {"properties": words["properties"] | {QUESTION: TEXT, WITHIN: DURATION}}


def _newest(view: View, question: str) -> tuple[int, Millis] | None:
    talk = view.customer.conversation
    if talk is None:
        return None
    scores = [given for name, given in talk.scores.items() if question in {"", name}]
    return max(scores, key=lambda given: given[1], default=None)

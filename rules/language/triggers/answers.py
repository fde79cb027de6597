"""The trigger on answers to the shop's questions."""

from collections.abc import Mapping
from typing import ClassVar

from rules.engine import CompiledTrigger, Fires
from rules.language.conditions.figures import BOUNDS, highest, lowest, read_bounds
from rules.language.registry import Context, Schema
from rules.language.schema_parts import TEXT, bounds, one_or_more
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.yaml.nodes import MapNode, Node
from stamgast.domain.facts import Fact
from stamgast.domain.questions import HIGHEST_SCORE, AnswerKind
from stamgast.domain.vocabulary import FactName, OncePer


@TRIGGERS.add
class AnsweredTrigger(Trigger):
    """The customer answered a question of program.yaml's `questions` that `ask` had put to them.

    `score` bounds what they gave, `option` lists the options that will do; without either any answer will. Once per day
    unless the rule says otherwise. An answer that comes when the question has closed, or that is none, sets off
    nothing; `replied` hears of it.

    Example::

        when:
          answered: {question: visit, score: {at_most: 6}}
    """

    name = "answered"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant een vraag beantwoordt",
        "fr": "un client répond à une question",
        "de": "ein Kunde eine Frage beantwortet",
        "en": "a customer answers a question",
    }
    facts = (FactName.ANSWERED,)

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """A question, with bounds of a score or with options."""
        reader, questions = context.reader, context.program.questions
        if not isinstance(node, MapNode):
            reader.problem(node, f"`{self.name}` needs a question", "Write it as {question: visit}.")
            return None
        found = reader.mapping(node, self.name, ("question", "score", "option"), ("question",))
        if len(found) < len(node.entries) or "question" not in found:
            return None
        name = reader.known(found["question"], "question", questions, "question")
        if name is None:
            return None
        question = questions[name]
        wrong = "score" if question.kind is not AnswerKind.SCORE else "option"
        if question.kind is AnswerKind.OPTION:
            wrong = "score"
        if wrong in found or (not question.is_told and "option" in found):
            at = found.get(wrong) or found["option"]
            reader.problem(at, f"the question {name} is answered by {question.kind}", "Leave it out.")
            return None
        text, fires = f"an answer to {name}", _answers(name)
        if "score" in found:
            read = read_bounds(
                found["score"], "score", context, lambda value, at: reader.integer(value, at, 0, HIGHEST_SCORE)
            )
            if read is None:
                return None
            text += " of " + " and ".join(f"{BOUNDS[word]} {number}" for word, number in read.items())
            fires = _answers(name, lowest(read), highest(read))
        if "option" in found:
            options = reader.some_of(found["option"], "option", tuple(question.options))
            if not options:
                return None
            text += f": {' or '.join(options)}"
            fires = _answers(name, options=frozenset(options))
        return CompiledTrigger(self.name, text, self.facts, fires, OncePer.DAY, PERIODS, has_purchase=False)

    def schema(self) -> Schema:
        """A question, with bounds or options."""
        score: Schema = {"type": "integer", "minimum": 0, "maximum": HIGHEST_SCORE}
        words = {"question": TEXT, "score": bounds(score), "option": one_or_more(TEXT)}
        return {"type": "object", "properties": words, "required": ["question"], "additionalProperties": False}


def _answers(
    question: str, low: float | None = None, high: float | None = None, options: frozenset[str] | None = None
) -> Fires:
    def fires(fact: Fact) -> bool:
        data = fact.data
        if data["question"] != question or (options is not None and data["answer"] not in options):
            return False
        return low is None or high is None or low <= fact.after <= high

    return fires

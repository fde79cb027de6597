"""`questions:` of program.yaml: what `ask` asks, and how it is answered.

`questions: {visit: {template: how_was_it, answer: score, closes_after: 3 days}}`
"""

from collections.abc import Mapping
from typing import Final

from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.reader import Reader
from rules.yaml.words import parse_duration
from stamgast.domain.preferences import Fills
from stamgast.domain.questions import (
    CLOSES_AFTER,
    FILLS_AGAIN_AFTER,
    HIGHEST_SCORE,
    USUAL_COMPLAINT,
    AnswerKind,
    Question,
    plain_words,
)
from stamgast.domain.templates import Template
from stamgast.domain.units import Millis

WORDS: Final = ("template", "answer", "closes_after", "again_after", "complaint", "pause_after_complaint", "fills")
ALONE: Final = (AnswerKind.SCORE, AnswerKind.TEXT, AnswerKind.DATE)
"""Kinds of answers that are named; options are listed with their words."""
MOST_QUESTIONS: Final = 50
MOST_OPTIONS: Final = 10
MOST_WORDS: Final = 20
LONGEST_WORD: Final = 64
_ANSWERED_BY: Final = {
    Fills.BIRTHDAY: (AnswerKind.DATE, "answer: date"),
    Fills.FIRST_NAME: (AnswerKind.TEXT, "answer: text"),
    Fills.LANGUAGE: (AnswerKind.OPTION, "answer: {nl: [nederlands], fr: [français]}"),
    Fills.TAGS: (AnswerKind.OPTION, "answer: {bread: [brood], cake: [taart]}"),
}
"""What can be filled in by which answer."""


def read_questions(
    reader: Reader, node: Node | None, templates: Mapping[str, Template], languages: tuple[str, ...]
) -> dict[str, Question]:
    """Read each with the template that asks it."""
    questions: dict[str, Question] = {}
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return questions
    with reader.showing("questions: {visit: {template: how_was_it, answer: score}}"):
        entries = reader.entries(node, "questions")
    asking: dict[str, str] = {}
    for key, value in entries:
        question = _question(reader, key, value, templates, languages)
        if question is None:
            continue
        other = asking.setdefault(question.template, question.id)
        if other != question.id:
            hint = "Write a template for each: an answer could be to either."
            reader.problem(key, f"the template {question.template} asks {other} as well", hint)
        questions[question.id] = question
    if len(entries) > MOST_QUESTIONS:
        reader.problem(node, f"`questions` names {len(entries)}; at most {MOST_QUESTIONS} can be told apart")
    return questions


def _question(
    reader: Reader, key: ScalarNode, value: Node, templates: Mapping[str, Template], languages: tuple[str, ...]
) -> Question | None:
    where = f"questions: {key.text}"
    if not key.text or len(key.text) > LONGEST_WORD or not key.text.replace("-", "_").replace("_", "a").isalnum():
        reader.problem(key, f'"{key.text}" cannot be an id in `questions`', "Use letters, digits and dashes.")
        return None
    found = reader.mapping(value, where, WORDS, ("template", "answer"))
    template = reader.known(found["template"], "template", templates, "template") if "template" in found else None
    answer = _answer(reader, found["answer"], where) if "answer" in found else None
    if template is None or answer is None:
        return None
    kind, options = answer
    if kind is not AnswerKind.SCORE:
        for word in ("complaint", "pause_after_complaint"):
            if word in found:
                reader.problem(found[word], f"`{word}` is about a score", "Write `answer: score`.")
    fills = _fills(reader, found["fills"], kind, options, languages) if "fills" in found else None
    again = _length(reader, found, "again_after") if "again_after" in found else FILLS_AGAIN_AFTER if fills else 0
    complaint = reader.integer(found["complaint"], "complaint", 0, HIGHEST_SCORE) if "complaint" in found else None
    return Question(
        key.text,
        template,
        kind,
        options,
        closes_after=_length(reader, found, "closes_after") or CLOSES_AFTER,
        again_after=again,
        complaint=USUAL_COMPLAINT if complaint is None else complaint,
        pause_after_complaint=_length(reader, found, "pause_after_complaint"),
        fills=fills,
    )


def _fills(
    reader: Reader, node: Node, kind: AnswerKind, options: Mapping[str, tuple[str, ...]], languages: tuple[str, ...]
) -> Fills | None:
    fills = reader.one_of(node, "fills", Fills, thing="field")
    if fills is None:
        return None
    needed, example = _ANSWERED_BY[fills]
    if kind is not needed:
        reader.problem(node, f"`fills: {fills}` is not answered by {_said(kind)}", f"Write `{example}`.")
        return None
    unknown = [option for option in options if option not in languages]
    if fills is Fills.LANGUAGE and unknown:
        hint = f"The options are the programme's languages: {', '.join(languages)}."
        reader.problem(node, f'"{unknown[0]}" is not a language of this programme', hint)
        return None
    return fills


def _said(kind: AnswerKind) -> str:
    return "options" if kind is AnswerKind.OPTION else f"`answer: {kind}`"


def _length(reader: Reader, found: Mapping[str, Node], word: str) -> Millis:
    length: Millis | None = reader.word(found[word], word, parse_duration) if word in found else 0
    return length or 0


def _answer(reader: Reader, node: Node, where: str) -> tuple[AnswerKind, dict[str, tuple[str, ...]]] | None:
    if not isinstance(node, MapNode):
        with reader.showing("answer: {yes: [ja, oui], no: [nee, non, nein]}"):
            kind = reader.one_of(node, "answer", ALONE, thing="kind of answer")
        return None if kind is None else (AnswerKind(kind), {})
    options: dict[str, tuple[str, ...]] = {}
    said: dict[str, str] = {}
    for key, value in reader.entries(node, f"{where}: answer"):
        nothing = isinstance(value, ScalarNode) and value.value is None
        words = () if nothing else reader.texts(value, f"answer: {key.text}")
        if len(words) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in (key.text, *words)):
            what = f"an option has at most {MOST_WORDS} words of {LONGEST_WORD} characters"
            reader.problem(key, what, "Leave some out.")
        for word in (key.text, *words):
            other = said.setdefault(plain_words(word), key.text)
            if other != key.text:
                reader.problem(value, f'"{word}" means {other} as well', "Each word means one option.")
            if not plain_words(word) or plain_words(word).isdecimal():
                reader.problem(value, f'"{word}" is no word', "The options have numbers by their order already.")
        options[key.text] = tuple(words)
    if not 2 <= len(options) <= MOST_OPTIONS:
        reader.problem(node, f"`answer` lists {len(options)} options", f"Write 2 to {MOST_OPTIONS}.")
        return None
    return AnswerKind.OPTION, options

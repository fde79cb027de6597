"""Questions that a shop asks, and how an answer is read: by the button that was pressed, a number, or a word.

The door reads what somebody wrote against all of a shop's questions; the owner of the customer, who alone knows which
one is open, takes the answer to that. So what was written reaches neither the log nor a state: only what it means.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from stamgast.domain.preferences import Fills, Place, read_said
from stamgast.domain.units import DAY, Millis

HIGHEST_SCORE: Final = 10
USUAL_COMPLAINT: Final = 6
"""A score of so much or less is a complaint."""
CLOSES_AFTER: Final[Millis] = 3 * DAY
FILLS_AGAIN_AFTER: Final[Millis] = 365 * DAY
"""Nobody is asked within a year for what fills their profile, where nothing else is said."""
_LONGEST: Final = 200
"""Characters of a message that may be an answer by a number or a word."""
_NUMBERS: Final[Mapping[str, int]] = {
    word: number
    for words in (
        "nul een twee drie vier vijf zes zeven acht negen tien",
        "zero un deux trois quatre cinq six sept huit neuf dix",
        "null eins zwei drei vier funf sechs sieben acht neun zehn",
        "zero one two three four five six seven eight nine ten",
    )
    for number, word in enumerate(words.split())
}
_BESIDE: Final = frozenset(
    word
    for words in (
        "een ik geef jullie cijfer punten van de uit op graag aub svp dank bedankt",
        "a an i give you points please note thanks thank it out of",
        "un une je vous mets sur merci ich gebe euch ihnen eine bitte danke punkte",
    )
    for word in words.split()
)
"""What may stand beside a score or an option."""


class AnswerKind(StrEnum):
    """How a question is answered."""

    SCORE = "score"
    OPTION = "option"
    TEXT = "text"
    DATE = "date"
    """A day of the year; which one is told to nobody but whoever fills in a birthday."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question: the template that asks it, and how it is answered. Options stand in the order of their numbers."""

    id: str
    template: str
    kind: AnswerKind = AnswerKind.SCORE
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Option -> the words that mean it, in whatever languages."""
    closes_after: Millis = CLOSES_AFTER
    again_after: Millis = 0
    """Nobody is asked again before."""
    complaint: int = USUAL_COMPLAINT
    pause_after_complaint: Millis = 0
    """So long a complaint holds marketing to the customer."""
    fills: Fills | None = None
    """What the answer fills in of the person."""

    @property
    def is_told(self) -> bool:
        """Whether its answers are words of the shop's or scores, which may stand on topics."""
        return self.kind not in {AnswerKind.TEXT, AnswerKind.DATE}

    @property
    def takes_any(self) -> bool:
        """Whether whatever comes is an answer."""
        return self.kind is AnswerKind.TEXT and self.fills is None


_NOWHERE: Final = Place()


def asked_by(questions: Mapping[str, Question], template: str) -> Question | None:
    """The question that a template asks, if it asks one."""
    return next((each for each in questions.values() if each.template == template), None)


def read_answer(question: Question, text: str, button: str = "", place: Place = _NOWHERE) -> str | None:
    """The score or the option that was meant, or what stands for the day or the name; None if that cannot be told, or
    if the question takes any text.
    """
    if question.takes_any:
        return None
    said = button or text
    if not question.is_told:
        return read_said(question.fills or "", said, place)
    if len(said) > _LONGEST:
        return None
    return _score(said) if question.kind is AnswerKind.SCORE else _option(question, said)


def read_answers(
    questions: Mapping[str, Question], text: str, button: str = "", place: Place = _NOWHERE
) -> dict[str, str]:
    """Question -> what the message would mean as an answer to it. Nothing personal is in it in the clear."""
    found = ((name, read_answer(question, text, button, place)) for name, question in questions.items())
    return {name: answer for name, answer in found if answer is not None}


def _score(said: str) -> str | None:
    """A number from 0 to 10, also as `8/10`, `een 8!` or `acht`; two numbers are none."""
    if re.search(r"[0-9][.,][0-9]|-[0-9]", said):
        return None  # between two scores, a range, or below zero
    words = _words(re.sub(r"([0-9])\s*/\s*10\b", r"\1", said))
    if len(words) == 1 and words[0] in _NUMBERS:
        return str(_NUMBERS[words[0]])
    digits = [word for word in words if word.isdecimal()]
    spelt = [word for word in words if word in _NUMBERS and word not in _BESIDE] if not digits else []
    if len(digits) + len(spelt) != 1 or any(w not in _BESIDE for w in words if w not in digits and w not in spelt):
        return None
    number = int(digits[0][:4]) if digits else _NUMBERS[spelt[0]]
    return str(number) if number <= HIGHEST_SCORE else None


def _option(question: Question, said: str) -> str | None:
    words = _words(said)
    if len(words) == 1 and words[0].isdecimal() and len(words[0]) < len("100"):
        place = int(words[0])
        names = list(question.options)
        return names[place - 1] if 1 <= place <= len(names) else None
    plain = " ".join(words)
    meant = _meant_by(question, plain) or _meant_by(question, " ".join(w for w in words if w not in _BESIDE))
    return meant.pop() if len(meant) == 1 else None


def _meant_by(question: Question, plain: str) -> set[str]:
    return {
        option for option, words in question.options.items() for word in (option, *words) if plain == plain_words(word)
    }


def plain_words(text: str) -> str:
    """A text as it is compared: small letters without accents, digits, single spaces."""
    return " ".join(_words(text))


def _words(text: str) -> list[str]:
    kept = []
    for character in unicodedata.normalize("NFKD", text.casefold()):
        if character.isalnum():
            kept.append(str(unicodedata.digit(character, character)))
        elif not (unicodedata.combining(character) or unicodedata.category(character) == "Cf"):
            kept.append(" ")
    return "".join(kept).split()

"""What one customer's answers add to the figures of a span: by the moment at which each question reached them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, MutableMapping

from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.program import Program
from stamgast.domain.questions import Question
from stamgast.domain.satisfaction import By, Said, said_counter
from stamgast.domain.units import Millis
from stamgast.report.lives import Answered, Life
from stamgast.report.spans import Span


def add_answers(life: Life, span: Span, program: Program, sums: MutableMapping[str, int]) -> None:
    """Add what was asked within the span, whenever it was answered, and what became of those who complained."""
    for question in program.questions.values():
        for at, rule, answer in _turns(life, question):
            if span.holds(at):
                _Turn(life, program, question, at, rule).add(answer, sums)


def _turns(life: Life, question: Question) -> Iterator[tuple[Millis, str, Answered | None]]:
    """(when, the rule that asked, the answer before it was asked again) of each time; answers to what no message asked
    are turns of their own.
    """
    asked = sorted((each.taken, each.rule) for each in life.messages.values() if each.asks(question.template))
    answers = [each for each in life.answers if each.question == question.id]
    ends = [at for at, _ in asked[1:]] + [None]
    for (at, rule), end in zip(asked, ends if asked else [], strict=True):
        mine = next((each for each in answers if each.at >= at and (end is None or each.at < end)), None)
        if mine is not None:
            answers.remove(mine)
        yield at, rule, mine
    for each in answers:
        yield each.at, each.rule, each


class _Turn:
    def __init__(self, life: Life, program: Program, question: Question, at: Millis, rule: str) -> None:
        self._life, self._question = life, question
        day = date_of(business_day(at, program.time_zone))
        self._parts = (
            (By.ALL, ""),
            (By.RULE, rule),
            (By.STORE, _store_before(life, at)),
            (By.MONTH, f"{day.year:04d}-{day.month:02d}"),
        )

    def add(self, answer: Answered | None, sums: MutableMapping[str, int]) -> None:
        said = [(Said.ASKED.value,), *([] if answer is None else self._of_answer(answer))]
        for by, which in self._parts:
            for words in said:
                name = said_counter(self._question.id, by, which, *words)
                sums[name] = sums.get(name, 0) + 1

    def _of_answer(self, answer: Answered) -> Iterator[tuple[str, ...]]:
        yield (Said.ANSWERED,)
        if not answer.score_or_option:
            return
        if not answer.score_or_option.isdecimal() or self._question.options:
            yield (Said.OPTION, answer.score_or_option)
            return
        yield (Said.SCORE, answer.score_or_option)
        if int(answer.score_or_option) <= self._question.complaint:
            yield (Said.COMPLAINED,)
            yield from ((each,) for each in self._since(answer))

    def _since(self, answer: Answered) -> Iterator[Said]:
        """What became of somebody who complained."""
        life, complaint = self._life, self._question.complaint
        occasion = f"answered:{self._question.id}:"
        if any(at >= answer.at and occasion in told for at, told in life.notices):
            yield Said.TOLD
        if any(each.moment > answer.at and each.entry.counts > 0 for each in life.bought.values()):
            yield Said.AGAIN
        later = [each for each in life.answers if each.question == answer.question and each.at > answer.at]
        if any(each.score_or_option.isdecimal() and int(each.score_or_option) > complaint for each in later):
            yield Said.BETTER
        if any(stops and at > answer.at for at, stops in life.stops):
            yield Said.STOPPED


def _store_before(life: Life, at: Millis) -> str:
    """Where they were last before they were asked."""
    visits = sorted((each.moment, each.store) for each in life.bought.values() if each.store)
    before = bisect_right(visits, at, key=lambda each: each[0])
    return visits[before - 1][1] if before else ""

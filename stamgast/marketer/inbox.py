"""The inbox: what customers wrote and what that was as an answer, their scores, and how draws are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from stamgast.domain.conversation import Conversation
from stamgast.domain.draw_figures import draws_of
from stamgast.domain.draws import Draw
from stamgast.domain.program import Program
from stamgast.domain.questions import HIGHEST_SCORE
from stamgast.domain.satisfaction import PASSIVE, PROMOTER
from stamgast.domain.units import DAY, Millis, Minor
from stamgast.domain.urns import DrawMark
from stamgast.log.replies import Reply
from stamgast.media.record import Came, Fetched, Record

_LATELY: Final[Millis] = 30 * DAY
"""Scores of longer ago are of other days."""


class Photo(Struct, frozen=True):
    """A file that came with a message. `came` is None while it is not there yet; one that is kept can be looked at."""

    id: str
    came: Came | None
    width: int = 0
    height: int = 0


class Message(Struct, frozen=True):
    """One message. `question` is what it was taken for an answer to, if to any, with its score or tag."""

    at: Millis
    customer: str
    channel: str
    text: str
    attached: int
    photos: list[Photo]
    question: str = ""
    score: int | None = None
    tag: str = ""


class Feedback(Struct, frozen=True):
    """Newest scores to a question: `scores` says how many gave 0, 1, and so on; a customer counts once."""

    question: str
    scores: list[int]
    answered: int
    average: float
    promoters: int
    detractors: int


class DrawState(StrEnum):
    """How far a draw is."""

    TO_COME = "to_come"
    OPEN = "open"
    CLOSED = "closed"
    """It is not drawn yet."""
    CALLED = "called"
    """It is being drawn."""
    DRAWN = "drawn"
    GONE = "gone"
    """No programme names it any more."""


class Winner(Struct, frozen=True):
    """Who won what; `reward` is empty for a reserve."""

    place: int
    customer: str
    reward: str
    passed_on: bool


class DrawSeen(Struct, frozen=True):
    """One draw, or instant win. Money in minor units."""

    draw: str
    state: DrawState
    instant: bool
    opens: Millis | None
    closes: Millis | None
    drawn_at: Millis | None
    entries: int
    customers: int
    won: int
    taken: int
    forfeited: int
    cost: Minor
    winners: list[Winner]
    reserves: int


class InboxPage(Struct, frozen=True):
    """`start` is how many newer messages there are, `further` where the next page begins, None at the end.

    `feedback` is of who wrote the newest `counted` messages.
    """

    merchant: str
    messages: list[Message]
    start: int
    further: int | None
    with_photos: bool
    feedback: list[Feedback]
    counted: int
    draws: list[DrawSeen]


def message_of(
    customer: str, reply: Reply, files: Sequence[tuple[str, Record | None]], talk: Conversation | None
) -> Message:
    """One message, with what is known of its files, and what the customer's state remembers of it as an answer."""
    words = reply.words
    question, score, tag = _answer(talk, reply.at)
    return Message(
        at=reply.at,
        customer=customer,
        channel=reply.channel,
        text=words.text or words.button,
        attached=max(0, words.media - len(files)),
        photos=[_photo(name, said) for name, said in files],
        question=question,
        score=score,
        tag=tag,
    )


def feedback_of(talks: Sequence[Conversation], now: Millis) -> list[Feedback]:
    """What these customers gave lately, question by question."""
    found: dict[str, list[int]] = {}
    for talk in talks:
        for question, (score, at) in talk.scores.items():
            if now - at <= _LATELY and 0 <= score <= HIGHEST_SCORE:
                found.setdefault(question, [0] * (HIGHEST_SCORE + 1))[score] += 1
    return [_feedback(question, scores) for question, scores in sorted(found.items())]


def draws_seen(
    program: Program, totals: Mapping[str, int], marks: Mapping[str, DrawMark], now: Millis
) -> list[DrawSeen]:
    """Every draw that the programme names or somebody took part in; those that are open first."""
    figures = draws_of(totals, program.draws)
    found = [_draw(name, program.draws.get(name), its, marks.get(name), now) for name, its in figures.items()]
    order = list(DrawState)
    first = (DrawState.OPEN, DrawState.CALLED, DrawState.CLOSED, DrawState.TO_COME)
    return sorted(found, key=lambda each: ((*first, *order).index(each.state), -(each.drawn_at or 0), each.draw))


def _answer(talk: Conversation | None, at: Millis) -> tuple[str, int | None, str]:
    if talk is not None:
        for question, (score, given) in talk.scores.items():
            if given == at:
                return question, score, ""
        for question, (tag, given) in talk.filled.items():
            if given == at:
                return question, None, tag
    return "", None, ""


def _photo(name: str, said: Record | None) -> Photo:
    return Photo(name, said.came, said.width, said.height) if isinstance(said, Fetched) else Photo(name, None)


def _feedback(question: str, scores: list[int]) -> Feedback:
    answered = sum(scores)
    return Feedback(
        question=question,
        scores=scores,
        answered=answered,
        average=round(sum(score * times for score, times in enumerate(scores)) / answered, 2),
        promoters=sum(scores[PROMOTER:]),
        detractors=sum(scores[:PASSIVE]),
    )


def _draw(name: str, draw: Draw | None, its: Mapping[str, Any], mark: DrawMark | None, now: Millis) -> DrawSeen:
    drawn = None if mark is None else mark.drawn
    winners = () if drawn is None else drawn.winners
    named = [Winner(place, each.customer, each.reward, each.passed) for place, each in enumerate(winners, 1)]
    return DrawSeen(
        draw=name,
        state=_state(draw, mark, now),
        instant=its["instant"],
        opens=None if draw is None else draw.opens,
        closes=None if draw is None else draw.closes,
        drawn_at=drawn.at if drawn is not None else None if draw is None else draw.drawn_at,
        entries=its["entries"],
        customers=its["customers"],
        won=its["won"],
        taken=its["taken"],
        forfeited=its["forfeited"],
        cost=its["cost_minor"],
        winners=[each for each in named if each.reward],
        reserves=sum(not each.reward for each in named),
    )


def _state(draw: Draw | None, mark: DrawMark | None, now: Millis) -> DrawState:
    if mark is not None and mark.drawn is not None:
        return DrawState.DRAWN
    if mark is not None and mark.is_called:
        return DrawState.CALLED
    if draw is None:
        return DrawState.GONE
    if now < draw.opens:
        return DrawState.TO_COME
    return DrawState.OPEN if now < draw.closes else DrawState.CLOSED

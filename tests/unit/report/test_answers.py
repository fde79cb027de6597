"""What one customer's answers add to a report: by the moment at which each question reached them."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from stamgast.domain.activation import Note
from stamgast.domain.ledger import Entry
from stamgast.domain.questions import AnswerKind, Question
from stamgast.domain.satisfaction import satisfaction
from stamgast.domain.told import OF_QUESTION, Arm, Line, Told
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.domain.vocabulary import NoteKind, Status
from stamgast.report.answers import add_answers
from stamgast.report.lives import Bought, Life
from stamgast.report.spans import Span
from tests.builders import program

T0: Millis = 1_790_000_000_000
QUESTIONS = {
    "visit": Question("visit", "ask_visit"),
    "bread": Question("bread", "ask_bread", AnswerKind.OPTION, {"ja": (), "9": ()}),
}
SHOP = replace(program(), questions=QUESTIONS)


def asked(life: Life, at: Millis, template: str = "ask_visit", rule: str = "after-visit") -> None:
    note = Note(NoteKind.OUTCOME, f"x{at}", "m", "c", at, rule, status=Status.ACCEPTED, template=template)
    life.note(note)
    life.note(note)  # a line may stand there again


def answered(life: Life, at: Millis, score: str, question: str = "visit", rule: str = "after-visit") -> None:
    line = Line(
        kind=Told.ANSWER, became=score, merchant="m", customer="c", at=at, rule=rule, cause=OF_QUESTION + question
    )
    life.tell(line)
    life.tell(line)


def told(*lives: Life, since: Millis = T0 - DAY, until: Millis = T0 + 30 * DAY):
    sums: dict[str, int] = {}
    for life in lives:
        add_answers(life, Span(since, until), SHOP, sums)
    return satisfaction(sums)


def bought(life: Life, name: str, at: Millis, store: str = "dok-noord") -> None:
    life.bought[name] = Bought(at, Entry(day=0, spend=100, profit=50, counts=1), store=store)


def test_an_answer_belongs_to_the_question_that_it_follows():
    life = Life()
    asked(life, T0)
    asked(life, T0 + 2 * DAY)
    answered(life, T0 + 2 * DAY + HOUR, "9")
    found = told(life)["visit"]
    assert (found["asked"], found["answered"], found["scores"]["9"]) == (2, 1, 1)


def test_a_span_holds_what_was_asked_in_it_whenever_it_was_answered():
    life = Life()
    asked(life, T0)
    answered(life, T0 + HOUR, "8")
    assert told(life, until=T0 + 1)["visit"]["answered"] == 1
    assert told(life, since=T0 + 1) == {}


def test_stores_are_where_people_were_last_before_they_were_asked():
    life = Life()
    bought(life, "a", T0 - DAY, "hoek")
    bought(life, "b", T0 - HOUR, "dok-noord")
    bought(life, "c", T0 + HOUR, "hoek")
    asked(life, T0)
    answered(life, T0 + 2 * HOUR, "7")
    assert told(life)["visit"]["by_store"].keys() == {"dok-noord"}
    stranger = Life()
    asked(stranger, T0)
    assert told(stranger)["visit"]["by_store"].keys() == {"-"}


def test_what_became_of_a_complaint():
    again, gone, silent = Life(), Life(), Life()
    for life in (again, gone, silent):
        asked(life, T0)
        answered(life, T0 + HOUR, "3")
        bought(life, "before", T0 - HOUR)
    again.tell(
        Line(
            kind=Told.NOTICE,
            became=Arm.SENT,
            merchant="m",
            customer="c",
            at=T0 + HOUR,
            rule="call",
            occasion="answered:visit:r1",
            staff="ann",
        )
    )
    bought(again, "after", T0 + DAY)
    asked(again, T0 + 2 * DAY)
    answered(again, T0 + 2 * DAY + HOUR, "9")
    gone.stops.append((T0 + 2 * HOUR, True))
    those = told(again, gone, silent)["visit"]["complaints"]
    assert those == {"complained": 3, "told": 1, "again": 1, "better": 1, "stopped": 1}


def test_an_option_that_looks_like_a_score_is_none():
    life = Life()
    asked(life, T0, "ask_bread")
    answered(life, T0 + HOUR, "9", "bread")
    found = told(life)["bread"]
    assert (found["options"], found["scores"], found["complaints"]["complained"]) == ({"9": 1}, {}, 0)


def test_a_free_text_is_an_answer_without_a_score():
    life = Life()
    asked(life, T0)
    answered(life, T0 + HOUR, "")
    found = told(life)["visit"]
    assert (found["answered"], found["mean"]) == (1, None)


def test_an_answer_to_what_no_message_asked_counts_once():
    life = Life()
    answered(life, T0, "10")
    found = told(life)["visit"]
    assert (found["asked"], found["answered"]) == (1, 1)


def test_staff_were_told_of_a_complaint_however_often_their_rule_fires():
    life = Life()
    asked(life, T0)
    answered(life, T0 + HOUR, "3")
    line = Line(
        kind=Told.NOTICE, became=Arm.SENT, merchant="m", customer="c", at=T0 + HOUR, rule="call", staff="eva",
        occasion="day:20729", cause="answered:visit:m1",
    )  # fmt: skip
    life.tell(line)
    assert told(life)["visit"]["complaints"]["told"] == 1
    other = Life()
    asked(other, T0)
    answered(other, T0 + HOUR, "3")
    other.tell(msgspec.structs.replace(line, cause="t1"))
    assert told(other)["visit"]["complaints"]["told"] == 0

"""An answer is read by its button, its number or a word, in four languages; what may mean two things means none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.questions import AnswerKind, Question, read_answer, read_answers

SCORE = Question("visit", "how", AnswerKind.SCORE)
OPTIONS = Question(
    "bread", "what", AnswerKind.OPTION, {"rye": ("rogge", "seigle", "Roggen"), "wheat": ("tarwe", "blé", "Weizen")}
)
TEXT = Question("why", "why", AnswerKind.TEXT)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("8", "8"), (" 8 ", "8"), ("8!", "8"), ("8 🙂", "8"), ("een 8", "8"), ("Ik geef een 9", "9"), ("8/10", "8"),
        ("10/10", "10"), ("10", "10"), ("0", "0"), ("acht", "8"), ("Zehn", "10"), ("neuf", "9"), ("cinq", "5"),
        ("fünf", "5"), ("ten", "10"), ("een", "1"), ("un", "1"), ("\uff18", "8"), ("٨", "8"), ("\u202b8\u202c", "8"),
        ("08", "8"), ("een acht", "8"), ("8 punten", "8"), ("8 op 10", None), ("7 of 8", None), ("7-8", None),
        ("8,5", None), ("8.5", None), ("-1", None), ("11", None), ("100", None), ("9999999999999999999999", None), ("", None),
        ("brood", None), ("8 broden besteld", None), ("om 8 uur?", None), ("²", "2"), ("a" * 5_000, None), ("8" * 4_096, None),
    ],
)  # fmt: skip
def test_a_score_is_read(text, score):
    assert read_answer(SCORE, text) == score


@pytest.mark.parametrize(
    ("text", "button", "option"),
    [
        ("1", "", "rye"), ("2", "", "wheat"), ("3", "", None), ("0", "", None), ("rogge", "", "rye"), ("ROGGEN!", "", "rye"),
        ("blé", "", "wheat"), ("ble", "", "wheat"), ("graag tarwe aub", "", "wheat"), ("rogge of tarwe", "", None),
        ("roggebrood", "", None), ("anything", "wheat", "wheat"), ("", "rye", "rye"), ("rye", "other", None), ("", "", None),
    ],
)  # fmt: skip
def test_an_option_is_read(text, button, option):
    assert read_answer(OPTIONS, text, button) == option


def test_a_text_is_never_taken_off_the_door():
    assert read_answer(TEXT, "Het was heerlijk, Piet") is None
    assert read_answers({"visit": SCORE, "bread": OPTIONS, "why": TEXT}, "2") == {"visit": "2", "bread": "wheat"}


@given(st.text(max_size=300), st.text(max_size=30))
def test_whatever_is_written_has_a_reading_of_few_words(text, button):
    for question in (SCORE, OPTIONS, TEXT):
        assert read_answer(question, text, button) in {None, "rye", "wheat", *map(str, range(11))}

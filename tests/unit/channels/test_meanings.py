"""What a reply means to a shop with topics and codes of its own: right in all of three hundred texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.keywords import read_keyword, words_of
from channels.meanings import Meaning, read_meaning
from channels.model import Keyword
from stamgast.domain.topics import Topic
from tests.labelled_replies import labelled

TOPICS = {
    "news": Topic(
        "news",
        {"nl": ("nieuws", "nieuwsbrief"), "fr": ("actus",), "de": ("Neuigkeiten",), "en": ("news",)},
        "marketing",
    ),
    "workshops": Topic(
        "workshops",
        {"nl": ("workshops", "workshop"), "fr": ("ateliers",), "de": ("Kurse",), "en": ("workshops",)},
        templates=frozenset({"course"}),
    ),
}
CODES = frozenset({"korenmarkt", "brood1"})


def read(text: str) -> Meaning:
    return read_meaning(text, read_keyword(text), TOPICS, CODES)


@pytest.mark.parametrize(("text", "means"), labelled())
def test_each_text_means_what_people_said_it_means(text: str, means: str):
    found = read(text)
    assert " ".join(filter(None, (found.keyword.value, *found.topics, found.code))) == means


def test_there_are_three_hundred_of_them_and_half_are_near_misses():
    texts = labelled()
    assert len(texts) == len({text for text, _ in texts}) == 300
    assert sum(means == "none" for _, means in texts) >= 150


@pytest.mark.parametrize(
    ("text", "language"), [("meedoen brood1", "nl"), ("JOIN brood1", ""), ("rejoindre brood1", "fr")]
)
def test_the_word_says_the_language_of_whoever_joins(text: str, language: str):
    assert read(text).language == language


def test_without_topics_and_codes_nothing_of_it_means_anything_more_than_before():
    for text, means in labelled():
        plain = read_meaning(text, read_keyword(text), {})
        assert plain == Meaning(read_keyword(text))
        if means.startswith(("leave", "stop")):
            assert plain.keyword in {Keyword.STOP, Keyword.NONE}


@pytest.mark.parametrize(
    ("text", "friend"),
    [
        ("JOIN 05K7P-M4XQ9", "05K7P-M4XQ9"),
        ("meedoen o5k7p m4xq9 aub!", "05K7P-M4XQ9"),
        ("Join: 05K7PM4XQ9?", "05K7P-M4XQ9"),
        ("mitmachen 05K7P \u2013 M4XQ9", "05K7P-M4XQ9"),
        ("JOIN KORENMARKT", ""),
        ("join every night", ""),
        ("join stamgasten?", ""),
        ("JOIN 05K7P M4XQ", ""),
    ],
)
def test_who_joins_may_name_a_friends_code_however_they_type_it(text: str, friend: str):
    assert read_meaning(text, read_keyword(text), TOPICS, CODES, friends=True).friend == friend
    assert read(text).friend == ""


def test_where_friends_may_join_by_writing_all_other_texts_mean_what_they_meant():
    for text, _ in labelled():
        assert read_meaning(text, read_keyword(text), TOPICS, CODES, friends=True) == read(text)


@given(st.text(max_size=200))
def test_any_text_has_a_meaning(text: str):
    assert read(text).keyword in Keyword


@given(st.text(max_size=30), st.sampled_from(["stop", "unsubscribe", "afmelden", "désabonner", "abmelden"]))
def test_what_names_no_topic_leaves_none(beside: str, word: str):
    text = f"{word} {beside}"
    named = any(each in words_of(text) for each in ("news", "nieuws", "nieuwsbrief", "actus", "workshop", "workshops"))
    if not named:
        assert read(text).keyword is read_keyword(text)
